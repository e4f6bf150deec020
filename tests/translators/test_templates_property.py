"""Random expressions over random XComs: what the state machine renders is what Airflow renders, or it refuses."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from airflow_sfn_ml.local.stepfunctions.jsonata import evaluate
from tests.translators.jinja_cases import Failed, Refused, by_jinja, by_machine

evaluate("1", {})  # jsonata-python sets the recursion limit when it is first used, which Hypothesis takes amiss
TEXT = st.text("abAB /.:-_'\"$\\<é\n", max_size=6)
NUMBERS = st.integers(-20, 20) | st.sampled_from([0.5, 2.25, -1.5, 0.1, 12.75, 1e-5, 2**53])
SCALARS = TEXT | NUMBERS | st.booleans() | st.none() | st.sampled_from(["12", "-3", "1.5", "True", "x", "a/b/c"])
KEYS = ("a", "b", "c-d", "e")
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=6,
)
XCOM = st.fixed_dictionaries({"s": TEXT, "n": NUMBERS, "l": st.lists(SCALARS, max_size=3), "a": JSON, "b": JSON})
PATHS = st.sampled_from(
    [
        "X.s",
        "X.n",
        "X.l",
        "X.a",
        "X.b",
        "X['a']",
        "X.a.a",
        "X.b['c-d']",
        "X.l[0]",
        "X.l[-1]",
        "X.a[0]",
        "X.a.b.e",
        "X.zz",
    ]
)
LITERALS = st.sampled_from(["'a'", "'/'", "1", "0", "2.5", "-3", "none", "true", "ds", "params.n", "params.l", "''"])
FILTERS = st.sampled_from(
    [
        "upper",
        "lower",
        "trim",
        "string",
        "length",
        "first",
        "last",
        "int",
        "float",
        "abs",
        "round",
        "sum",
        "list",
        "join",
        "join('-')",
        "tojson",
        "default('d')",
        "default(0,true)",
        "replace('a','B')",
        "replace('/','$1')",
        "map('string')|join",
        "map(attribute='a')|list",
        "int(3)",
    ]
)
METHODS = st.sampled_from(
    [
        "strip()",
        "rstrip('a/')",
        "split('/')",
        "split('/',1)",
        "rsplit('/',1)",
        "startswith('a')",
        "endswith('a')",
        "upper()",
        "replace('a','b')",
        "get('a')",
        "get('b','d')",
        "removeprefix('a')",
    ]
)
TESTS = st.sampled_from(
    [
        "none",
        "string",
        "number",
        "boolean",
        "mapping",
        "sequence",
        "defined",
        "undefined",
        "odd",
        "integer",
        "float",
        "true",
        "not_none",
        "iterable",
    ]
)
OPERATORS = st.sampled_from(
    ["+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", "<=", ">", ">=", "and", "or", "in", "not_in"]
)


def expressions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Larger expressions of *inner* ones."""
    return st.one_of(
        st.builds(lambda x, f: f"({x} | {f.replace('|', ' | ')})", inner, FILTERS),
        st.builds(lambda x, m: f"({x}).{m}", inner, METHODS),
        st.builds(lambda x, t: f"({x} is {t.replace('_', ' ')})", inner, TESTS),
        st.builds(lambda x, o, y: f"({x} {o.replace('_', ' ')} {y})", inner, OPERATORS, inner),
        st.builds(lambda x, c, y: f"({x} if {c} else {y})", inner, inner, inner),
        st.builds(lambda x, s: f"({x})[{s}]", inner, st.sampled_from(["0", "-1", "'a'", "1:", ":-1", "-2:"])),
        st.builds(lambda x, y: f"[{x}, {y}]", inner, inner),
        st.builds(lambda x, y: f"{{'a': {x}, 'b': {y}}}", inner, inner),
        st.builds(lambda x: f"(not {x})", inner),
        st.builds(lambda x: f"(-{x})", inner),
        st.builds(lambda x, y: f"('%s-%s' % ({x}, {y}))", inner, inner),
    )


EXPRESSIONS = st.recursive(PATHS | PATHS | LITERALS, expressions, max_leaves=5)
TEMPLATES = st.one_of(
    st.builds(lambda x: f"{{{{ {x} }}}}", EXPRESSIONS),
    st.builds(lambda x: f"{{{{ {x} }}}}", EXPRESSIONS),
    st.builds(lambda x, y: f"s/{{{{ {x} }}}}-{{{{ {y} }}}}", EXPRESSIONS, EXPRESSIONS),
    st.builds(lambda x, y: f"{{% if {x} %}}{{{{ {y} }}}}{{% else %}}z{{% endif %}}", EXPRESSIONS, EXPRESSIONS),
    st.builds(lambda x, y: f"{{% set q = {x} %}}{{{{ q ~ {y} }}}}", EXPRESSIONS, EXPRESSIONS),
    st.builds(
        lambda x, y: f"{{% for q in {x} %}}{{{{ q }}}}{{{{ loop.last }}}}{{{{ {y} }}}}{{% endfor %}}",
        PATHS,
        EXPRESSIONS,
    ),
)


def by_list_name(template: str) -> bool:
    """Whether the template may take a key of a list, where JSONata looks into the items."""
    return any(path in template for path in (".a.a", "['c-d']", ".a.b.e"))


def compare(template: str, xcom: Any, native: bool) -> None:
    """Fail where the machine makes something else of *template* than Airflow does."""
    template = template.replace("X", "ti.xcom_pull('g.a')")
    xcoms = {"g.a": xcom}
    try:
        got = by_machine(template, xcoms, native)
    except Refused:
        event("refused")
        return
    try:
        wanted = by_jinja(template, xcoms, native)
    except Failed:
        assert by_list_name(template), (template, got, "fails in Airflow")
        return
    event("equal")
    assert got == wanted, (template, got, wanted)
    assert isinstance(got, bool) == isinstance(wanted, bool), (template, got, wanted)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(TEMPLATES, XCOM)
def test_text_is_equal_or_refused(template: str, xcom: Any):
    compare(template, xcom, native=False)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(TEMPLATES, XCOM)
def test_values_are_equal_or_refused(template: str, xcom: Any):
    compare(template, xcom, native=True)
