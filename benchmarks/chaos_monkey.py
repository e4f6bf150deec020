"""Kill what runs and disturb what answers, as planned."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

from airflow_sfn_ml.local import LocalAws
from benchmarks.chaos_database import Database
from benchmarks.chaos_plan import WORKERS, Blow, blows_to_components, blows_to_workers, troubles
from benchmarks.chaos_victims import busy_workers, kill, task_processes
from demo.stack import AirflowStack

Say = Callable[[str], None]


class Monkey:
    """What goes wrong while Dag runs run; nothing of it blocks.

    :param every: about the seconds between two kills of workers, and between two of components.
    """

    def __init__(
        self, stack: AirflowStack, aws: LocalAws, seed: int, every: tuple[float, float], say: Say = lambda _: None
    ) -> None:
        self.kills: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self._stack = stack
        self._aws = aws
        self._say = say
        self._random = Random(f"{seed} choices")
        self._doings = [
            self._kill_again_and_again(blows_to_workers(seed, every[0])),
            self._kill_again_and_again(blows_to_components(seed, every[1])),
            self._disturb_again_and_again(seed),
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
        for name, server in self._stack.servers.items():
            if not server.running:
                self._stack.restart(name)

    # Each of these does something and tells for how many seconds it does nothing then

    def _kill_again_and_again(self, blows: Iterator[Blow]) -> Iterator[float]:
        for blow in blows:
            yield blow.after
            yield from self._kill_worker(blow) if blow.victim in WORKERS else self._kill_component(blow)

    def _kill_worker(self, blow: Blow) -> Iterator[float]:
        database = Database(self._stack.home)
        find = task_processes if blow.victim == "task" else busy_workers
        while True:
            found = sorted(find(self._stack.home), key=lambda each: each[1])
            if found:
                break
            yield 0.2
        process, ti_id = self._random.choice(found)
        task = database.task_of(ti_id)
        yield blow.patience / 2
        kill(process.pid)
        self.kills[f"{blow.victim} of {task}"] += 1
        self._say(f"killed the {blow.victim} process of {task}")

    def _kill_component(self, blow: Blow) -> Iterator[float]:
        server = self._stack.servers[blow.victim]
        if not server.running:
            self._say(f"{blow.victim} has ended by itself")
            self.kills[f"{blow.victim} (ended by itself)"] += 1
        elif blow.alone and server.pid is not None:
            kill(server.pid)
        else:
            server.kill()
        self.kills[blow.victim] += 1
        self._say(f"killed the {blow.victim}" + (", what it had started lives on" if blow.alone else ""))
        yield blow.down
        self._stack.restart(blow.victim)

    def _disturb_again_and_again(self, seed: int) -> Iterator[float]:
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
