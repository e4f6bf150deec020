"""Chains that are made anew from parameters each time they are used.

A function that returns a chain is a template already. The decorator adds what reuse needs: the same template can stand
several times in one definition, each time with a prefix to the names of its states, and one line makes a workflow of
it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from airflow_sfn_ml.exceptions import DefinitionError
from airflow_sfn_ml.steps import Chain, State
from airflow_sfn_ml.steps.freezer import reachable
from airflow_sfn_ml.workflow import Workflow


class Template:
    """A function, or a class with ``chain()``, that makes states of its parameters."""

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make
        update_wrapper(self, make)
        self._used: set[int] = set()
        self._kept: list[State] = []

    def __call__(self, *args: Any, prefix: str = "", **kwargs: Any) -> State | Chain:
        """New states for these parameters.

        :param prefix: what the names of the states begin with here.
        :raises DefinitionError: what was made is no state or chain, or has states that were used before.
        """
        made = self._make(*args, **kwargs)
        made = made.chain() if hasattr(made, "chain") else made
        if not isinstance(made, (State, Chain)):
            raise DefinitionError(f"the template {self._name} must give a state or a chain, not {made!r}")
        for state in _all(made):
            if id(state) in self._used:
                raise DefinitionError(
                    f"the template {self._name} gives the state {state.state_id!r} twice; make a new one"
                )
            self._used.add(id(state))
            self._kept.append(state)  # so that no later state has the same id()
            state.state_id = prefix + state.state_id
        return made

    def workflow(
        self, name: str, role: str, *args: Any, settings: dict[str, Any] | None = None, **kwargs: Any
    ) -> Workflow:
        """A workflow of this template alone.

        :param settings: further arguments of `Workflow`.
        """
        return Workflow(name, self(*args, **kwargs), role, **(settings or {}))

    @property
    def _name(self) -> str:
        return str(getattr(self._make, "__name__", self._make))


def template(make: Callable[..., Any]) -> Template:
    """Make *make*, which gives a state or a chain, a template."""
    return Template(make)


def _all(block: State | Chain) -> list[State]:
    found: list[State] = []
    blocks: list[State | Chain] = [block]
    while blocks:
        for state in reachable(blocks.pop()):
            found.append(state)
            blocks += state.branches_within()
    return found
