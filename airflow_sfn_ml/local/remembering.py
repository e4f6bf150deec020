"""What moto computes anew for every request and need not: together nearly half of the time that an answer takes.

Which services there are it reads from its folder, with a look at each of its entries; which methods a service has it
collects from the class.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from airflow_sfn_ml.local.patching import Patches

patches = Patches("moto")


def _remembering() -> None:
    from moto import backends
    from moto.core import utils

    known = frozenset(backends.list_of_moto_modules())
    names = cache(utils.method_names_from_class)

    @patches.replaces("backends", "list_of_moto_modules")
    def list_of_moto_modules() -> frozenset[str]:
        return known

    @patches.replaces("core.utils", "method_names_from_class", "clazz", everywhere=True)
    def method_names_from_class(clazz: Any) -> list[str]:
        found: list[str] = names(clazz)
        return found


_remembering()
