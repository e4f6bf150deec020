"""Graphs: whole definitions, checked and frozen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml import asl
from airflow_sfn_ml.exceptions import DefinitionError
from airflow_sfn_ml.steps.blocks import Block, names_of
from airflow_sfn_ml.steps.chain import Chain
from airflow_sfn_ml.steps.dataflow import illegal_placeholders
from airflow_sfn_ml.steps.freezer import Freezer, reachable
from airflow_sfn_ml.steps.state import State


class Graph(Block):
    """The definition that begins with *branch*.

    It is checked when it is made, and made anew each time it is read, so that later changes of its states count.

    :param branch: a state or a chain.
    :param query_language: ``JSONata`` for all states; without it, each state says.
    :raises DefinitionError: (a ValueError) with every problem: names, missing parts, placeholders that cannot be used.
    """

    allowed = names_of(asl.StateMachine, "start_at", "processor_config")

    def __init__(self, branch: State | Chain, **kwargs: Any) -> None:
        if not isinstance(branch, (State, Chain)):
            raise ValueError(f"Expected branch to be a State or a Chain, but got `{branch!r}`")
        super().__init__(**kwargs)
        self.branch = branch
        self.freeze()

    def freeze(self, partition: str | None = None) -> asl.StateMachine:
        """The definition as a value.

        :param partition: ``aws``, ``aws-cn``, ...; that of the environment's region if not given.
        """
        freezer = Freezer(self.query_language, partition)
        given = {name: value for name, value in self.fields.items() if value is not None}
        machine = freezer.machine(self.branch, **given)
        freezer.finish(illegal_placeholders(self.branch))
        return machine

    @property
    def states(self) -> dict[str, Any]:
        """The states as they stand in the definition."""
        states: dict[str, Any] = self.to_dict()["States"]
        return states

    def contains(self, state: State) -> bool:
        """Whether *state* is one of the states, not counting those of branches."""
        return any(known is state for known in reachable(self.branch))

    def to_dict(self, partition: str | None = None) -> dict[str, Any]:
        """The definition as plain data."""
        return asl.render(self.freeze(partition))

    def steps(self) -> list[State]:
        """Every state, those within branches too."""
        found: list[State] = []
        blocks: list[State | Chain] = [self.branch]
        while blocks:
            for state in reachable(blocks.pop()):
                found.append(state)
                blocks.extend(state.branches_within())
        return found


class FrozenGraph(Graph):
    """A definition that was written elsewhere."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        if not isinstance(definition, Mapping):
            raise ValueError(f"Expected definition to be a dict, but got `{type(definition)}`.")
        Block.__init__(self)
        self.definition = dict(definition)

    @classmethod
    def from_json(cls, json_definition: str) -> FrozenGraph:
        """The definition in *json_definition*.

        :raises DefinitionError: it is not JSON.
        """
        try:
            return cls(json.loads(json_definition))
        except json.JSONDecodeError as error:
            raise DefinitionError(f"the definition is not JSON: {error}") from None

    def freeze(self, partition: str | None = None) -> asl.StateMachine:
        """The definition as a value."""
        return asl.parse(self.definition)

    def to_dict(self, partition: str | None = None) -> dict[str, Any]:
        """The definition as it was given."""
        return self.definition

    def contains(self, state: State) -> bool:
        """Whether a state of this name is there."""
        return state.state_id in self.definition.get("States", {})

    def steps(self) -> list[State]:
        """None: it was not built of states of ours."""
        return []
