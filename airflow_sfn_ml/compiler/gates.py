"""The state before a task that may not run: it looks at what became of others, and leads on past the task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.asl import Choice, ChoiceRule
from airflow_sfn_ml.compiler.fate import Fate
from airflow_sfn_ml.compiler.graph import Node
from airflow_sfn_ml.compiler.jsonata import expression, literal, select
from airflow_sfn_ml.compiler.linking import FOLLOWING
from airflow_sfn_ml.compiler.maps import REUSE
from airflow_sfn_ml.compiler.names import fresh, gate_name
from airflow_sfn_ml.compiler.rules import SKIPPED, SUCCESS
from airflow_sfn_ml.compiler.scope import CHOICE, OUTPUT, STATUS, Scope

ALWAYS = expression("true")
"""The last rule instead of a default. What a Choice itself assigns is assigned whichever rule holds, says one edition
of its documentation, and only with the default, say others; what a rule assigns is clear."""


def gate(fate: Fate, scope: Scope, otherwise: Mapping[str, Any], taken: set[str]) -> Choice:
    """The gate of a task.

    :param otherwise: what its variables are where it does not run, but for its status.
    """
    name = fate.node.name
    runs, status = _runs(fate, scope)
    own_status = scope.known.get((STATUS, name))
    skipped = {**otherwise, **({own_status: _value(status)} if own_status else {})}
    rules = [_reused(fate.node, scope, otherwise)] if fate.reused else []
    if runs is None:
        return Choice(fresh(gate_name(name), taken), choices=tuple(rules), default=name)
    rules += [
        ChoiceRule.when(expression(runs), name, Comment="run"),
        ChoiceRule.when(ALWAYS, FOLLOWING, Comment="pass over", **assigning(skipped)),
    ]
    return Choice(fresh(gate_name(name), taken), choices=tuple(rules))


def _value(code: str) -> str:
    """What *code* gives: the text itself where it is nothing but a literal of a status."""
    plain = code.strip("'")
    return plain if code == f"'{plain}'" and plain.replace("_", "").isalpha() else expression(code)


def assigning(values: Mapping[str, Any]) -> dict[str, Any]:
    """The field that assigns *values*, if there are any."""
    return {"Assign": dict(values)} if values else {}


def _runs(fate: Fate, scope: Scope) -> tuple[str | None, str]:
    """When the task runs, None for always, and its status where it does not."""
    by_rule = fate.runs(lambda name: scope.of(STATUS, name))
    if not fate.deciders:
        return by_rule.runs, by_rule.otherwise
    chosen = " and ".join(_is_chosen(decision, choices, fate, scope) for decision, choices in fate.deciders)
    if by_rule.runs is None:
        return chosen, f"'{SKIPPED}'"
    return f"{chosen} and {by_rule.runs}", f"$not({chosen}) ? '{SKIPPED}' : {by_rule.otherwise}"


def _is_chosen(decision: str, choices: tuple[str, ...], fate: Fate, scope: Scope) -> str:
    """Whether *decision* lets the task run; one that was not made has chosen nothing, and skips nothing."""
    names = ", ".join(literal(choice) for choice in choices)
    chosen = f"$count({scope.of(CHOICE, decision)}[$ in [{names}]]) > 0"
    if decision in fate.unsure:
        return f"({scope.of(STATUS, decision)} != '{SUCCESS}' or {chosen})"
    return chosen


def _reused(node: Node, scope: Scope, otherwise: Mapping[str, Any]) -> ChoiceRule:
    """The rule that passes over a task, or a mapped group, that an earlier execution has done."""
    done = select(REUSE, (node.name,))
    kept = dict(otherwise)
    inside = tuple((OUTPUT, inner.name, "output") for inner in node.parts)
    for kind, name, key in ((OUTPUT, node.name, "output"), (STATUS, node.name, "status"), *inside):
        own = scope.known.get((kind, name))
        if own:
            kept[own] = expression(f"{select(REUSE, (name,))}.{key}")
    return ChoiceRule.when(expression(f"$exists({done})"), FOLLOWING, Comment="done before", **assigning(kept))
