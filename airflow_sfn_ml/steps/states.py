"""The states of the language as builders, with the names and signatures of ``stepfunctions.steps.states``.

Builders are mutable, as in the SDK: `Graph` freezes what can be reached from a state or a chain to values of `asl`.
Every field that the language has today is a keyword argument.
"""

from __future__ import annotations

import logging
from typing import Any

from airflow_sfn_ml import asl
from airflow_sfn_ml.steps.blocks import Block, Catch, Retry, names_of
from airflow_sfn_ml.steps.chain import Chain
from airflow_sfn_ml.steps.choice_rule import BaseRule, ConditionRule
from airflow_sfn_ml.steps.freezer import Freezer
from airflow_sfn_ml.steps.graph import FrozenGraph, Graph
from airflow_sfn_ml.steps.lowering import JSONATA, lowered, speaks_jsonata
from airflow_sfn_ml.steps.state import State, WorkingState

__all__ = [
    "Block",
    "Catch",
    "Chain",
    "Choice",
    "Fail",
    "FrozenGraph",
    "Graph",
    "Map",
    "Parallel",
    "Pass",
    "Retry",
    "State",
    "Succeed",
    "Task",
    "Wait",
]

logger = logging.getLogger(__name__)
_LINKS = ("next", "end", "retry", "catch")


class Pass(State):
    """Do nothing but shape data: ``result``, ``parameters``, ``result_path``; in JSONata ``output``, ``assign``."""

    kind = asl.Pass
    allowed = names_of(asl.Pass, *_LINKS)
    jsonata_names = {"parameters": "output", "result": "output"}  # noqa: RUF012


class Succeed(State):
    """End the machine, or the branch, well."""

    kind = asl.Succeed
    allowed = names_of(asl.Succeed)


class Fail(State):
    """End the machine with ``error`` and ``cause``, which may be placeholders."""

    kind = asl.Fail
    allowed = names_of(asl.Fail)


class Wait(State):
    """Wait for ``seconds``, or until ``timestamp``: values or placeholders; the SDK's ``..._path`` fields hold paths.

    :raises ValueError: not exactly one of the four is given.
    """

    kind = asl.Wait
    allowed = names_of(asl.Wait, *_LINKS)

    def __init__(self, state_id: str, **kwargs: Any) -> None:
        super().__init__(state_id, **kwargs)
        ways = ("seconds", "timestamp", "seconds_path", "timestamp_path")
        if sum(self.fields.get(way) is not None for way in ways) != 1:
            raise ValueError(
                "The Wait state MUST contain exactly one of 'seconds', 'seconds_path', 'timestamp' or 'timestamp_path'."
            )


class Choice(State):
    """Go on with the first rule that holds, or with the default."""

    kind = asl.Choice
    allowed = names_of(asl.Choice, "choices", "default")

    def __init__(self, state_id: str, **kwargs: Any) -> None:
        super().__init__(state_id, **kwargs)
        self.choices: list[tuple[BaseRule, State | Chain]] = []
        self._more: list[dict[str, Any]] = []
        self.default: State | Chain | None = None

    def add_choice(self, rule: BaseRule | str, next_step: State | Chain, **more: Any) -> None:
        """Go on with *next_step* where *rule* holds.

        :param rule: a rule, or a JSONata condition ``{% ... %}``.
        :param more: ``assign``, ``output`` and ``comment`` of the rule.
        """
        if isinstance(rule, str):
            rule = ConditionRule(rule)
        if not isinstance(rule, BaseRule):
            raise TypeError(f"expected a rule, got {rule!r}")
        for name in more.keys() - {"assign", "output", "comment"}:
            raise TypeError(f"Field '{name}' is not supported.")
        self.choices.append((rule, next_step))
        self._more.append(more)

    def default_choice(self, next_step: State | Chain) -> None:
        """Go on with *next_step* where no rule holds."""
        self.default = next_step

    def next(self, next_step: State | Chain) -> State | Chain:
        """Set the default, and return it."""
        if self.default is not None and self.default is not next_step:
            logger.warning(
                "Chaining Choice state: Overwriting %s's current default_choice (%s) with %s",
                self.state_id,
                self.default.state_id,
                next_step.state_id,
            )
        self.default = next_step
        return next_step

    def following(self) -> None:
        """A chain goes on with the default, whatever that was."""

    def successors(self) -> list[State | Chain]:
        """The default, then the targets of the rules."""
        default: list[State | Chain] = [] if self.default is None else [self.default]
        return default + [target for _, target in self.choices]

    def problems(self) -> list[str]:
        """A Choice needs a rule."""
        return [] if self.choices else ["a Choice needs at least one rule; add_choice(rule, next_step)"]

    def speaks_jsonata(self) -> bool:
        """Whether a field or a rule can only be meant as JSONata."""
        return (
            super().speaks_jsonata()
            or any(rule.speaks_jsonata() for rule, _ in self.choices)
            or any(speaks_jsonata(more) for more in self._more)
        )

    def freeze(self, freezer: Freezer) -> asl.State:
        """The state as a value of the language."""
        language = freezer.language(self)
        rules = []
        for (rule, target), more in zip(self.choices, self._more, strict=True):
            try:
                test = rule.to_jsonata_dict() if language == JSONATA else rule.to_dict()
                shaped = {name.title(): item for name, item in lowered(more, language).items()}
                rules.append(asl.ChoiceRule({**test, "Next": target.state_id, **shaped}))
            except ValueError as error:
                freezer.refuse(self, error)
        return asl.Choice(
            self.state_id,
            choices=tuple(rules),
            default=None if self.default is None else self.default.state_id,
            **self._frozen_fields(freezer),
        )


