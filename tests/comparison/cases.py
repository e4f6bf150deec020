"""Small Dags as data: edges, trigger rules, setups, and what becomes of each task that runs.

Each is made twice: of plain Airflow operators, and of members of a state-machine group. What becomes of a task is
``success`` unless *outcomes* says ``fails``, ``slow``, or names the tasks that it chooses.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

FAILS = "fails"
SLOW = "slow"
SUCCESS, FAILED, SKIPPED, UPSTREAM_FAILED = "success", "failed", "skipped", "upstream_failed"


@dataclass(frozen=True)
class Case:
    """A Dag and what becomes of its tasks.

    :param edges: ``"a>b b>c,d"``: each word is one task, or several, before others.
    :param rules: the trigger rules that are not ``all_success``.
    :param outcomes: ``fails``, or the names of the tasks after it that the task chooses, separated by commas ("" for
        none of them).
    :param teardowns: the setups that each teardown belongs to.
    :param fails_run: teardowns whose failure is the Dag run's.
    :param groups: tasks that lie in a group of their own, by its name.
    """

    name: str
    edges: str
    rules: Mapping[str, str] = field(default_factory=dict)
    outcomes: Mapping[str, str] = field(default_factory=dict)
    teardowns: Mapping[str, str] = field(default_factory=dict)
    fails_run: str = ""
    groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The edges one by one."""
        found: list[tuple[str, str]] = []
        for word in self.edges.split():
            ends = [end.split(",") for end in word.split(">")]
            for before, after in itertools.pairwise(ends):
                found += list(itertools.product(before, after))
        return found

    @property
    def tasks(self) -> list[str]:
        """All tasks, in the order in which they are named."""
        return list(dict.fromkeys(name for word in self.edges.split() for name in word.replace(">", ",").split(",")))

    @property
    def setups(self) -> set[str]:
        """The tasks that some teardown belongs to."""
        return {name for names in self.teardowns.values() for name in names.split(",") if name}

    def chooses(self, task: str) -> list[str] | None:
        """What *task* chooses; None if it does not choose."""
        outcome = self.outcomes.get(task)
        return None if outcome in (None, FAILS, SLOW) else [name for name in str(outcome).split(",") if name]

    def after(self, task: str) -> list[str]:
        """The tasks right after *task*."""
        return [after for before, after in self.pairs if before == task]


RULES = (
    "all_success",
    "all_done",
    "none_failed",
    "none_failed_min_one_success",
    "none_skipped",
    "all_failed",
    "all_skipped",
    "all_done_min_one_success",
    "all_done_setup_success",
    "always",
)
STATES = {
    "both run": {},
    "one fails": {"b": FAILS},
    "both fail": {"b": FAILS, "c": FAILS},
    "one is skipped": {"a": "b,x"},
    "both are skipped": {"a": "x"},
    "one fails, one is skipped": {"a": "b,x", "b": FAILS},
}


def joins() -> Iterator[Case]:
    """Every rule over two tasks, for all that can become of the two; a task after it shows what the others see."""
    for rule, (title, outcomes) in itertools.product(RULES, STATES.items()):
        shape = "a>b,c,x b,c>d>e" if "a" in outcomes else "a>b,c b,c>d>e"
        yield Case(f"{rule}: {title}", shape, {"d": rule}, outcomes)


