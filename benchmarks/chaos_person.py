"""What a person does with a Dag run: trigger it, look why it failed, put the fix, clear, and come back later."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from airflow_sfn_ml.local import LocalAws
from benchmarks.chaos_database import Tasks
from benchmarks.chaos_plan import Clearing, Plan, Story
from demo.stack import AirflowStack

START = "g.start"
FRAGILE = "g.fragile"
MEMBERS = ("g.prepare", "g.count", "g.tell", "g.fragile", "g.report", "g.last")
FAILED = ("failed", "upstream_failed")
BUCKET = "chaos"
STEPS = {Story.FIXED: ("fix",), Story.LATE: ("clear", "fix")}
HEALINGS = 6
"""How often a person clears what should not have failed."""
TROUBLED = (httpx.HTTPError, RuntimeError)
"""What the API's client raises while the api-server is killed, and while it comes up."""


@dataclass(frozen=True)
class Round:
    """Something was cleared, by one click or two.

    :param generation: which ran before.
    :param task_ids: what was cleared, but for what comes after it.
    """

    generation: int
    task_ids: tuple[str, ...]


@dataclass
class Life:
    """A Dag run, and what was done with it.

    :param stray: tasks that failed for no planned reason, with the tries.
    :param stuck: why nobody waits for it any longer.
    """

    plan: Plan
    steps: list[str]
    fixed: bool = False
    ended: bool = False
    stuck: str = ""
    healings: int = 0
    rounds: list[Round] = field(default_factory=list)
    stray: list[tuple[str, int]] = field(default_factory=list)
    click: tuple[float, Sequence[str]] | None = None
    seen: object = None
    seen_at: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, plan: Plan) -> Life:
        """The Dag run that *plan* is about, before it is triggered."""
        return cls(plan, list(STEPS.get(plan.story, ())))

    def give_up(self, why: str) -> None:
        """Wait no longer."""
        self.stuck, self.ended = why, True


class Person:
    """Looks after all Dag runs of the test.

    :param patience: the seconds after which a Dag run in which nothing changes is given up.
    """

    def __init__(self, stack: AirflowStack, aws: LocalAws, patience: float) -> None:
        self._stack = stack
        self._s3 = aws.client("s3")
        self._patience = patience

    def trigger(self, life: Life) -> bool:
        """Trigger the Dag run, if the API answers; whether it is there."""
        self._put(life, "fixed" if life.plan.story is Story.HEALTHY else "broken")
        path = f"/dags/{life.plan.dag_id}/dagRuns"
        try:
            if self._stack.api.get(f"{path}/{life.plan.run_id}") is None:
                self._stack.api.post(path, {"dag_run_id": life.plan.run_id, "logical_date": None, "conf": {}})
        except TROUBLED:
            return False
        return True

    def look(self, life: Life, state: str, tasks: Tasks) -> None:
        """Do what the *state* of the Dag run asks for."""
        seen = state, tasks.states, len(tasks.before)
        if seen != life.seen:
            life.seen, life.seen_at = seen, time.monotonic()
        elif time.monotonic() - life.seen_at > self._patience:
            return life.give_up(f"nothing changes any more: {state}, {tasks.states}")
        if life.click is not None:
            return self._click_again(life)
        if state == "success":
            life.ended = True
        elif state == "failed":
            self._see_failure(life, tasks)
        return None

    def _see_failure(self, life: Life, tasks: Tasks) -> None:
        broken = [task for task, state in tasks.states.items() if state == "failed"]
        stray = [task for task in broken if not _is_planned(life, task, broken)]
        seen = [(task, tasks.now[task].number) for task in stray]
        life.stray += [each for each in seen if each not in life.stray]
        if outside := [task for task in ("config", START) if task in broken]:
            self._heal(life, tasks, outside)
        elif life.steps and FRAGILE in broken:
            self._go_on(life, tasks)
        elif stray:
            self._heal(life, tasks, stray)
        elif life.plan.story is Story.NEVER:
            life.ended = True
        else:
            life.give_up(f"the Dag run failed, but no task of it: {tasks.states}")

    def _go_on(self, life: Life, tasks: Tasks) -> None:
        """Take the next step: clear too early, or fix and clear."""
        failed = [task for task, state in tasks.states.items() if state in FAILED]
        if life.steps[0] == "fix":
            self._fix(life)
            wanted = {
                Clearing.SUCCEEDED: [*failed, life.plan.again],
                Clearing.MEMBERS: [*MEMBERS, "collect"],
                Clearing.START: [START],
            }.get(life.plan.clearing, failed)
        else:
            wanted = failed
        if not self._clear(life, tasks, wanted, downstream=wanted == [START]):
            return
        if life.steps.pop(0) == "fix" and life.plan.clearing is Clearing.TWICE:
            life.click = time.monotonic() + life.plan.pause, wanted

    def _heal(self, life: Life, tasks: Tasks, wanted: Sequence[str]) -> None:
        """Clear what should not have failed, with everything after it."""
        if life.healings == HEALINGS:
            return life.give_up(f"{', '.join(wanted)} failed again and again")
        if self._clear(life, tasks, wanted, downstream=True):
            life.healings += 1
        return None

    def _clear(self, life: Life, tasks: Tasks, wanted: Sequence[str], *, downstream: bool) -> bool:
        """Clear tasks; whether Airflow has answered. If not, it may have been done all the same."""
        cleared = Round(tasks.generation(START), tuple(wanted))
        try:
            self._stack.clear(life.plan.dag_id, life.plan.run_id, wanted, include_downstream=downstream)
        except httpx.ConnectError:
            return False  # nobody was there
        except TROUBLED:
            life.rounds.append(cleared)
            return False
        life.rounds.append(cleared)
        return True

    def _click_again(self, life: Life) -> None:
        assert life.click is not None
        due, wanted = life.click
        if time.monotonic() >= due:
            with contextlib.suppress(*TROUBLED):
                self._stack.clear(life.plan.dag_id, life.plan.run_id, wanted)
                life.click = None

    def _fix(self, life: Life) -> None:
        self._put(life, "fixed")

    def _put(self, life: Life, text: str) -> None:
        self._s3.put_object(Bucket=BUCKET, Key=f"{life.plan.run_id}/fix", Body=text.encode())
        life.fixed = text == "fixed"


def _is_planned(life: Life, task: str, broken: Sequence[str]) -> bool:
    """Whether *task* fails by plan: the fragile one, and what a failure stops beside it."""
    if life.fixed and not life.steps:
        return False  # while a step is left, it is the failure from before the fix
    return task == FRAGILE or (life.plan.dag_id == "chaos_stop" and FRAGILE in broken and task in MEMBERS)