class Parallel(WorkingState):
    """Run branches side by side; the result is the list of their outputs."""

    kind = asl.Parallel
    allowed = names_of(asl.Parallel, *_LINKS, "branches")
    jsonata_names = {"parameters": "arguments"}  # noqa: RUF012

    def __init__(self, state_id: str, retry: Any = None, catch: Any = None, **kwargs: Any) -> None:
        super().__init__(state_id, retry, catch, **kwargs)
        self.branches: list[State | Chain] = []

    def add_branch(self, branch: State | Chain) -> None:
        """Add a branch."""
        self.branches.append(branch)

    def branches_within(self) -> list[State | Chain]:
        """The branches."""
        return self.branches

    def problems(self) -> list[str]:
        """A Parallel needs a branch."""
        return [] if self.branches else ["a Parallel needs at least one branch; add_branch(state)"]

    def freeze(self, freezer: Freezer) -> asl.State:
        """The state as a value of the language."""
        branches = []
        for branch in self.branches:
            branches.append(freezer.machine(branch))
        return asl.Parallel(self.state_id, branches=tuple(branches), **self._frozen_fields(freezer))


class Map(WorkingState):
    """Run a machine for each item.

    As in the SDK, ``iterator`` (or `attach_iterator`), ``items_path`` and ``parameters`` are written as Iterator,
    ItemsPath and Parameters. With ``item_processor``, with any of today's fields (``item_selector``, ``item_reader``,
    ``item_batcher``, ``result_writer``, ``processor_config``, ...) or in JSONata, the machine is written as
    ItemProcessor.

    :param processor_config: ``{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}``; each item then has an execution
        of its own.
    """

    kind = asl.Map
    allowed = names_of(asl.Map, *_LINKS) | {"processor_config"}
    jsonata_names = {"parameters": "item_selector"}  # noqa: RUF012
    _today = frozenset(
        {
            *("item_processor", "item_selector", "item_reader", "item_batcher", "result_writer", "processor_config"),
            *("label", "max_concurrency_path", "tolerated_failure_count", "tolerated_failure_percentage"),
            *("tolerated_failure_count_path", "tolerated_failure_percentage_path"),
        }
    )

    def attach_iterator(self, iterator: State | Chain) -> None:
        """Run *iterator* for each item."""
        self.fields["iterator"] = iterator

    def branches_within(self) -> list[State | Chain]:
        """The machine of the items."""
        processor = self.fields.get("item_processor") or self.fields.get("iterator")
        return [] if processor is None else [processor]

    def problems(self) -> list[str]:
        """A Map needs a machine."""
        return [] if self.branches_within() else ["a Map needs what to do for each item; attach_iterator(state)"]

    def _given(self, freezer: Freezer) -> dict[str, Any]:
        machines = ("iterator", "item_processor", "processor_config")
        given = {name: value for name, value in self.fields.items() if name not in machines}
        if self._is_of_today(freezer) and "parameters" in given:
            given["item_selector"] = given.pop("parameters")
        return given

    def _is_of_today(self, freezer: Freezer) -> bool:
        given = {name for name, value in self.fields.items() if value is not None}
        return bool(given & self._today) or freezer.language(self) == JSONATA

    def freeze(self, freezer: Freezer) -> asl.State:
        """The state as a value of the language."""
        if not self.branches_within():
            return asl.Map(self.state_id, **self._frozen_fields(freezer))
        if not self._is_of_today(freezer):
            machine = freezer.machine(self.branches_within()[0])
            return asl.Map(self.state_id, iterator=machine, **self._frozen_fields(freezer))
        machine = freezer.machine(self.branches_within()[0], processor_config=self.processor_config)
        return asl.Map(self.state_id, item_processor=machine, **self._frozen_fields(freezer))


class Task(WorkingState):
    """Do the work that ``resource`` names: a function, an activity or a call of a service.

    :raises ValueError: a time limit is given as a value and as a path.
    """

    kind = asl.Task
    allowed = names_of(asl.Task, *_LINKS)
    jsonata_names = {"parameters": "arguments"}  # noqa: RUF012

    def __init__(self, state_id: str, retry: Any = None, catch: Any = None, **kwargs: Any) -> None:
        super().__init__(state_id, retry, catch, **kwargs)
        for name in ("timeout_seconds", "heartbeat_seconds"):
            if self.fields.get(name) is not None and self.fields.get(f"{name}_path") is not None:
                raise ValueError(f"Only one of '{name}' or '{name}_path' can be provided.")

    def problems(self) -> list[str]:
        """A Task needs a resource."""
        return [] if self.resource else ["a Task needs a resource"]

    def freeze(self, freezer: Freezer) -> asl.State:
        """The state as a value of the language."""
        fields = self._frozen_fields(freezer)
        return asl.Task(self.state_id, **{"resource": None, **fields})
