"""A cleared task has its work done again: once, whoever else was cleared with it.

An attempt that reports how its state ended leaves a record of which execution it was and how often that had been
redriven. The next attempt finds the record. As long as the execution still has that count, what the history says of the
state is the old story, and the attempt asks for a new one. There are two ways:

* A *redrive* goes on where the execution failed. The attempt asks for it with a token made of the execution and the
  count, so that any number of cleared tasks, triggerers and clicks ask for the same one. When the count has grown,
  someone has redriven it, and the attempt follows what comes.
* A *repair* is another execution, which passes over what was done and was not cleared. It serves where AWS has nothing
  to redrive: the execution succeeded, or went on after the failure and told it at its end, or is too old; and where the
  group has changed, since a redrive runs what it was. Its name is derived, so it is started once as well. A worker does
  that: it takes the group's definition.

A trigger whose triggerer died after the record was left, but before its event was, runs again as the same try. The
record is then its own, and asks for nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from airflow_sfn_ml.compiler.names import each_state
from airflow_sfn_ml.history import ExecutionView, StateStatus, StateView

KEY = "airflow_sfn_ml_told"
"""The XCom under which an attempt leaves its record."""


REDRIVABLE = frozenset({"FAILED", "ABORTED", "TIMED_OUT"})


def is_told_at_end(view: ExecutionView) -> bool:
    """Whether the execution went on after what failed and ended in the state that tells it: a redrive of that would
    only tell it again. A Map tells at its end which of its iterations failed."""
    return any(state.type == "Fail" for state in view.states.values()) or any(
        state.outcomes.get(StateStatus.CAUGHT) and _is_in_map(view, state) for state in view.states.values()
    )


def _is_in_map(view: ExecutionView, state: StateView) -> bool:
    while state.parent:
        state = view.state(state.parent)
        if state.type == "Map":
            return True
    return False


def is_passed_over(view: ExecutionView, state: str, index: int = -1) -> bool:
    """Whether the execution that *view* shows was started as a repair that does not run *state*.

    :param index: the iteration of *state*, if it is a Map whose iterations are followed.
    """
    given = view.input
    reuse = (given.get("reuse") or {}) if isinstance(given, Mapping) else {}
    return state in reuse or str(index) in (reuse.get(each_state(state)) or {})


def runs_other_code(view: ExecutionView, definition: str | None) -> bool:
    """Whether the execution that *view* shows was started with another definition than the one of this digest."""
    told = view.input.get("definition") if isinstance(view.input, Mapping) else None
    return None not in (told, definition) and told != definition


@dataclass(frozen=True)
class Record:
    """What an attempt leaves to the next one.

    :param try_number: the try that left it.
    :param failed: whether it told a failure.
    """

    execution_arn: str
    redrive_count: int
    try_number: int
    failed: bool = True

    @classmethod
    def of_earlier_try(cls, told: Any, try_number: int) -> Record | None:
        """The record in the XCom value *told*, if a try before *try_number* left it."""
        if not isinstance(told, Mapping) or told.get("try_number", try_number) >= try_number:
            return None
        return cls(
            str(told["execution_arn"]),
            int(told["redrive_count"]),
            int(told["try_number"]),
            bool(told.get("failed", True)),
        )

    def as_json(self) -> dict[str, Any]:
        """The record as an XCom value."""
        return asdict(self)

    def is_told_by(self, view: ExecutionView, arn: str) -> bool:
        """Whether *view*, of the execution *arn*, tells only what the earlier attempt has reported already."""
        return arn == self.execution_arn and view.redrive_count <= self.redrive_count

    def may_redrive(self, view: ExecutionView) -> bool:
        """Whether a redrive of the execution that *view* shows would run the task again."""
        return self.failed and view.status in REDRIVABLE and not is_told_at_end(view)

    @property
    def token(self) -> str:
        """The same for everyone who asks for this redrive; AWS takes at most 64 characters."""
        return hashlib.sha256(f"{self.execution_arn} {self.redrive_count}".encode()).hexdigest()
