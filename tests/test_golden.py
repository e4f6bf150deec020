"""What the example Dags compile to, kept where a reader sees it, and judged by validators that are not ours.

``UPDATE_GOLDEN=1 python3 run.py test tests/test_golden.py`` writes the files anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import TaskGroup

from airflow_sfn_ml import asl
from airflow_sfn_ml.task_group.base import MachineGroup
from tests.validators import validate_all_with_npm

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = Path(__file__).with_name("golden")
KEPT = (ROOT / "dags" / "census_income.py", GOLDEN / "dags" / "gallery.py")
FILES = (*KEPT, ROOT / "tests" / "integration" / "dags" / "groups.py")


def groups_in(group: TaskGroup) -> Iterator[MachineGroup]:
    """Every group within *group* that runs as a state machine."""
    if isinstance(group, MachineGroup):
        yield group
    for child in group.children.values():
        if isinstance(child, TaskGroup):
            yield from groups_in(child)


def definitions(files: tuple[Path, ...]) -> dict[str, dict[str, Any]]:
    """The definition of every group of every Dag, read as Airflow reads them."""
    found: dict[str, dict[str, Any]] = {}
    for file in files:
        bag = DagBag(str(file))
        assert bag.import_errors == {}
        for dag in bag.dags.values():
            for group in groups_in(dag.task_group):
                found[f"{dag.dag_id}.{group.group_id}"] = group.definition
    return found


@pytest.fixture(scope="module")
def compiled() -> dict[str, dict[str, Any]]:
    return definitions(FILES)


def test_each_dag_compiles_to_what_is_kept():
    made = {name: json.dumps(made, indent=2, ensure_ascii=False) + "\n" for name, made in definitions(KEPT).items()}
    if os.environ.get("UPDATE_GOLDEN"):
        for name, text in made.items():
            (GOLDEN / f"{name}.json").write_text(text)
    assert {file.name.removesuffix(".json") for file in GOLDEN.glob("*.json")} == set(made)
    assert len(made) >= 31
    for name, text in made.items():
        assert text == (GOLDEN / f"{name}.json").read_text(), name


def test_our_own_rules_find_nothing(compiled: dict[str, dict[str, Any]]):
    assert {name: asl.validate(made) for name, made in compiled.items() if asl.validate(made)} == {}


def test_two_validators_that_are_not_ours_find_nothing(compiled: dict[str, dict[str, Any]]):
    found = validate_all_with_npm(list(compiled.values()))
    assert [told for told in found if any(told.values())] == []
