"""A task that chooses which of the tasks right after it run.

It leads on to one and the same state whatever it chose: what was not chosen is passed over by its gate, so that tasks
which come after several ways need no copy of themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from airflow_sfn_ml.asl import Choice, ChoiceRule, Parallel, Pass, StateMachine
from airflow_sfn_ml.compiler.data import bind
from airflow_sfn_ml.compiler.gates import ALWAYS, assigning
from airflow_sfn_ml.compiler.graph import Node
from airflow_sfn_ml.compiler.linking import FOLLOWING
from airflow_sfn_ml.compiler.names import state_name
from airflow_sfn_ml.steps.decision import Decision, Way

OUTPUT, CHOICE = "output", "choice"


def decision_branch(node: Node, decision: Decision, visible: Mapping[str, str]) -> Parallel:
    """*decision* in a branch of its own, since a Choice cannot catch; its result is ``[{"output", "choice"}]``."""
    *conditional, otherwise = ways = [_bound(node, way, visible) for way in decision.ways]
    names = [state_name(f"{node.name}: {way.label or f'way {number}'}") for number, way in enumerate(ways, 1)]
    if len(set(names)) < len(names):
        names = [state_name(f"{node.name}: way {number}") for number in range(1, len(ways) + 1)]
    rules = tuple(
        ChoiceRule({"Condition": way.condition, **_comment(way), "Next": name})
        for way, name in zip(conditional, names, strict=False)
    )
    passes = tuple(Pass(name, output=_answer(way)) for way, name in zip((*conditional, otherwise), names, strict=True))
    choose = Choice(state_name(f"{node.name}: choose"), choices=rules, default=names[-1])
    branch = StateMachine(choose.name, (choose, *passes))
    return Parallel(node.name, arguments={}, branches=(branch,), comment=node.comment)


def decision_choice(
    node: Node, decision: Decision, visible: Mapping[str, str], kept: Mapping[str, Any], keys: Mapping[str, str]
) -> Choice:
    """*decision* as a Choice.

    :param kept: what is kept in variables whichever way is taken.
    :param keys: the variables for ``output`` and ``choice``, where something reads them.
    """
    rules: list[ChoiceRule] = []
    for way in (_bound(node, way, visible) for way in decision.ways):
        answer = _answer(way)
        assign = {**kept, **{variable: answer[name] for name, variable in keys.items()}}
        condition = ALWAYS if way.condition is None else way.condition
        rules.append(
            ChoiceRule(
                {
                    "Condition": condition,
                    **_comment(way),
                    "Next": FOLLOWING,
                    **assigning(assign),
                    "Output": way.output,
                }
            )
        )
    return Choice(node.name, choices=tuple(rules), comment=node.comment)


def _bound(node: Node, way: Way, visible: Mapping[str, str]) -> Way:
    return replace(way, condition=bind(node.name, way.condition, visible), output=bind(node.name, way.output, visible))


def _answer(way: Way) -> dict[str, Any]:
    return {OUTPUT: way.output, CHOICE: list(way.follows)}


def _comment(way: Way) -> dict[str, str]:
    return {"Comment": way.label} if way.label else {}
