"""A task that decides which of the tasks right after it run: what a branch operator is, in the words of the machine.

The first condition that holds names the tasks that run; what comes right after the decision and is not named is
skipped, unless it comes after something that was named too, as with Airflow's ``skip_all_except``. So nothing leaves
its place in the graph: edges stay edges, and the compiler puts a gate before each task that may not have been chosen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from airflow_sfn_ml.asl import Choice, ChoiceRule, Fail, Pass, State
from airflow_sfn_ml.asl.refs import Code, Given, Text
from airflow_sfn_ml.steps.procedure import Procedure

NOTHING_HELD = "NoConditionHolds"
"""The error of a decision without a default, none of whose conditions holds."""


@dataclass(frozen=True)
class Decision:
    """The first of *rules* whose condition holds chooses which of the tasks right after this one run.

    :param state_id: the name of the task.
    :param rules: conditions, each with the names of the tasks that run where it holds. There is at least one.
    :param otherwise: the tasks that run where no condition holds; None if the task fails then.
    :param outputs: the task's XCom, for each of the rules and at the end for *otherwise*: ids of tasks, as Airflow
        has them.
    :param labels: what a person calls each way, in the same order; empty where it has no name.
    :param complaint: what the failure says where no condition holds and *otherwise* is None.
    """

    state_id: str
    rules: tuple[tuple[Code, tuple[str, ...]], ...]
    otherwise: tuple[str, ...] | None = ()
    outputs: tuple[tuple[str, ...], ...] = ()
    labels: tuple[str, ...] = ()
    complaint: str = ""

    @property
    def request(self) -> dict[str, Any]:
        """What may hold symbols: the conditions."""
        return {"conditions": [condition for condition, _ in self.rules]}

    def with_request(self, request: Mapping[str, Any]) -> Decision:
        """The same decision with other conditions."""
        pairs = zip(request["conditions"], self.rules, strict=True)
        return replace(self, rules=tuple((_kept(condition), names) for condition, (_, names) in pairs))

    @property
    def procedure(self) -> Procedure:
        """The states that decide: a Choice, and for each way a state that tells ``{"chosen": names, "output": XCom}``.

        They are a branch, since a Choice cannot catch: a condition that cannot be evaluated fails the task, as in
        Airflow, and not the machine.
        """
        ways = [self._way(position) for position in range(len(self.rules))]
        last = self._last()
        choices = tuple(
            ChoiceRule(
                {
                    "Condition": condition,
                    "Next": way.name,
                    **({"Comment": self._label(position)} if self._label(position) else {}),
                }
            )
            for position, ((condition, _), way) in enumerate(zip(self.rules, ways, strict=True))
        )
        return Procedure(self.state_id, (Choice("choose", choices=choices, default=last.name), *ways, last))

    def _way(self, position: int) -> State:
        names = self.rules[position][1] if position < len(self.rules) else self.otherwise or ()
        output = self.outputs[position] if position < len(self.outputs) else names
        title = "otherwise" if position == len(self.rules) else f"rule {position + 1}"
        label = self._label(position)
        told = {"chosen": list(names), "output": list(output)}
        return Pass(f"{title}: {label}" if label else title, output=told)

    def _last(self) -> State:
        if self.otherwise is None:
            return Fail("otherwise", error=NOTHING_HELD, cause=self.complaint or f"{self.state_id}: no condition holds")
        return self._way(len(self.rules))

    def _label(self, position: int) -> str:
        return self.labels[position] if position < len(self.labels) else ""


def _kept(code: Code) -> Code:
    """*code* with each reference that stands alone in a text left as the value it is.

    Airflow renders ``{{ ti.xcom_pull('train')['auc'] }}`` to text, and the operator that compares turns it back into
    what it was. Without the way through text, a number keeps all its digits.
    """
    return Code(
        tuple(
            Given(part.value.parts[0])
            if isinstance(part, Given) and isinstance(part.value, Text) and len(part.value.parts) == 1
            else part
            for part in code.parts
        )
    )
