"""What the view of an execution means for an instance of a mapped task, which is one iteration of a Map. Pure.

Iterations of an inline Map are in the history of the execution, one by one. Those of a distributed Map are executions
of their own; what became of them is known when the Map has ended, from its result, or from its error, which names the
iterations that failed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from airflow_sfn_ml.history import ExecutionView, StateStatus, StateView
from airflow_sfn_ml.triggers.verdict import RUNNING, Failed, Place, Succeeded, Verdict, verdict


@dataclass(frozen=True)
class Subject:
    """What a task follows: a state, or what it does in one iteration of a Map.

    :param within: the Map, and *index* the iteration; None for a state that is in no iteration.
    """

    state: str
    within: str | None = None
    index: int = -1

    def seen(self, view: ExecutionView) -> ExecutionView:
        """*view* as far as it is about this subject."""
        return view if self.within is None else view.within(self.within, self.index)

    def is_open(self, view: ExecutionView) -> bool:
        """Whether it is at work in *view*, or waits for its next try."""
        return view.status == RUNNING and self.seen(view).state(self.state).status.is_open

    def verdict(self, view: ExecutionView, place: Place | None = None) -> Verdict:
        """What became of it; *place* is that of the state, or of the Map."""
        if self.within is None:
            return verdict(view, self.state, place)
        inside = self.seen(view)
        if inside.state(self.state).status is not StateStatus.NOT_ENTERED:
            return verdict(inside, self.state)
        around = view.state(self.within)
        match verdict(view, self.within, place):
            case Succeeded(output, _) if around.length is not None and around.map_run_arn is None:
                return Failed(
                    f"State {self.within} had {around.length} items, so there was no iteration {self.index}: what it "
                    "is mapped over has changed since the execution was started"
                )
            case Succeeded(output, _):
                return Succeeded(output[self.index] if isinstance(output, list) and self.index < len(output) else None)
            case Failed() as failed if around.map_run_arn is not None:
                return self._of_map_run(around, failed)
            case decision:
                return decision

    def _of_map_run(self, around: StateView, failed: Failed) -> Verdict:
        """What became of an iteration of a distributed Map that failed."""
        told = re.search(r"iterations failed \[([\d,]*)\]", around.cause or "")
        if told is None or str(self.index) in told.group(1).split(","):
            return Failed(f"{failed.reason}. The Map Run {around.map_run_arn} shows its iterations")
        return Succeeded(None)
