"""A choice as a task of a group: rules over the outputs of other tasks say which of the tasks right after it run.

It is what `Choice` is in a definition, with its words (``add_choice``, ``default_choice``) and its rules. But as a task
it goes on with everything that comes after it; what was not chosen is skipped, as after a branch in Airflow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.steps.choice_rule import BaseRule, ConditionRule


@dataclass(frozen=True)
class Next:
    """Where a rule leads: to tasks, or along the edges with a label.

    :param tasks: the tasks, or groups of tasks.
    :param label: the label of edges that are drawn with ``choice >> Label("good") >> task``.
    """

    tasks: tuple[Any, ...] = ()
    label: str = ""

    @classmethod
    def of(cls, given: Any) -> Next:
        """What *given* says: text is a label; anything else a task, or several."""
        match given:
            case Next():
                return given
            case str():
                return cls(label=given)
            case list() | tuple():
                return cls(tasks=tuple(given))
            case _:
                return cls(tasks=(given,))


class ChoiceStep:
    """Choose which of the tasks right after it run: those of the first rule that holds, else those of the default.

    :param state_id: the id of the task.
    :param rules: rules by the labels of edges, or pairs of a rule and where it leads: a task, several, or a label.
    :param default: where to go on if no rule holds. Without one, the task then fails, as a Choice state does.
    """

    def __init__(
        self, state_id: str, rules: Mapping[str, BaseRule] | Iterable[tuple[BaseRule, Any]] = (), default: Any = None
    ) -> None:
        self.state_id = state_id
        self.choices: list[tuple[BaseRule, Next]] = []
        self.default: Next | None = None
        pairs = [(rule, label) for label, rule in rules.items()] if isinstance(rules, Mapping) else rules
        for rule, next_step in pairs:
            self.add_choice(rule, next_step)
        if default is not None:
            self.default_choice(default)

    def add_choice(self, rule: BaseRule | str, next_step: Any) -> None:
        """Go on with *next_step* where *rule*, a rule or a JSONata condition ``{% ... %}``, holds."""
        if isinstance(rule, str):
            rule = ConditionRule(rule)
        if not isinstance(rule, BaseRule):
            raise TypeError(f"expected a rule, got {rule!r}")
        self.choices.append((rule, Next.of(next_step)))

    def default_choice(self, next_step: Any) -> None:
        """Go on with *next_step* where no rule holds."""
        self.default = Next.of(next_step)

    @property
    def operands(self) -> list[Any]:
        """Everything that the rules look at."""
        return [item for rule, _ in self.choices for item in rule.placeholders()]
