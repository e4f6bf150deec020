"""Print which module of the package registers which class, as JSON: run in an interpreter of its own."""

from __future__ import annotations

import json
import pkgutil
import sys
from importlib import import_module
from typing import Any


def main() -> None:
    """Import every module of the translators and note who registers what."""
    from airflow_sfn_ml import translators
    from airflow_sfn_ml.translators import registry, table

    found: dict[str, str] = {}
    register = registry.translates

    def recorded(path: str) -> Any:
        frame = sys._getframe(1)
        while frame.f_code.co_name != "<module>":
            assert frame.f_back is not None
            frame = frame.f_back
        found[path] = str(frame.f_globals["__name__"])
        return register(path)

    registry.translates = table.translates = recorded
    for module in pkgutil.iter_modules(translators.__path__, f"{translators.__name__}."):
        import_module(module.name)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
