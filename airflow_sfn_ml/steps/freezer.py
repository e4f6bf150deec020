"""From builders to values: walk what can be reached from a state, and freeze each state once.

Everything here is linear in the number of states, and walks without recursion along a chain; only nesting recurses.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml import asl
from airflow_sfn_ml.exceptions import DefinitionError
from airflow_sfn_ml.steps.lowering import JSONATA, JSONPATH

if TYPE_CHECKING:
    from airflow_sfn_ml.steps.chain import Chain
    from airflow_sfn_ml.steps.state import State

STATE_NAME_LIMIT = 80
_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
}


def default_partition() -> str:
    """The partition of the region in the environment, ``aws`` where it does not say one."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    return next((partition for prefix, partition in _PARTITIONS.items() if region.startswith(prefix)), "aws")


def reachable(block: State | Chain) -> list[State]:
    """The states of the machine that begins with *block*, in the order in which the SDK writes them."""
    found: dict[int, State] = {}
    stack = list(reversed(block.members()))
    while stack:
        state = stack.pop()
        if id(state) in found:
            continue
        found[id(state)] = state
        following: list[State] = []
        for target in state.successors():
            following += target.members()
        stack.extend(reversed(following))
    return list(found.values())


class Freezer:
    """What stays the same while one definition is frozen.

    :param query_language: that of the whole definition.
    :param partition: ``aws``, ``aws-cn``, ...: the first part of the names of integrations.
    """

    def __init__(self, query_language: str | None = None, partition: str | None = None) -> None:
        self.query_language = query_language
        self.partition = partition or default_partition()
        self.problems: list[str] = []
        self._seen: dict[str, tuple[State, int]] = {}
        self._scopes = 0

    def machine(self, block: State | Chain, **fields: Any) -> asl.StateMachine:
        """The machine that begins with *block*."""
        self._scopes += 1
        scope = self._scopes
        frozen = []
        for state in reachable(block):
            self._check_name(state, scope)
            self.problems += [f"{state.state_id}: {problem}" for problem in state.problems()]
            frozen.append(state.freeze(self))
        return asl.StateMachine(block.state_id, tuple(frozen), **fields)

    def language(self, state: State) -> str:
        """The query language of *state*."""
        own = state.fields.get("query_language")
        if own:
            return str(own)
        return JSONATA if self.query_language == JSONATA or state.speaks_jsonata() else JSONPATH

    def refuse(self, state: State, error: ValueError) -> None:
        """Remember what is wrong with *state*."""
        self.problems.append(f"{state.state_id}: {error}")

    def finish(self, more: Iterable[str] = ()) -> None:
        """Raise all that was found.

        :raises DefinitionError: something was.
        """
        problems = [*self.problems, *more]
        if problems:
            raise DefinitionError(problems)

    def _check_name(self, state: State, scope: int) -> None:
        name = state.state_id
        if not name:
            self.problems.append("a state has no name")
            return
        if len(name) > STATE_NAME_LIMIT:
            self.problems.append(f"{name}: the name has {len(name)} characters, AWS allows {STATE_NAME_LIMIT}")
        known, place = self._seen.setdefault(name, (state, scope))
        if known is state and place != scope:
            self.problems.append(f"{name}: the state is reached from two branches; each needs a state of its own")
        elif known is not state:
            self.problems.append(
                f"Each state in a workflow must have a unique state id. Found duplicate state id '{name}' in workflow."
            )
