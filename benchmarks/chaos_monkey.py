"""Kill what runs and disturb what answers, as planned."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from airflow_sfn_ml.local import LocalAws
from benchmarks.chaos_database import Database
from benchmarks.chaos_plan import Doom, blows, dooms, troubles
from benchmarks.chaos_victims import kill, tasks_at_work
from demo.stack import AirflowStack

Say = Callable[[str], None]
TICK = 0.3
STALE = 16.0
"""How long Airflow takes the last heartbeat of what was killed for health, in seconds; see `chaos_course.RECOVERY`."""
RECOVERED = 60.0
"""After so many seconds a component that does not get healthy is no reason to spare the others, in seconds."""


@dataclass
class Seen:
    """A task that is at work."""

    name: str
    since: float
    doom: Doom | None


class Monkey:
    """What goes wrong while Dag runs run; nothing of it blocks.

    :param share: of the processes of tasks that are killed.
    :param every: about the healthy seconds between two kills of components.
    """

    def __init__(
        self, stack: AirflowStack, aws: LocalAws, seed: int, share: float, every: float, say: Say = lambda _: None
    ) -> None:
        self.kills: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self._stack = stack
        self._aws = aws
        self._say = say
        self._down = ""
        self._doings = [
            self._kill_tasks(seed, share),
            self._kill_components(seed, every),
            self._disturb(seed),
            self._restart_what_ended(),
        ]
        self._due = [time.monotonic()] * len(self._doings)

    def tick(self) -> None:
        """Do what is due."""
        for index, doing in enumerate(self._doings):
            if time.monotonic() >= self._due[index]:
                self._due[index] = time.monotonic() + next(doing)

    def end(self) -> None:
        """Let everything run again, and nothing go wrong any more."""
        self._count_faults()
        self._aws.faults()
        self._down = ""
        next(self._doings[-1])

    # Each of these does something and tells for how many seconds it does nothing then

    def _kill_tasks(self, seed: int, share: float) -> Iterator[float]:
        """Kill processes of tasks at some point of the time that they usually take."""
        database, plan = Database(self._stack.home), dooms(seed, share)
        seen: dict[str, Seen] = {}
        usual = 3.0
        while True:
            now, alive = time.monotonic(), tasks_at_work(self._stack.home)
            for ti_id in sorted(set(alive) - set(seen)):
                seen[ti_id] = Seen(database.task_of(ti_id), now, next(plan))
            for ti_id in set(seen) - set(alive):
                gone = seen.pop(ti_id)
                if gone.doom is None:
                    usual += (now - gone.since - usual) / 5
            for ti_id, each in seen.items():
                if each.doom is not None and now - each.since >= each.doom.after * usual:
                    self._kill_task(each, each.doom, alive[ti_id])
                    each.doom = None
            yield TICK

    def _kill_task(self, seen: Seen, doom: Doom, pids: dict[str, int]) -> None:
        if pid := pids.get(doom.who):
            kill(pid)
            self.kills[f"{doom.who} process of {seen.name}"] += 1
            self._say(f"killed the {doom.who} process of {seen.name}")

    def _kill_components(self, seed: int, every: float) -> Iterator[float]:
        for blow in blows(seed, every):
            yield STALE
            patience = time.monotonic() + RECOVERED
            while time.monotonic() < patience and not self._stack.api.healthy():
                yield 1
            yield blow.after
            server, self._down = self._stack.servers[blow.victim], blow.victim
            if blow.alone and server.running and server.pid is not None:
                kill(server.pid)
            else:
                server.kill()
            self.kills[blow.victim] += 1
            self._say(f"killed the {blow.victim}" + (", what it had started lives on" if blow.alone else ""))
            yield blow.down
            self._stack.restart(blow.victim)
            self._down = ""

    def _restart_what_ended(self) -> Iterator[float]:
        """Start again what ended by itself, as whatever runs Airflow does: on SQLite its components end when the
        database is locked."""
        while True:
            for name, server in self._stack.servers.items():
                if name != self._down and not server.running:
                    self.kills[f"{name} (ended by itself)"] += 1
                    self._say(f"{name} has ended by itself")
                    self._stack.restart(name)
            yield 2

    def _disturb(self, seed: int) -> Iterator[float]:
        for trouble in troubles(seed):
            yield trouble.quiet
            self._aws.faults(trouble.faults)
            self._say(f"faults: {trouble.faults}")
            yield trouble.seconds
            self._count_faults()
            self._aws.faults()

    def _count_faults(self) -> None:
        for kind, actions in self._aws.disturbed().items():
            self.faults[kind] += sum(actions.values())
