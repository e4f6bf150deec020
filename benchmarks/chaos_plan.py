"""What the chaos test does, decided before it begins by a seed. Pure.

The same seed gives the same stories, victims and faults in the same order; what they meet depends on how fast the
machine is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random

DAGS = ("chaos_stop", "chaos_continue")


class Story(StrEnum):
    """What becomes of the step that fails until its fix is there."""

    HEALTHY = "healthy"
    """The fix is there from the start."""
    FIXED = "fixed"
    """It fails, is fixed, and is cleared."""
    LATE = "late"
    """It fails, is cleared too early, fails again, is fixed, and is cleared."""
    NEVER = "never"
    """It fails and stays so."""


class Clearing(StrEnum):
    """What a person clears once the step is fixed."""

    FAILED = "failed"
    """What failed, and what depends on it."""
    TWICE = "twice"
    """The same, by two clicks."""
    SUCCEEDED = "succeeded"
    """The same, and a task that succeeded."""
    MEMBERS = "members"
    """All tasks of the group but its start."""
    START = "start"
    """The start of the group, and everything after it: the next generation."""


@dataclass(frozen=True)
class Plan:
    """One Dag run.

    :param again: which of the tasks that succeeded is cleared too, where one is.
    :param pause: the seconds between the two clicks, where there are two.
    """

    dag_id: str
    run_id: str
    story: Story
    clearing: Clearing
    again: str
    pause: float


@dataclass(frozen=True)
class Doom:
    """How the process of a task dies.

    :param who: "task" is the task's own process, "worker" the one of LocalExecutor that runs it.
    :param after: the share of its usual life that it lives.
    """

    who: str
    after: float


@dataclass(frozen=True)
class Blow:
    """A component of Airflow that is killed with SIGKILL.

    :param after: seconds since all of them were healthy.
    :param alone: whether what it has started outlives it until it is started again.
    :param down: the seconds until then.
    """

    after: float
    victim: str
    alone: bool
    down: float


@dataclass(frozen=True)
class Trouble:
    """Faults of AWS, as the embedded one takes them, for some seconds after some quiet ones."""

    quiet: float
    faults: str
    seconds: float


COMPONENTS = {"scheduler": 3, "triggerer": 3, "dag-processor": 2, "api-server": 1}
SERVICES = "services=stepfunctions+sagemaker+logs"
FAULTS = (
    "throttle=0.4",
    "error=0.3",
    "timeout=0.2",
    "lag=4s",
    "throttle=0.2,error=0.15,timeout=0.1,lag=2s",
    "error=1,after=1,actions=StartExecution+RedriveExecution",  # it is done, and nobody is told
    "timeout=1,after=1,actions=StartExecution+RedriveExecution",
    "timeout=1,after=0,actions=StartExecution+RedriveExecution",
    "throttle=1,actions=GetExecutionHistory+DescribeExecution+ListExecutions",
    "error=1,actions=GetExecutionHistory+DescribeExecution+ListExecutions",
)


def plans(runs: int, seed: int) -> list[Plan]:
    """What becomes of each Dag run."""
    random = Random(f"{seed} runs")
    made = []
    for number in range(runs):
        dag_id = DAGS[number % len(DAGS)]
        story = random.choices(tuple(Story), (3, 5, 2, 1))[0]
        if story is Story.NEVER and dag_id == "chaos_stop":
            story = Story.LATE  # what a failure stops beside itself is a matter of time
        clearing = random.choices(tuple(Clearing), (4, 3, 2, 2, 2))[0]
        again = random.choice(("g.prepare", "g.count", "g.tell"))
        made.append(Plan(dag_id, f"chaos-{number:03}", story, clearing, again, random.uniform(0, 2)))
    return made


def dooms(seed: int, share: float) -> Iterator[Doom | None]:
    """What becomes of one process of a task after another: the *share* of them that is killed."""
    random = Random(f"{seed} tasks")
    while True:
        doom = Doom(random.choice(("task", "task", "worker")), random.random())
        yield doom if random.random() < share else None


def blows(seed: int, every: float) -> Iterator[Blow]:
    """The components that are killed, about *every* so many healthy seconds."""
    random = Random(f"{seed} components")
    while True:
        victim = random.choices(tuple(COMPONENTS), tuple(COMPONENTS.values()))[0]
        yield Blow(random.uniform(0.2, 1.8) * every, victim, random.random() < 0.5, random.uniform(0.5, 4))


def troubles(seed: int) -> Iterator[Trouble]:
    """What goes wrong in AWS, one after another."""
    random = Random(f"{seed} faults")
    while True:
        for faults in random.sample(FAULTS, len(FAULTS)):
            told = f"{faults},{SERVICES},seed={random.randrange(1000)}"
            yield Trouble(random.uniform(1, 4), told, random.uniform(8, 20))
