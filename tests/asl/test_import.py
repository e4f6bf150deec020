"""The language is cheap to import and needs nothing but Python."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = str(Path(__file__).parents[2])


def answer(code: str) -> object:
    """What *code* prints as JSON in an interpreter that has nothing loaded yet."""
    setup = f"import json, sys; sys.path.insert(0, {ROOT!r})"
    done = subprocess.run([sys.executable, "-I", "-c", f"{setup}\n{code}"], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def test_only_the_standard_library_is_loaded() -> None:
    loaded = "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    before = set(_words(answer(loaded)))
    after = set(_words(answer(f"import airflow_sfn_ml.asl.validation\n{loaded}")))
    assert after - before - set(sys.stdlib_module_names) == {"airflow_sfn_ml"}


def test_the_rules_are_loaded_only_when_they_are_asked_for() -> None:
    code = "from airflow_sfn_ml import asl\nrules = 'airflow_sfn_ml.asl.validation'\nfound = [rules in sys.modules]"
    assert answer(f"{code}\nasl.validate({{}})\nprint(json.dumps([*found, rules in sys.modules]))") == [False, True]


def test_the_names_survive_an_import_of_the_modules_behind_them() -> None:
    """Python sets a package's attribute to the submodule that it has just loaded."""
    modules = ", ".join(f"airflow_sfn_ml.asl.{name}" for name in ("parse", "render", "digest", "validation.flow"))
    kinds = "[type(getattr(asl, name)).__name__ for name in ('parse', 'render', 'digest', 'validate')]"
    assert answer(f"import {modules}\nfrom airflow_sfn_ml import asl\nprint(json.dumps({kinds}))") == ["function"] * 4


def _words(value: object) -> list[str]:
    assert isinstance(value, list)
    return value
