"""The syntax of JSONPath and intrinsic functions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_sfn_ml.asl.jsonpath import intrinsic, is_reference, path_fault, variable_of
from tests.asl.corpus import accepted, needs_corpus, recorded

PATHS = [
    "$",
    "$$",
    "$.a",
    "$$.Execution.Id",
    "$.a.b-c[0]['d e'].f",
    "$x",
    "$x.y[0]",
    "$.a[*].b",
    "$..a",
    "$.a[1:5]",
    "$.a[:1]",
    "$.a[-1:]",
    "$.a[0,1]",
    "$['a','b']",
    '$["a"]',
    "$.*",
    "$.[0]",
    "$.a[?(@.x == 'a]b' && @.y[0] > 1)].z",
    "$.ä信.b",
    " $.a ",
    "$.a['it\\'s']",
    "$.a[ 0 ]",
    "$.length()",
    "$[*]",
    "$.@type",
]
NO_PATHS = [
    "",
    "a",
    ".a",
    "$.",
    "$.a.",
    "$..",
    "$.a[",
    "$.a]",
    "$.a[]",
    "$.a[b]",
    "$.a['b]",
    "$.a b",
    "$.a[?(@.x]",
    "a.$",
    "$.a['b'",
]
CALLS = [
    "States.UUID()",
    "States.Array()",
    "States.Array('a', 1, -1.5, true, null, $.a, $$.b, $x)",
    "States.Format('Hi \\'{}\\' \\{ {}', $.a[0], States.ArrayGetItem($.b['c d'], 0))",
    "States.MathAdd(States.ArrayLength($.a), -1)",
    "States.StringSplit('a\nb', '\n')",
    "States.JsonMerge($x, $y.z, false)",
    'States.StringToJson(\'{"a": "\\""}\')',
    " States.UUID() ",
    "States.Array( 1 , 2 )",
    "States.ArrayContains($.a[?(@.b=='x')], 1)",
]
NO_CALLS = [
    "States.Foo()",
    "States.UUID",
    "States.UUID(",
    "States.UUID())",
    "States.Array(1,)",
    "States.Array(,1)",
    "States.Array(1 2)",
    "States.Array(a)",
    "States.Array('a)",
    'States.Array("a")',
    "States.Array($.)",
    "States.Array(States.Foo())",
    "States.array()",
]


@pytest.mark.parametrize("text", PATHS)
def test_a_path_is_read(text: str) -> None:
    assert path_fault(text) is None


@pytest.mark.parametrize("text", NO_PATHS)
def test_what_is_no_path_has_a_fault(text: str) -> None:
    assert path_fault(text)


@pytest.mark.parametrize("text", CALLS)
def test_a_call_is_read(text: str) -> None:
    assert intrinsic(text).fault is None


@pytest.mark.parametrize("text", NO_CALLS)
def test_what_is_no_call_has_a_fault(text: str) -> None:
    assert intrinsic(text).fault


def test_a_call_tells_its_parts() -> None:
    call = intrinsic("States.Format('{}', States.ArrayGetItem($x.y, 0), $.z)")
    assert call.calls == [("ArrayGetItem", 2), ("Format", 3)]
    assert call.paths == ["$x.y", "$.z"]
    assert call.depth == 2


@pytest.mark.parametrize("text", ["$", "$.a", "$.a[0].b['c d']", "$x.y", "$$.Execution.Id", "$.[0]"])
def test_a_reference_names_one_node(text: str) -> None:
    assert is_reference(text)


@pytest.mark.parametrize("text", ["$..a", "$.a[*]", "$.a[0:1]", "$.a[0,1]", "$.*", "$.a[?(@.b)]", "$.a.length()"])
def test_what_may_name_several_is_no_reference(text: str) -> None:
    assert not is_reference(text)


@pytest.mark.parametrize(
    ("text", "name"), [("$x.y", "x"), ("$_a1", "_a1"), ("$", None), ("$.x", None), ("$$.x", None), ("$[0]", None)]
)
def test_a_variable_is_told_from_the_input(text: str, name: str | None) -> None:
    assert variable_of(text) == name


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    assert path_fault(text) is None or path_fault(text)
    assert intrinsic("States." + text) is not None


@needs_corpus
def test_every_path_recorded_from_aws_is_read() -> None:
    found = set(_paths([*accepted(), *recorded()]))
    assert len(found) > 150
    assert {text: path_fault(text) for text in found if path_fault(text)} == {}


def _paths(value: Any, key: str = "") -> list[str]:
    if isinstance(value, str):
        return [value] if key.endswith((".$", "Path")) and value.startswith("$") else []
    pairs = (
        value.items() if isinstance(value, dict) else ((key, part) for part in value) if isinstance(value, list) else ()
    )
    return [text for inner, part in pairs for text in _paths(part, inner)]
