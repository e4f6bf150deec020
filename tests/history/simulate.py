"""Random executions: their histories, and what became of each state, written down by whoever made it happen.

The simulator plays the part of AWS. It runs a random machine of tasks, loops, Parallels and Maps with failures,
retries and catches, interleaves the branches at random, and knows each state's fate because it decides it. It shares no
code with the fold.
"""

from __future__ import annotations

from collections.abc import Generator
from random import Random

from tests.history.record import Recorder

Steps = Generator[None, None, int]
"""One path of the execution: yields after each event, returns the id of its last one."""


class Broken(Exception):
    """A path failed: *last* is its last event, *names* are the states on the way from the inside."""

    def __init__(self, last: int, names: list[str]) -> None:
        self.last = last
        self.names = names


class Simulation:
    """One random execution.

    ``fates`` holds the status of each state by name, ``counts`` how often it was entered, ``failed`` whose failure the
    execution failed of, ``closed`` the states inside of what was caught or retried: no redrive runs them again.
    """

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.record = Recorder()
        self.fates: dict[str, str] = {}
        self.counts: dict[str, int] = {}
        self.around: dict[str, tuple[str, ...]] = {}
        self.failed: tuple[str, ...] = ()
        self.closed: set[str] = set()
        self.names = 0
        self.status = "SUCCEEDED"
        self._run()

    def _run(self) -> None:
        steps = self._sequence(0, ())
        stop_at = self.random.choice([None, None, None, self.random.randint(3, 60)])
        try:
            while True:
                next(steps)
                if stop_at is not None and len(self.record.events) > stop_at:
                    self.status = self.random.choice(["ABORTED", "TIMED_OUT"])
                    steps.close()
                    self._end({"ABORTED": "ExecutionAborted", "TIMED_OUT": "ExecutionTimedOut"}[self.status], 0)
                    return
        except StopIteration as stop:
            self.record.add("ExecutionSucceeded", stop.value, output="{}")
        except Broken as broken:
            self.status = "FAILED"
            self.failed = (broken.names[0],)
            for name in broken.names:
                self.fates[name] = "failed"
            self._end("ExecutionFailed", broken.last)

    def _end(self, kind: str, previous: int) -> None:
        self.record.add(kind, previous, error="E", cause="C")
        self._stop([name for name, fate in self.fates.items() if fate == "running"], self.status)

    def _stop(self, names: list[str], status: str) -> None:
        for name in names:
            self.fates[name] = "timed_out" if status == "TIMED_OUT" else "aborted"

    def _name(self, around: tuple[str, ...]) -> str:
        self.names += 1
        name = f"s{self.names}"
        self.around[name] = around
        return name

    def _enter(self, family: str, name: str, previous: int) -> int:
        self.fates[name] = "running"
        self.counts[name] = self.counts.get(name, 0) + 1
        return self.record.add(f"{family}StateEntered", previous, name=name, input="{}")

    def _exit(self, family: str, name: str, previous: int, fate: str = "succeeded") -> int:
        self.fates[name] = fate
        return self.record.add(f"{family}StateExited", previous, name=name, output='{"n":1}')

    def _sequence(self, previous: int, around: tuple[str, ...]) -> Steps:
        for _ in range(self.random.randint(1, 3)):
            kind = self.random.choice(
                ["task", "task", "pass", "loop", *(["parallel", "map"] if len(around) < 3 else [])]
            )
            steps = getattr(self, f"_{kind}")
            previous = yield from steps(previous, around)
        return previous

    def _pass(self, previous: int, around: tuple[str, ...]) -> Steps:
        name = self._name(around)
        last = self._enter("Pass", name, previous)
        yield
        last = self._exit("Pass", name, last)
        yield
        return last

    def _loop(self, previous: int, around: tuple[str, ...]) -> Steps:
        name = self._name(around)
        for _ in range(self.random.randint(1, 3)):
            previous = self._enter("Wait", name, previous)
            yield
            previous = self._exit("Wait", name, previous)
            yield
        return previous

    def _task(self, previous: int, around: tuple[str, ...]) -> Steps:
        name = self._name(around)
        last = self._enter("Task", name, previous)
        yield
        while True:
            last = self.record.add("TaskScheduled", last, resourceType="sagemaker", resource="createTrainingJob.sync")
            yield
            last = self.record.add("TaskStarted", last, resourceType="sagemaker")
            yield
            if self.random.random() < 0.75:
                last = self.record.add("TaskSucceeded", last, output="{}")
                yield
                last = self._exit("Task", name, last)
                yield
                return last
            last = self.record.add("TaskFailed", last, error="E", cause="C")
            yield
            what = self.random.choice(["retry", "catch", "fail"])
            if what == "catch":
                last = self._exit("Task", name, last, "caught")
                yield
                return last
            if what == "fail":
                raise Broken(last, [name])

    def _parallel(self, previous: int, around: tuple[str, ...]) -> Steps:
        name = self._name(around)
        entered = self._enter("Parallel", name, previous)
        yield
        begin = entered
        while True:
            started = self.record.add("ParallelStateStarted", begin)
            yield
            branches = [self._sequence(started, (*around, name)) for _ in range(self.random.randint(1, 3))]
            try:
                last = yield from self._interleave(branches)
            except Broken as broken:
                self._break(broken, name)
                again = self.random.choice(["retry", "catch", "fail"])
                if again != "fail":
                    self.closed |= {inner for inner, around_it in self.around.items() if name in around_it}
                if again == "retry":
                    begin = broken.last
                    continue
                last = self.record.add("ParallelStateFailed", broken.last)
                yield
                if again == "fail":
                    raise Broken(last, [*broken.names, name]) from None
                last = self._exit("Parallel", name, last, "caught")
                yield
                return last
            last = self.record.add("ParallelStateSucceeded", last)
            yield
            last = self._exit("Parallel", name, last)
            yield
            return last

    def _map(self, previous: int, around: tuple[str, ...]) -> Steps:
        """A Map over one state, one iteration at a time, as AWS chains them."""
        name = self._name(around)
        inner = self._name((*around, name))
        items = self.random.randint(0, 3)
        last = self._enter("Map", name, previous)
        yield
        last = self.record.add("MapStateStarted", last, length=items)
        yield
        for index in range(items):
            begun = self.record.add("MapIterationStarted", last, name=name, index=index)
            yield
            last = self._enter("Pass", inner, begun)
            yield
            last = self._exit("Pass", inner, last)
            yield
            self.record.add("MapIterationSucceeded", last, name=name, index=index)
            yield
        self.record.add("MapStateSucceeded", last)
        yield
        last = self._exit("Map", name, last)
        yield
        return last

    def _break(self, broken: Broken, container: str) -> None:
        """Stop the siblings of what failed in *container*."""
        for name, fate in self.fates.items():
            if fate == "running" and container in self.around[name]:
                self.fates[name] = "failed" if name in broken.names else "aborted"

    def _interleave(self, branches: list[Steps]) -> Steps:
        last = 0
        while branches:
            branch = self.random.choice(branches)
            try:
                next(branch)
            except StopIteration as stop:
                last = stop.value
                branches.remove(branch)
            yield
        return last
