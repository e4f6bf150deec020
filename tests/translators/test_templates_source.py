"""The tree of an expression, written as text again, is the same tree when it is read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from jinja2 import Environment, nodes

from airflow_sfn_ml.translators.jinja.source import source_of
from tests.translators.test_templates_property import EXPRESSIONS

ENVIRONMENT = Environment()


def tree(source: str) -> Any:
    output = ENVIRONMENT.parse(f"{{{{ {source} }}}}").body[0]
    assert isinstance(output, nodes.Output)
    return output.nodes[0]


@pytest.mark.parametrize(
    "source",
    [
        "a.b['c'][0][1:2][::3][x:]",
        "f(1, *a, b=2, **c)(x)",
        "(a | default('x', true) | join).y",
        "a is divisibleby(3) and b is not none or not c",
        "-1 + -x ** 2 // 3 % (4 - 5)",
        "(-1).real ~ 'it\\'s' ~ \"a\\\\n\\n\" ~ '{{' ~ 'é'",
        "a if b else c if d else e",
        "(a if b else c) ~ (x and y) in z not in w < 3 == 2",
        "[1, (2,), (3, 4), {'a': b, c: none}, true, 1.5e10]",
        "1 if x",
        "+x",
    ],
)
def test_every_kind_of_expression_is_written(source: str):
    assert tree(source_of(tree(source))) == tree(source)


@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS)
def test_random_expressions_are_written(source: str):
    assert tree(source_of(tree(source))) == tree(source)


def test_what_is_no_expression_is_not_written():
    with pytest.raises(TypeError, match="Output is no expression"):
        source_of(ENVIRONMENT.parse("{{ x }}").body[0])