SHAPES = (
    Case("a chain", "a>b>c>d"),
    Case("a chain that fails at its head", "a>b>c>d", outcomes={"a": FAILS}),
    Case("a chain that fails in the middle and is mended", "a>b>c>d", {"c": "all_done"}, {"b": FAILS}),
    Case("a chain that goes on only after a failure", "a>b>c", {"b": "all_failed"}, {"a": FAILS}),
    Case("a chain whose mending task is not needed", "a>b>c", {"b": "all_failed"}),
    Case("a chain whose last task fails", "a>b>c", outcomes={"c": FAILS}),
    Case("a failure that upstream_failed carries on", "a>b>c>d", {"d": "all_failed"}, {"a": FAILS}),
    Case("a failure that none_failed carries on", "a>b>c>d", {"c": "none_failed", "d": "none_failed"}, {"a": FAILS}),
    Case("a fork of which one fails", "a>b,c,d", outcomes={"c": FAILS}),
    Case("a fork whose root fails", "a>b,c", {"c": "all_done"}, {"a": FAILS}),
    Case("a diamond of which one side fails", "a>b,c>d", outcomes={"b": FAILS}),
    Case("a diamond that joins whatever happened", "a>b,c>d", {"d": "all_done"}, {"b": FAILS}),
    Case("a diamond that fails at its root", "a>b,c>d", {"d": "none_skipped"}, {"a": FAILS}),
    Case("a join of roots of which one fails", "a,b,c>d", outcomes={"b": FAILS}),
    Case("a join of roots of which all fail", "a,b>c>d", {"c": "all_failed"}, {"a": FAILS, "b": FAILS}),
    Case("an N whose shared root fails", "a>c b>c b>d", outcomes={"b": FAILS}),
    Case("an N whose other root fails", "a>c b>c b>d", outcomes={"a": FAILS}),
    Case("an N that mends one side", "a>c b>c b>d", {"c": "all_done", "d": "all_failed"}, {"b": FAILS}),
    Case("two chains side by side of which one fails", "a>b>c d>e>f", outcomes={"b": FAILS}),
    Case("two chains side by side of which both fail", "a>b>c d>e>f", outcomes={"a": FAILS, "e": FAILS}),
    Case("two chains that meet after a failure", "a>b>e c>d>e", {"e": "none_failed"}, {"c": FAILS}),
    Case("two failures side by side, then a task for the case", "a,b>c a,b>d", {"d": "all_done"}, {"a": FAILS}),
    Case("a layer before a layer", "a,b>c,d>e", {"c": "all_done", "e": "all_done_min_one_success"}, {"a": FAILS}),
    Case("a barrier that delays and never gates", "a>c a>d b>d b>e", outcomes={"a": FAILS}),
    Case("nested groups", "a>b>c,d>e>f", {"e": "all_done"}, {"c": FAILS}, groups={"b": "g1", "c": "g1", "d": "g1"}),
    Case(
        "a failure within a failure", "a>b,c b>d,e c>f d,e>h f,h>i", {"h": "all_done", "i": "none_failed"}, {"d": FAILS}
    ),
    Case("a long way round", "a>b>c>d a>d", {"d": "none_failed"}, {"b": FAILS}),
    Case("a task that comes always, whatever is before it", "a>b>c", {"c": "always"}, {"a": FAILS}),
    Case("a task that comes always and fails", "a>b", {"b": "always"}, {"b": FAILS}),
    Case("always in the middle", "a>b>c", {"b": "always"}, {"a": FAILS}),
)
BRANCHES = (
    Case("a branch that chooses one way", "a>b,c", outcomes={"a": "b"}),
    Case("a branch that chooses both ways", "a>b,c", outcomes={"a": "b,c"}),
    Case("a branch that chooses nothing", "a>b,c>d", outcomes={"a": ""}),
    Case("a branch that joins", "a>b,c>d", {"d": "none_failed_min_one_success"}, {"a": "b"}),
    Case("a branch that joins with all_success", "a>b,c>d>e", outcomes={"a": "b"}),
    Case("a branch whose chosen way fails", "a>b,c>d", {"d": "none_failed_min_one_success"}, {"a": "b", "b": FAILS}),
    Case("a branch that fails", "a>b,c>d", {"d": "none_failed"}, {"a": FAILS}),
    Case("a branch with an empty way", "a>b>c a>c", {"c": "none_failed"}, {"a": "b"}),
    Case("a branch that takes the empty way", "a>b>c a>c", {"c": "none_failed_min_one_success"}, {"a": "c"}),
    Case("a long way that is not chosen", "a>b>c>f a>d>e>f", {"f": "none_failed_min_one_success"}, {"a": "d"}),
    Case("a branch within a branch", "a>b,c b>d,e d,e,c>f", {"f": "none_failed"}, {"a": "b", "b": "e"}),
    Case("a branch within a way that is not chosen", "a>b,c b>d,e d,e,c>f", {"f": "none_failed"}, {"a": "c", "b": "e"}),
    Case("two branches over one task", "a>c,d b>c,e", outcomes={"a": "c", "b": "e"}),
    Case("two branches that both choose it", "a>c,d b>c,e", outcomes={"a": "c", "b": "c"}),
    Case("a task that runs always is skipped where it is not chosen", "a>b,c", {"c": "all_done"}, {"a": "b"}),
    Case("a skipped task before one that is done", "a>b,c c>d", {"d": "all_done"}, {"a": "b"}),
    Case("a skipped task before one for skipped tasks", "a>b,c c>d", {"d": "all_skipped"}, {"a": "b"}),
    Case("a skip that goes a long way", "a>b,c c>d>e>f", {"f": "none_failed"}, {"a": "b"}),
    Case("a task that is not chosen and comes after a failure too", "a>c b>c", outcomes={"a": "", "b": FAILS}),
    Case("tasks that are not chosen, each after another task too", "r>a,b a>c,d b>c", outcomes={"a": "d", "b": FAILS}),
    Case("a branch after a failure", "a>b>c,d", {"b": "all_done"}, {"a": FAILS, "b": "d"}),
    Case("a branch beside a failure", "r>a,x a>b,c b,c,x>d", {"d": "none_failed"}, {"a": "b", "x": FAILS}),
    Case("the join of a branch after which all is skipped", "a>b,c>d>e", {"d": "all_skipped"}, {"a": ""}),
)
SETUPS = (
    Case("a setup, work, a teardown", "s>w>t", teardowns={"t": "s"}),
    Case("a teardown after work that failed", "s>w>t", outcomes={"w": FAILS}, teardowns={"t": "s"}),
    Case("a setup that fails", "s>w>t", outcomes={"s": FAILS}, teardowns={"t": "s"}),
    Case("a teardown that fails", "s>w>t", outcomes={"t": FAILS}, teardowns={"t": "s"}),
    Case("a teardown that fails the run", "s>w>t", outcomes={"t": FAILS}, teardowns={"t": "s"}, fails_run="t"),
    Case("work after a teardown", "s>w>t>x", outcomes={"w": FAILS}, teardowns={"t": "s"}),
    Case("two tasks between setup and teardown", "s>v>w>t", outcomes={"v": FAILS}, teardowns={"t": "s"}),
    Case("tasks side by side between them", "s>v,w>t", outcomes={"v": FAILS}, teardowns={"t": "s"}),
    Case("two setups of which one fails", "r,s>w>t", outcomes={"r": FAILS}, teardowns={"t": "r,s"}),
    Case("two setups that both fail", "r,s>w>t", outcomes={"r": FAILS, "s": FAILS}, teardowns={"t": "r,s"}),
    Case("a setup within a setup", "r>s>w>t>u", outcomes={"s": FAILS}, teardowns={"t": "s", "u": "r"}),
    Case("a setup that is not chosen", "a>s,x s>w>t", outcomes={"a": "x"}, teardowns={"t": "s"}),
    Case("work that is not chosen between them", "s>a>v,w v,w>t", outcomes={"a": "v"}, teardowns={"t": "s"}),
    Case("a setup far above work for all cases", "s>v>w>t", {"w": "all_done"}, {"s": FAILS}, teardowns={"t": "s"}),
    Case("a teardown of its own", "a>b>t", {"t": "all_done"}, {"b": FAILS}),
    Case("all_done_setup_success without a setup", "a>b>c", {"c": "all_done_setup_success"}, {"b": FAILS}),
    Case("a task beside a setup", "s>w>t w>x", outcomes={"w": FAILS}, teardowns={"t": "s"}),
    Case("a setup before a teardown and other work", "s>w>t s>t s>x", outcomes={"x": FAILS}, teardowns={"t": "s"}),
)
CASES: Mapping[str, Case] = {case.name: case for case in (*joins(), *SHAPES, *BRANCHES, *SETUPS)}

