"""What a template stands for: a reference to a member, a value that Airflow renders, or text of both."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator

from airflow_sfn_ml.asl.refs import WHOLE, Param, Ref, Text
from airflow_sfn_ml.exceptions import UnsupportedTemplate
from airflow_sfn_ml.translators.templates import Reading

MEMBERS = {"g.a": "a", "g.b": "b"}


def read(value: Any, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
    reading = Reading("t", MEMBERS, dag_id="d", **kwargs)
    return reading.read(value), reading.params


def outputs() -> dict[str, Any]:
    with DAG("d"):
        return {name: BaseOperator(task_id=name).output for name in ("g.a", "outside")}


def test_plain_json_stays_as_it_is():
    assert read({"A": ["x", 1, True, None, 2.5]}) == ({"A": ["x", 1, True, None, 2.5]}, {})


def test_a_template_is_rendered_by_airflow_under_its_pointer():
    value, params = read({"A": [{"B/C": "s3://{{ params.bucket }}/{{ ds }}"}]})
    assert value == {"A": [{"B/C": Param("t", "/A/0/B~1C")}]}
    assert params == {"/A/0/B~1C": "s3://{{ params.bucket }}/{{ ds }}"}


@pytest.mark.parametrize(
    "template",
    [
        "{{ ti.xcom_pull(task_ids='g.a')['Processing']['Outputs'][0] }}",
        "{{ ti.xcom_pull('g.a').Processing.Outputs[0] }}",
        "{{ task_instance.xcom_pull(task_ids='g.a', key='return_value')['Processing'].Outputs[0] }}",
        "{{task_instance.xcom_pull(task_ids='g.a', dag_id='d', key='return_value').Processing['Outputs'][0]}}",
        "{{ ti.xcom_pull(task_ids=['g.a'][0])['Processing']['Outputs'][0] }}",
    ],
)
def test_a_pull_from_a_member_is_a_reference(template: str):
    assert read(template) == (Text((Ref("a", ("Processing", "Outputs", 0)),)), {})


def test_with_native_rendering_the_reference_keeps_its_type():
    assert read("{{ ti.xcom_pull('g.a')['Processing'] }}", native=True) == (Ref("a", ("Processing",)), {})


def test_text_is_cut_into_what_is_known_when():
    value, params = read({"U": "s3://{{ params.b }}/{{ ti.xcom_pull('g.a').Name }}/{{ ds }}"})
    assert value == {"U": Text(("s3://", Param("t", "/U/1"), "/", Ref("a", ("Name",)), "/", Param("t", "/U/5")))}
    assert params == {"/U/1": "{{ params.b }}", "/U/5": "{{ ds }}"}


def test_a_pull_from_outside_is_airflows():
    template = "{{ ti.xcom_pull(task_ids='outside')['x'] | upper }}"
    assert read(template) == (Param("t", WHOLE), {WHOLE: template})


def test_a_pull_from_another_dag_is_airflows():
    template = "{{ ti.xcom_pull(task_ids='g.a', dag_id='other') }}"
    assert read(template) == (Param("t", WHOLE), {WHOLE: template})


def test_the_output_of_a_member_is_a_reference_and_that_of_an_outside_task_is_airflows():
    output = outputs()
    assert read(output["g.a"]) == (Ref("a"), {})
    assert read(output["outside"])[0] == Param("t", WHOLE)


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{{ ti.xcom_pull('g.a')['n'] + 1 }}", "does more with the XCom of a task of this group than selecting"),
        ("{{ ti.xcom_pull('g.a') | tojson }}", "does more with the XCom"),
        ("{{ ti.xcom_pull(['g.a', 'g.b']) }}", "pull them one by one"),
        ("{{ ti.xcom_pull(task_ids=params.t) }}", "must be written out"),
        ("{{ ti.xcom_pull(key='x') }}", "needs the task's id"),
        ("{{ ti.xcom_pull('g.a', key='x') }}", "pushes no XCom 'x'"),
        ("{% if ti.xcom_pull('g.a') %}x{% endif %}", "inside of a {% %} block"),
        ("{{ ds", "is not valid Jinja"),
    ],
)
def test_what_cannot_be_said_is_refused_with_the_place_and_the_way_out(template: str, told: str):
    with pytest.raises(UnsupportedTemplate) as error:
        read({"A": [template]})
    assert str(error.value).startswith("t: A[0]")
    assert told in str(error.value)


def test_a_block_without_a_member_is_airflows():
    template = "{% if params.x %}{{ ds }}{% endif %}"
    assert read(template) == (Param("t", WHOLE), {WHOLE: template})


def test_the_key_of_an_xcom_is_not_taken_for_a_part_of_it():
    with pytest.raises(UnsupportedTemplate, match=r"for a part of it write \{\{ ti.xcom_pull"):
        read(outputs()["g.a"]["Processing"])


def test_a_transformed_output_is_refused():
    with pytest.raises(UnsupportedTemplate, match="after the group"):
        read(outputs()["g.a"].map(str))


def test_an_object_that_is_not_json_is_refused_by_name():
    with pytest.raises(UnsupportedTemplate, match="t: A is a object, which is neither JSON nor an Airflow value"):
        read({"A": object()})


def test_a_file_name_of_a_template_extension_is_airflows():
    assert read("query.json", template_ext=(".json",))[0] == Param("t", WHOLE)
