"""Say what happens in an execution, a line for each state that begins or ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_sfn_ml.history import ExecutionView


class Progress:
    """Prints what changed since the view before."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def print(self, view: ExecutionView) -> None:
        """A line for each state whose status is another one now."""
        for line in self.lines(view):
            print(line, flush=True)

    def lines(self, view: ExecutionView) -> list[str]:
        """The lines, without printing them."""
        found = []
        for name, state in view.states.items():
            if self._said.get(name) == state.status:
                continue
            self._said[name] = state.status
            moment = state.entered if state.status.is_open else state.exited or state.entered
            clock = moment.strftime("%H:%M:%S ") if moment else ""
            error = f": {state.error}" if state.error else ""
            found.append(f"{clock}{name}: {state.status.value}{error}")
        return found