STOPPED: Mapping[str, tuple[Case, Mapping[str, str]]] = {
    f"stop: {case.name}": (case, dict(zip(case.tasks, states.split(), strict=True)))
    for case, states in (
        (Case("a chain", "a>b>c", outcomes={"b": FAILS}), "success failed upstream_failed"),
        (
            Case("a fork", "a>b,c,d d>e", outcomes={"b": SLOW, "c": FAILS, "d": SLOW}),
            "success failed failed failed upstream_failed",
        ),
        (
            Case("two chains", "a>b c>d>e", outcomes={"a": FAILS, "c": SLOW}),
            "failed upstream_failed failed upstream_failed upstream_failed",
        ),
        (
            Case("a branch", "a>b,c>d", {"d": "none_failed_min_one_success"}, {"a": "b"}),
            "success success skipped success",
        ),
        (
            Case("a branch whose way fails", "a>b,c>d", {"d": "none_failed"}, {"a": "b", "b": FAILS}),
            "success failed skipped upstream_failed",
        ),
        (Case("always", "a>b>c", {"c": "always"}, {"b": FAILS, "c": SLOW}), "success failed failed"),
        (Case("all is well", "a>b,c>d"), "success success success success"),
    )
}
"""What becomes of tasks with ``on_failure="stop"``: a failure ends what runs beside it, and nothing comes after it."""


def dag_id(case: Case, kind: str) -> str:
    """The id of the Dag of *case*: letters, digits and underscores."""
    return f"{kind}__{''.join(char if char.isalnum() else '_' for char in case.name)}"
