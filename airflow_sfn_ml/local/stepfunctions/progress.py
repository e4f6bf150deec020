"""How far an execution has come, so that a redrive can go on from there.

A machine, each branch of a Parallel and each item of an inline Map keep a `Progress`: the state they are in, its
input, their variables, and the progress of what runs inside of that state. What has ended keeps its output. The
interpreter notes it as it runs; a new run that is given a copy enters no state again that was entered, and runs no
branch or item again that has ended.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass
class Progress:
    """Where a machine, a branch or an item is; written by the thread that runs it only."""

    state: str | None = None
    """The state that it is in, or will enter next; None before it has begun."""
    input: Any = None
    variables: dict[str, Any] = field(default_factory=dict)
    entered: bool = False
    """Whether the history has the event of entering the state."""
    event: int = 0
    """The event that the next one follows: that of entering the state, or else of leaving the one before."""
    parts: dict[int, Progress] = field(default_factory=dict)
    """The branches or items of the state, by index."""
    ended: bool = False
    output: Any = None

    def begin(self, env: Any, start: str) -> str:
        """Prepare `env` to run from here; the name of the first state, which is `start` if nothing has begun."""
        if self.state is None:
            self.move(env, start)
            return start
        env.states.reset(input_value=self.input)
        env.variable_store._inner_scope.update(self.variables)
        env.event_history_context.source_event_id = self.event
        return self.state

    def move(self, env: Any, state: str) -> None:
        """Note that `state` comes next."""
        self.state, self.input = state, env.states.get_input()
        self.variables = dict(env.variable_store._inner_scope)
        self.entered, self.event = False, env.event_history_context.source_event_id
        self.parts = {}

    def enter(self, event: int) -> None:
        """Note that the state was entered with this event."""
        self.entered, self.event = True, event

    def end(self, output: Any) -> None:
        """Note that there is nothing left to do."""
        self.ended, self.output = True, output
        self.parts = {}

    def part(self, index: int) -> Progress:
        """The progress of a branch or an item."""
        return self.parts.setdefault(index, Progress())

    def copy(self) -> Progress:
        """As it is now: what still ends in the run before must not reach the next one."""
        parts = {index: part.copy() for index, part in list(self.parts.items())}
        return replace(self, input=copy.deepcopy(self.input), variables=dict(self.variables), parts=parts)


def progress_of(env: Any) -> Progress:
    """The progress of what runs in `env`."""
    progress: Progress = env.__dict__.setdefault("_progress", Progress())
    return progress


def give(env: Any, progress: Progress) -> Any:
    """Let what runs in `env` go on from, and note, `progress`; gives `env`."""
    env.__dict__["_progress"] = progress
    return env
