from __future__ import annotations

from typing import Any

import pytest

from airflow_sfn_ml.pictures.rules import caption, edge_caption


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"Variable": "$.auc", "NumericGreaterThanEquals": 0.8}, "auc ≥ 0.8"),
        ({"Variable": "$.a.b", "StringEquals": "x"}, "a.b = x"),
        ({"Variable": "$.a", "BooleanEquals": True}, "a = true"),
        ({"Variable": "$.a", "NumericLessThanPath": "$.limit"}, "a < limit"),
        ({"Variable": "$$.Execution.Name", "StringMatches": "nightly-*"}, "$$.Execution.Name like nightly-*"),
        ({"Variable": "$name", "StringLessThanEquals": "m"}, "$name ≤ m"),
        ({"Variable": "$.a", "IsPresent": False}, "a is not present"),
        ({"Variable": "$.a", "IsNumeric": True}, "a is a number"),
        ({"Not": {"Variable": "$.a", "IsNull": True}}, "not a is null"),
        (
            {"And": [{"Variable": "$.a", "NumericGreaterThan": 1}, {"Variable": "$.b", "StringEquals": "x"}]},
            "a > 1 and b = x",
        ),
        (
            {
                "Or": [
                    {"And": [{"Variable": "$.a", "IsNull": True}, {"Variable": "$.b", "IsNull": True}]},
                    {"Variable": "$.c", "IsNull": True},
                ]
            },
            "(a is null and b is null) or c is null",
        ),
        ({"Condition": "{% $states.input.auc >= 0.8 %}"}, "auc ≥ 0.8"),
        ({"Condition": "{% $x != 'a >= b  c' \n and $y %}"}, "$x ≠ 'a >= b c' and $y"),
        ({"Condition": True}, "true"),
        ({"Variable": "$.a"}, "a"),
        ({"Variable": None, "NumericEquals": None}, "null = null"),
        ({}, ""),
    ],
)
def test_a_rule_in_a_few_words(rule: dict[str, Any], words: str) -> None:
    assert caption(rule) == words


def test_an_edge_is_called_what_its_author_calls_it():
    rule = {"Condition": "{% $a > 1 %}", "Comment": "good"}
    assert edge_caption(rule) == "good"
    assert edge_caption({**rule, "Comment": ""}) == caption(rule)
