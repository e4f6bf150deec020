"""What comes from outside of the group is rendered when the execution starts, with the context of a real run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerProcessingOperator
from airflow.sdk import DAG, BaseOperator, ObjectStoragePath

from airflow_sfn_ml import StateMachineTaskGroup
from airflow_sfn_ml.exceptions import CompileError
from tests.operators.running import running_context
from tests.operators.test_start import ROLE, config

CONNECTION = {"conn_type": "aws", "host": "h", "login": "l", "schema": "s", "port": 5, "extra": {"region": "eu"}}


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_C", json.dumps(CONNECTION))
    monkeypatch.setenv("AIRFLOW_VAR_V", "of a variable")
    monkeypatch.setenv("AIRFLOW_VAR_J", json.dumps({"a": [1, {"b": "deep"}]}))


def rendered(value: Any, *, conf: Any = None, scheduled: bool = True, **dag: Any) -> dict[str, Any]:
    """The values of a job whose environment has *value*."""
    with DAG("d", params={"p": "x", "n": 3}, **dag) as made, StateMachineTaskGroup("g", role_arn=ROLE) as group:
        first = SageMakerProcessingOperator(task_id="first", config=config())
        given = value(made) if callable(value) else value
        first >> SageMakerProcessingOperator(task_id="a", config=config(Environment={"X": given}))
    told = group.rendered(running_context(made.get_task("g.start"), scheduled=scheduled, conf=conf))
    return told.get("a", {})


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("{{ ds }}", "2026-11-24"),
        ("{{ ds_nodash }} {{ ts }}", "20261124 2026-11-24T00:00:00+00:00"),
        ("{{ data_interval_start | ds }}/{{ logical_date.year }}", "2026-11-24/2026"),
        ("{{ data_interval_end }}", "2026-11-24 00:00:00+00:00"),
        ("{{ params.p }}{{ params.n + 1 }}", "x4"),
        ("{{ dag_run.conf['k'] }} {{ dag_run.run_id }} {{ run_id }}", "v run run"),
        ("{{ var.value.v }} {{ var.value.get('none', 'd') }}", "of a variable d"),
        ("{{ var.json.j.a[1].b }}", "deep"),
        ("{{ conn.c.host }}:{{ conn.c.port }}/{{ conn.c.schema }} {{ conn.c.extra_dejson.region }}", "h:5/s eu"),
        ("{{ macros.ds_add(ds, 1) }} {{ macros.datetime(2026, 1, 2).day }}", "2026-11-25 2"),
        ("{{ task.task_id }} {{ ti.task_id }} {{ dag.dag_id }}", "g.a g.a d"),
        ("{% if params.n > 2 %}{{ ds }}{% endif %}{% for i in range(2) %}{{ i }}{% endfor %}", "2026-11-2401"),
    ],
)
def test_everything_that_airflow_offers_is_rendered(template: str, wanted: str):
    assert rendered(template, conf={"k": "v"}) == {"/Environment/X": wanted}


def test_macros_and_filters_of_the_user_are_there():
    own: dict[str, Any] = {
        "user_defined_macros": {"twice": lambda x: x * 2},
        "user_defined_filters": {"loud": lambda x: x.upper() + "!"},
    }
    assert rendered("{{ twice('ab') | loud }}", **own) == {"/Environment/X": "ABAB!"}


def test_a_piece_beside_an_xcom_of_the_group_is_rendered_with_them_too():
    own: dict[str, Any] = {"user_defined_macros": {"twice": lambda x: x * 2}}
    pull = "ti.xcom_pull('g.first')['Processing']['ProcessingJobName']"
    assert rendered(f"{{{{ twice(ds) ~ {pull} ~ var.value.v }}}}-{{{{ conn.c.host }}}}", **own) == {
        "/Environment/X/parts/0": "2026-11-242026-11-24",
        "/Environment/X/parts/1": "of a variable",
        "/Environment/X/2": "h",
    }


def test_a_value_that_is_computed_with_an_xcom_of_the_group_keeps_its_type():
    pull = "ti.xcom_pull('g.first')['Processing']"
    assert rendered(
        f"{{{{ {pull}.n + params.n }}}} {{{{ {pull}[params.p] }}}} {{{{ var.json.j.a[0] in {pull}.l }}}}"
    ) == {
        "/Environment/X/parts/0": 3,
        "/Environment/X/parts/1": "x",
        "/Environment/X/parts/2": 1,
    }


def test_what_is_no_json_cannot_be_computed_with():
    pull = "ti.xcom_pull('g.first')['Processing']"
    with pytest.raises(CompileError, match=r"g\.a: its templates cannot be rendered: TypeError: logical_date is a .*"):
        rendered(f"{{{{ logical_date == {pull} }}}}")
    with pytest.raises(CompileError, match=r"params.n \* \(1.0\) is 3.0, a whole float"):
        rendered(f"{{{{ params.n * 1.0 == {pull} }}}}")


def test_native_rendering_gives_types_and_text_beside_an_xcom_of_the_group():
    native = {"render_template_as_native_obj": True}
    assert rendered("{{ params.p }}", **native) == {"/Environment/X": "x"}
    pull = "ti.xcom_pull('g.first')['Processing']['ProcessingJobName']"
    assert rendered(f"{{{{ '1_0' }}}}/{{{{ {pull} }}}}", **native) == {}
    assert rendered(f"{{{{ params.n }}}}/{{{{ {pull} }}}}", **native) == {"/Environment/X/0": "3"}


def test_a_run_without_a_date_renders_what_needs_none():
    assert rendered("{{ run_id }} {{ params.p }}", scheduled=False) == {"/Environment/X": "run x"}
    assert rendered("{{ dag_run.run_after | ds }} {{ dag_run.logical_date is none }}", scheduled=False) == {
        "/Environment/X": "2026-11-24 True"
    }


def test_a_run_without_a_date_fails_by_name_where_one_is_needed():
    with pytest.raises(
        CompileError, match=r"g\.a: its templates cannot be rendered: UndefinedError: 'ds' is undefined"
    ):
        rendered("{{ ds }}", scheduled=False)


def test_a_param_of_the_dag_is_rendered():
    assert rendered(lambda dag: dag.param("p")) == {"/Environment/X": "x"}


def test_a_path_of_an_object_store_is_its_address():
    assert rendered(lambda dag: ObjectStoragePath("s3://bucket/{{ ds }}/x")) == {
        "/Environment/X": "s3://bucket/2026-11-24/x"
    }


def test_a_file_of_a_template_is_found_on_the_search_path(tmp_path: Path):
    (tmp_path / "q.sql").write_text("select '{{ ds }}'\n")
    (tmp_path / "r.sql").write_text("select '{{ ds }}' from {{ ti.xcom_pull('g.q') }}\n")
    with DAG("d", template_searchpath=[str(tmp_path)]) as dag, StateMachineTaskGroup("g", role_arn=ROLE) as group:
        q, r = (
            AthenaOperator(task_id=name, query=f"{name}.sql", database="db", output_location="s3://b/o")
            for name in "qr"
        )
        q >> r
    told = group.rendered(running_context(dag.get_task("g.start")))
    assert told["q"] == {"/query/QueryString": "select '2026-11-24'"} or "select '2026-11-24'" in told["q"].values()
    assert "2026-11-24" in told["r"].values()
    assert "$t0_q" in json.dumps(group.definition["States"]["r"])


def test_an_xcom_of_another_task_of_the_dag_waits_for_that_task():
    with DAG("d") as dag:
        outside = BaseOperator(task_id="outside")
        with StateMachineTaskGroup("g", role_arn=ROLE):
            SageMakerProcessingOperator(task_id="a", config=config(Environment={"X": outside.output}))
    assert dag.get_task("g.start").upstream_task_ids == {"outside"}
