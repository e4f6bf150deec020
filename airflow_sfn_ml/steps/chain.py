"""Chains: states one after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from airflow_sfn_ml.exceptions import DuplicateStatesInChain
from airflow_sfn_ml.steps.state import State


class Chain:
    """States that follow each other; it stands wherever a state may, as its first state.

    :param steps: states and chains.
    :raises DuplicateStatesInChain: a state is in it twice, or already goes on with another state: one state cannot be
        in two chains, since it has only one next state.
    """

    def __init__(self, steps: Iterable[State | Chain] = ()) -> None:
        if not isinstance(steps, (list, tuple)):
            raise TypeError("Chain takes a 'list' of steps. You provided an input that is not a list.")
        self.steps: list[State] = []
        self._known: set[int] = set()
        for step in steps:
            self.append(step)

    @property
    def state_id(self) -> str:
        """The name of the first state."""
        if not self.steps:
            raise ValueError("The chain is empty")
        return self.steps[0].state_id

    def append(self, step: State | Chain) -> None:
        """Add a state, or the states of a chain, after the last one."""
        for state in step.members():
            self._append(state)

    def _append(self, state: State) -> None:
        if id(state) in self._known:
            raise DuplicateStatesInChain(
                f"State '{state.state_id}' is already inside this chain. A chain cannot have duplicate states."
            )
        if self.steps:
            last = self.steps[-1]
            following = last.following()
            if following is not None and following.members()[0] is not state:
                raise DuplicateStatesInChain(
                    f"State '{last.state_id}' already goes on with '{following.state_id}', so it cannot go on with "
                    f"'{state.state_id}'. A state can be in one chain only; make another state, or use a Choice."
                )
            if following is None:
                last.next(state)
        self._known.add(id(state))
        self.steps.append(state)

    def next(self, next_step: State | Chain) -> State | Chain:
        """Go on with *next_step* after the last state."""
        if not self.steps:
            raise ValueError("The chain is empty")
        return self.steps[-1].next(next_step)

    def members(self) -> list[State]:
        """Its states."""
        if not self.steps:
            raise ValueError("The chain is empty")
        return list(self.steps)

    def __iter__(self) -> Iterator[State]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(steps={self.steps!r})"
