"""What a template stands for: a reference to a member, a value that Airflow renders, or text of both."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.definitions._internal.templater import create_template_env

from airflow_sfn_ml.asl.refs import WHOLE, Param, Ref, Text, refs_in
from airflow_sfn_ml.compiler.data import bind
from airflow_sfn_ml.compiler.jsonata import within
from airflow_sfn_ml.exceptions import UnsupportedTemplate
from airflow_sfn_ml.local.stepfunctions.jsonata import EvaluationError, evaluate
from airflow_sfn_ml.translators.jinja.outside import Piece
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
    code, _ = read("{{ ti.xcom_pull('g.a')['Processing'] }}", native=True)
    assert evaluated(code, a={"Processing": {"x": [1]}}) == {"x": [1]}


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
        (
            "{{ ti.xcom_pull('g.a') | urlize }}",
            "does more with the XCom of a task of this group than a state machine can: ",
        ),
        ("{{ ti.xcom_pull('g.a') | urlize }}", "the filter 'urlize' (known: abs, count"),
        ("{{ ti.xcom_pull('g.a') | urlize }}", "; do that in a task after the group, or in the job itself"),
        ("{{ ti.xcom_pull('g.a') | upper(1) }}", "the filter 'upper' with such arguments"),
        ("{{ ti.xcom_pull('g.a') | join(z=1) }}", "the filter 'join' with z"),
        ("{{ ti.xcom_pull('g.a') | round(2) }}", "the filter 'round' with a precision"),
        ("{{ ti.xcom_pull('g.a') | round(0, ds) }}", "a filter whose method is not written out"),
        ("{{ ti.xcom_pull('g.a') | int(base=16) }}", "the filter 'int' with a base"),
        ("{{ ti.xcom_pull('g.a') | int('x') }}", "the filter 'int' with a default that is no int"),
        ("{{ ti.xcom_pull('g.a') | float(1) }}", "the filter 'float' with a default that is no float"),
        ("{{ ti.xcom_pull('g.a') | tojson(indent=2) }}", "the filter 'tojson' with an indent"),
        ("{{ ti.xcom_pull('g.a') | map(attribute='a') }}", "end it with join, list, first or sum"),
        ("{{ ti.xcom_pull('g.a') | map(attribute='a') | last }}", "the filter 'last' of the result of map"),
        ("{{ ti.xcom_pull('g.a') | format(1) }}", "the filter 'format' of text that is not written out"),
        ("{{ ti.xcom_pull('g.a') | replace('x') }}", "the filter 'replace' without what to put in"),
        ("{{ ti.xcom_pull('g.a') is sameas none }}", "the test 'sameas'"),
        ("{{ ti.xcom_pull('g.a').items }}", "write ti.xcom_pull('g.a')['items']"),
        ("{{ ti.xcom_pull('g.a')['items'] | d(1) }}", "asks whether 'items' is there"),
        ("{{ ti.xcom_pull('g.a').title() }}", ".title()"),
        ("{{ ti.xcom_pull('g.a').split(sep='x') }}", ".split() with named arguments"),
        ("{{ ti.xcom_pull('g.a').strip('[') }}", ".strip('[')"),
        ("{{ ti.xcom_pull('g.a')[::2] }}", "a slice with a step"),
        ("{{ ti.xcom_pull('g.a')[params.n:] }}", "a slice whose ends are not written out"),
        ("{{ ti.xcom_pull('g.a')[1.5] }}", "[1.5]"),
        ("{{ '%x' % ti.xcom_pull('g.a') }}", "%x in '%x'"),
        ("{{ '%s %s' % ti.xcom_pull('g.a') }}", "with too few values"),
        ("{{ '%s' | format(1, ti.xcom_pull('g.a')) }}", "with too many values"),
        ("{{ '{:>9}'.format(ti.xcom_pull('g.a')) }}", "{:>9} in '{:>9}'"),
        ("{{ ds.format(ti.xcom_pull('g.a')) }}", ".format() of text that is not written out"),
        ("{{ macros.json.dumps(ti.xcom_pull('g.a'), indent=1) }}", "macros.json.dumps() with such arguments"),
        ("{{ macros.ds_add(ti.xcom_pull('g.a'), 1) }}", "macros.ds_add()"),
        ("{{ ti.xcom_pull('g.a') ** 2 }}", "Pow"),
        ("{{ (ti.xcom_pull('g.a') | round) + 1 }}", "an int for some values and a float for others"),
        ("{{ (ti.xcom_pull('g.a') | float) // 2 }}", "// with a float"),
        ("{{ {ds: ti.xcom_pull('g.a')} }}", "a dict whose keys are not written out"),
        ("{{ ti.xcom_pull(['g.a', 'g.b']) }}", "makes text of a list or an object, as Python writes it"),
        ("{{ ti.xcom_pull(task_ids=params.t) }}", "must be written out"),
        ("{{ ti.xcom_pull(key='x') }}", "needs the task's id"),
        ("{{ ti.xcom_pull('g.a', key='x') }}", "pushes no XCom 'x'; its result is in 'return_value', the default"),
        ("{{ ti.xcom_pull('g.a', include_prior_dates=true) }}", "from earlier runs (include_prior_dates)"),
        ("{{ ti.xcom_pull('g.a', map_indexes=2) }}", "pulls one index of a task of the group"),
        ("{{ ti.xcom_pull('g.a', map_indexes=-1, default=1) }}", "pulls with a default"),
        ("{{ ti.xcom_pull(*['g.a']) }}", "with * or **"),
        ("{{ dag_run.get_task_instance('g.a').xcom_pull('g.a') }}", "write ti.xcom_pull"),
        ("{% macro x() %}{{ ti.xcom_pull('g.a') }}{% endmacro %}", "that a state machine does not have (Macro)"),
        ("{% if ds %}{% set x = ti.xcom_pull('g.a') %}{% endif %}", "sets a name inside of a block"),
        ("{% for a, b in ti.xcom_pull('g.a') %}{% endfor %}", "has a loop with several names"),
        ("{% for a in ti.xcom_pull('g.a') %}{{ loop.cycle(1) }}{% endfor %}", "uses loop.cycle"),
        ("{% for a in ti.xcom_pull('g.a') recursive %}{% endfor %}", "has a recursive loop"),
        ("{{ ds", "is not valid Jinja"),
    ],
)
def test_what_cannot_be_said_is_refused_with_the_place_and_the_way_out(template: str, told: str):
    with pytest.raises(UnsupportedTemplate) as error:
        read({"A": [template]})
    assert str(error.value).startswith("t: A[0]")
    assert told in str(error.value)


def test_a_block_in_native_rendering_is_refused():
    with pytest.raises(UnsupportedTemplate, match="has a block .* and native rendering; turn one of them off"):
        read("{% if ti.xcom_pull('g.a') %}x{% endif %}", native=True)


def test_a_filter_that_the_dag_has_made_its_own_is_refused():
    def own() -> Any:
        return create_template_env(user_defined_filters={"upper": len})

    with pytest.raises(UnsupportedTemplate, match="the filter 'upper'"):
        read("{{ ti.xcom_pull('g.a') | upper }}", environment=own)


def test_a_block_without_a_member_is_airflows():
    template = "{% if params.x %}{{ ds }}{% endif %}"
    assert read(template) == (Param("t", WHOLE), {WHOLE: template})


def test_a_piece_of_both_is_split_into_what_is_known_when():
    value, params = read({"U": "{{ ds ~ '/' ~ ti.xcom_pull('g.a').k }}"})
    assert params == {"/U/parts/0": Piece("ds", text=True)}
    assert list(refs_in(value)) == [Ref("a", ("k",))]


def test_a_pull_of_several_tasks_leaves_those_outside_to_airflow():
    _, params = read("{{ ti.xcom_pull(['g.a', 'x'], key='return_value')[1] }}", native=True)
    assert params == {"/parts/0": Piece("ti.xcom_pull('x', key='return_value')")}


# What a task pushes beside its result


def pushing(**attributes: Any) -> Any:
    return lambda task_id: BaseOperator(task_id="x", **attributes)


def test_the_key_of_an_xcom_is_not_taken_for_a_part_of_it():
    with pytest.raises(
        UnsupportedTemplate, match=r"a part of it is \{\{ ti.xcom_pull\(task_ids='g.a'\)\['Processing'\]"
    ):
        read(outputs()["g.a"]["Processing"])


def test_a_task_with_multiple_outputs_pushes_each_key():
    own = pushing(multiple_outputs=True)
    assert read(outputs()["g.a"]["Processing"], operator=own)[0] == Ref("a", ("Processing",))
    assert read("{{ ti.xcom_pull('g.a', key='P') }}", operator=own)[0] == Text((Ref("a", ("P",)),))


def test_a_key_that_an_operator_pushes_with_its_result_is_the_result():
    run = GlueJobOperator(task_id="x", script_location="s3://b/x.py")
    assert read("{{ ti.xcom_pull('g.a', key='glue_job_run_id') }}", operator=lambda _: run)[0] == Text((Ref("a"),))


def test_a_task_that_pushes_nothing_is_refused():
    with pytest.raises(UnsupportedTemplate, match=r"g.a, which pushes none \(do_xcom_push=False\)"):
        read("{{ ti.xcom_pull('g.a') }}", operator=pushing(do_xcom_push=False))


# .map, .zip, .concat


def evaluated(code: Any, **variables: Any) -> Any:
    return evaluate(within(bind("t", code, {name: name for name in variables})), variables)


def test_zip_gives_the_pairs_up_to_the_shortest():
    with DAG("d"):
        a, b = (BaseOperator(task_id=name).output for name in ("g.a", "g.b"))
        code, _ = read(a.zip(b))
    assert evaluated(code, a=[1, [2], 3], b=["x", "y"]) == [[1, "x"], [[2], "y"]]
    assert evaluated(code, a=[1], b=["x"]) == [[1, "x"]]
    assert evaluated(code, a=[], b=["x"]) == []
    with pytest.raises(EvaluationError, match="t: the request: number is no list"):
        evaluated(code, a=5, b=[])


def test_concat_gives_one_list():
    with DAG("d"):
        a, b = (BaseOperator(task_id=name).output for name in ("g.a", "g.b"))
        code, _ = read(a.concat(b))
    assert evaluated(code, a=[1, [2]], b=[]) == [1, [2]]
    assert evaluated(code, a=[], b=[[3]]) == [[3]]


def test_zip_leaves_what_is_outside_to_airflow():
    with DAG("d"):
        a, outside = (BaseOperator(task_id=name).output for name in ("g.a", "outside"))
        _, params = read({"X": a.zip(outside)})
    assert list(params) == ["/X/1"]


def test_map_and_a_fillvalue_are_refused():
    output = outputs()["g.a"]
    for value in (output.map(str), output.zip(output, fillvalue=0)):
        with pytest.raises(UnsupportedTemplate, match="cannot run in the state machine; use them in a task after"):
            read(value)


# Files


def test_a_file_name_of_a_template_extension_is_airflows():
    assert read("query.json", template_ext=(".json",))[0] == Param("t", WHOLE)


def test_a_file_that_pulls_from_a_member_is_read_at_parse(tmp_path: Any):
    (tmp_path / "query.sql").write_text("select '{{ ti.xcom_pull('g.a') }}' -- {{ ds }}\n")
    (tmp_path / "other.sql").write_text("select '{{ ds }}'\n")

    def searching() -> Any:
        return create_template_env(searchpath=[str(tmp_path)])

    value, params = read({"Q": "query.sql"}, template_ext=(".sql",), environment=searching)
    assert value == {"Q": Text(("select '", Ref("a"), "' -- ", Param("t", "/Q/3")))}
    assert params == {"/Q/3": "{{ ds }}"}
    value, params = read({"Q": "other.sql"}, template_ext=(".sql",), environment=searching)
    assert value == {"Q": Param("t", "/Q")}
    assert params == {"/Q": "other.sql"}


def test_an_object_that_is_not_json_is_refused_by_name():
    with pytest.raises(UnsupportedTemplate, match="t: A is a object, which is neither JSON nor an Airflow value"):
        read({"A": object()})
