"""What docs/executions.md shows is true."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization

from airflow_sfn_ml.triggers import changes, watching

DOC = (Path(__file__).parents[2] / "docs" / "executions.md").read_text()


def test_its_dags_can_be_stored(monkeypatch: pytest.MonkeyPatch):
    entered: list[Any] = []
    enter = DAG.__enter__
    monkeypatch.setattr(DAG, "__enter__", lambda dag: entered.append(dag) or enter(dag))
    names: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", DOC, re.S):
        exec(compile(code, "executions.md", "exec"), names)
    stored = {dag.dag_id: DagSerialization.from_dict(DagSerialization.to_dict(dag)) for dag in entered}
    assert {name: sorted(dag.task_ids) for name, dag in stored.items()} == {
        "score": ["report", "run"],
        "wait": ["scored", "trained"],
        "mend": ["redrive"],
        "approve": ["answer", "asked"],
        "after_training": ["publish"],
    }
    (link,) = stored["score"].get_task("run").operator_extra_links
    assert link.name == "Step Functions execution"


def test_its_limits_are_those_of_the_code():
    assert f"larger than {changes.SMALL // 1024} KiB" in DOC
    assert f"the last {watching.KEPT:,} changes" in DOC
