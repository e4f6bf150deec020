"""The syntax of JSONata, measured against an implementation that evaluates it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonata.jsonata import Jsonata
from jsonata.parser import Parser

from airflow_sfn_ml.asl.jsonata import JsonataSyntaxError, parse, references
from airflow_sfn_ml.asl.jsonata.references import FUNCTIONS
from tests.asl.corpus import accepted, needs_corpus, recorded, refused

VALID = [
    "1",
    "-1.5e3",
    '"a\\"b"',
    "'it\\u00e9'",
    "true",
    "null",
    "$x",
    "$states.input.a.b[0].c",
    "$x[]",
    "$x[-1]",
    "$x[a = 1 and b != 'c' or d in [1..3]]",
    "$x.*",
    "$x.**.y",
    "$x.`a b`.'c'",
    "$x.(a; b)",
    '$x.{"k": v}',
    "$x{k: $sum(v)}",
    "$x^(a, >b, <c.d)",
    "$x@$y.z",
    "$x#$i[$i < 3]",
    "$x.a.%.b",
    "($a := 1; $b := $a + 2; $b)",
    "function($x, $y) { $x + $y }",
    "λ($x) { $x }",
    "function($x)<n:n> { $x }(1)",
    "()",
    "(1;)",
    "$map($x, function($v, $i, $a) { $v })",
    "$f := $substring(?, 0, 2)",
    "$x ~> $f ~> $sum()",
    "$x ? 1 : 2",
    "$x ? 1",
    "$x ? $y ? 1 : 2 : 3",
    '$x ~> |a|{"b": 1}, ["c"]|',
    "$match($x, /a[/]b\\/c/i)",
    "$x / 2 / 3",
    "[1, 2, [3]]",
    "[1..$n]",
    "[]",
    "{}",
    '{"a": {"b": [1]}}',
    "/* first */ $x /* second */ + 1",
    "$x.and",
    "and.or.in",
    "$not(a)",
    "-$x",
    "- - 1",
    "$x & ':' & $string($y)",
    "*",
    "**",
    "$",
    "$$",
    "$x.$.y",
    "$x != null",
    "$x<=2",
    "$x>=2",
    "$filter($x, function($v){$v.a=1})[0].b",
    "($x)[0]",
    "$x ?: 1",
    "$x ?? 1",
    "$x[0][1]",
    "$x.y()",
    "\t$x\r\n.y ",
]
INVALID = [
    "a[1,2)",
    '"unterminated',
    "1 +",
    '{"a":}',
    "$x :=",
    '$match("a", /abc',
    "phone %.other",
    "",
    "   ",
    "(",
    ")",
    "[1",
    "{1}",
    "$x.",
    "$x..y",
    "a b",
    "$x = ",
    "'\\x'",
    "'\\u12'",
    "`a",
    "/* open",
    "1 := 2",
    "$x@y",
    "$x#1",
    "$x ! 1",
    "function(a){1}",
    "$f(,)",
    "$f(1,)",
    "[1,]",
    '{"a":1,}',
    "$x ? : 1",
    "$x.1",
    "true.a",
    "$x.-1",
    "//",
    "~",
    "$x^a",
    "|a|",
    "function($x)",
    "=",
    "a ? b : ",
    "1..2",
]
PIECES = [
    "a",
    "$x",
    "$",
    "1",
    "-",
    "'s'",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    ":",
    "?",
    ".",
    "..",
    "+",
    "*",
    "/",
    "%",
    "=",
    "<",
    "and",
    "in",
    "~>",
    ":=",
    "&",
    "@",
    "#",
    "^(",
    "function($v){",
    "|",
    "true",
    "`q`",
    "/re/i",
    "**",
    "$f(",
]


def theirs(text: str) -> Exception | None:
    """What jsonata-python says against *text*."""
    try:
        Parser().parse(text)
    except Exception as error:
        return error
    return None


def ours(text: str) -> JsonataSyntaxError | None:
    try:
        parse(text)
    except JsonataSyntaxError as error:
        return error
    return None


@pytest.mark.parametrize("text", VALID)
def test_what_is_valid_is_read(text: str) -> None:
    assert theirs(text) is None, "the table itself is wrong"
    assert ours(text) is None


@pytest.mark.parametrize("text", INVALID)
def test_what_is_invalid_is_refused_with_its_place(text: str) -> None:
    error = ours(text)
    assert error is not None
    assert 0 <= error.position <= len(text)
    assert theirs(text) is not None, "the table itself is wrong"


@settings(max_examples=800, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=9).map(" ".join))
@example("$ * - * / 1")
def test_nothing_that_an_implementation_reads_is_refused(text: str) -> None:
    if theirs(text) is None:
        assert ours(text) is None


@settings(max_examples=500, deadline=None)
@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    error = ours(text)
    assert error is None or error.message


def expressions(value: Any) -> list[str]:
    """Every expression within *value*."""
    if isinstance(value, str):
        return [value[2:-2]] if value.startswith("{%") and value.endswith("%}") else []
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for part in parts for text in expressions(part)]


@needs_corpus
def test_every_expression_recorded_from_aws_is_read() -> None:
    everything = [*accepted(), *recorded(), *(line["definition"] for line in refused())]
    found = set(expressions(everything))
    assert len(found) > 60
    assert {text: (ours(text), theirs(text)) for text in found if ours(text) or theirs(text)} == {}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        # measured with ValidateStateMachineDefinition, see the rule's documentation
        ("phone", ("phone",)),
        ("phone[0]", ("phone",)),
        ("phone = 1", ("phone",)),
        ("aaa + bbb", ("aaa", "bbb")),
        ("$.phone", ("$",)),
        ("$$", ("$$",)),
        ("{aaa: 1}", ("aaa",)),
        ("$map($states.input.a, function($x){ b })", ("b",)),
        ("$states.input.phone", ()),
        ("$states.input.items[phone > 3]", ()),
        ("$map($states.input.a, function($x){ $x.phone })", ()),
        ("$phone", ()),
        ("$x{k: v}", ()),
        ("$x^(price)", ()),
        ("$x.(a; b)", ()),
        ("($a := b; $a)", ("b",)),
        ("[a, [b]]", ("a", "b")),
        ("a ? b : c", ("a", "b", "c")),
        ("-a", ("a",)),
        ("'text'", ()),
    ],
)
def test_names_that_nothing_precedes(text: str, names: tuple[str, ...]) -> None:
    assert references(parse(text)).top_level == names


@pytest.mark.parametrize(
    ("text", "variables", "functions", "states"),
    [
        ("$x + $sum($y)", {"x", "y"}, {"sum"}, set()),
        ("($a := $b; $a)", {"b"}, set(), set()),
        ("function($v, $i) { $v & $w }", {"w"}, set(), set()),
        ("$x#$i[$i < 2]@$j.a[$j = 1]", {"x"}, set(), set()),
        ("$f($states.input.a, $states.context.State.Name)", set(), {"f"}, {"input", "context"}),
        ("$states.result[0].x", set(), set(), {"result"}),
        ("$states", set(), set(), {""}),
        ("$states.'errorOutput'", set(), set(), {"errorOutput"}),
        ("$merge([$states.input, {'a': $q.r}])", {"q"}, {"merge"}, {"input"}),
        ("$x ~> $uppercase", {"x"}, {"uppercase"}, set()),
        ("$x ~> $uppercase()", {"x"}, {"uppercase"}, set()),
    ],
)
def test_what_an_expression_refers_to(text: str, variables: set[str], functions: set[str], states: set[str]) -> None:
    found = references(parse(text))
    assert (found.variables, found.functions, found.states) == (variables, functions, states)


def test_the_functions_are_those_of_the_implementation_and_of_step_functions() -> None:
    assert set(Jsonata.static_frame.bindings) - FUNCTIONS == {"eval", "clone"}
    assert {"partition", "range", "hash", "uuid", "parse"} <= FUNCTIONS
