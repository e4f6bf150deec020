"""The whole way from a graph to a machine, and the report of what was compiled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from airflow_sfn_ml import asl
from airflow_sfn_ml.compiler.each import Each
from airflow_sfn_ml.compiler.effort import Effort, each_item, effort
from airflow_sfn_ml.compiler.emit import Emitter
from airflow_sfn_ml.compiler.graph import Added, Graph, Node
from airflow_sfn_ml.compiler.kinds import with_kinds
from airflow_sfn_ml.compiler.split import best_split, costly
from airflow_sfn_ml.compiler.structure import Structure, structure
from airflow_sfn_ml.exceptions import CompileError, TooLarge

DEFINITION_LIMIT = 1_048_576
"""AWS's limit for a definition, in bytes of UTF-8 (botocore: Definition)."""
EVENTS_LIMIT = 25_000
"""AWS's limit for the events of an execution's history."""
SLOW = 1.1
"""From here on the added waiting is worth a warning."""
TOLD = 10
"""How many added dependencies are told in text."""


@dataclass(frozen=True)
class Report:
    """What was compiled, against AWS's limits.

    :param transitions: state transitions of a run without retries: what AWS charges for.
    :param events: history events of a run without retries; an execution fails at 25,000.
    :param size: bytes of the definition; AWS refuses more than 1,048,576.
    :param added: dependencies that only the structure needs, as (waits for, waiting); all others follow from these and
        the edges.
    :param takes: how many seconds a run is expected to take, as far as durations are known; None for a machine that was
        written as a whole.
    :param ideal: how many seconds it would take without the added dependencies.
    :param costly: pairs of tasks, the second of which waits for the first without an edge, to which the run owes its
        length.
    :param split: the tasks for which a group of their own would make it faster, and *split_takes* the seconds of both.
    :param caught: the tasks after whose failure others run on. When one of them fails, clearing it starts a new
        execution that reuses what succeeded; after any other failure the same execution is redriven.
    :param read: the tasks whose outputs other tasks of the group read.
    :param each: mapped tasks whose number of items is known only when the machine runs, and what each item makes of
        history events. *transitions* and *events* count one item of these.
    """

    tasks: int
    transitions: int
    events: int
    size: int
    added: tuple[Added, ...]
    takes: float | None = None
    ideal: float | None = None
    costly: tuple[Added, ...] = ()
    split: tuple[str, ...] = ()
    split_takes: float | None = None
    caught: tuple[str, ...] = ()
    read: frozenset[str] = frozenset()
    each: tuple[tuple[str, int], ...] = ()

    @property
    def slowdown(self) -> float:
        """How many times as long a run is expected to take as it would without the added dependencies."""
        return self.takes / self.ideal if self.takes and self.ideal else 1.0

    @property
    def warning(self) -> str | None:
        """What there is to say where the added dependencies cost much, and what would avoid it."""
        if self.slowdown <= SLOW or self.takes is None or self.ideal is None:
            return None
        text = (
            f"the run is expected to take {_time(self.takes)}, {self.slowdown - 1:.0%} longer than its edges ask for "
            f"({_time(self.ideal)}): branches of a state machine begin and end together, so "
            + _listed([f"{later} also waits for {earlier}" for earlier, later in self.costly])
        )
        if self.split_takes is not None:
            return f"{text}. A second group for {_listed(list(self.split))} would take it to {_time(self.split_takes)}"
        return f"{text}. No split in two groups was found that helps; are the expected_durations right?"

    def __str__(self) -> str:
        lines = [
            f"{self.tasks} tasks, {self.transitions} transitions a run, {self.events:,} history events of "
            f"{EVENTS_LIMIT:,}, {self.size:,} bytes of {DEFINITION_LIMIT:,}"
        ]
        if self.added:
            lines.append(f"{len(self.added)} dependencies added, {self.slowdown - 1:.0%} slower than without them")
        lines += [f"{later} also waits for {earlier}" for earlier, later in self.added[:TOLD]]
        if len(self.added) > TOLD:
            lines.append(f"and {len(self.added) - TOLD} more")
        lines += [
            f"{name}: {events} history events for each item; they are counted once here, since how many there are is "
            "known only when it runs"
            for name, events in self.each
        ]
        return "\n".join(lines)


@dataclass(frozen=True)
class Program:
    """A machine that does the work of a graph."""

    machine: asl.StateMachine
    definition: Mapping[str, Any] = field(repr=False)
    digest: str
    report: Report


def compile_graph(
    nodes: list[Node],
    *,
    partition: str = "aws",
    comment: str | None = None,
    survive: bool = True,
    reusable: bool = False,
) -> Program:
    """Compile *nodes* into one machine.

    :param survive: whether other branches run on after a failure, which is then told at the end.
    :param reusable: whether the machine passes over the tasks that its input names in ``reuse``, with the status and
        the output that it gives.
    :raises CompileError: with every problem of the graph: duplicate names, a cycle, outputs read before they exist.
    :raises TooLarge: the definition exceeds AWS's limit.
    """
    graph = _checked(with_kinds(nodes))
    shape = structure(graph)
    emitter = Emitter.of(graph, shape.block, partition, survive=survive, reusable=reusable)
    maps = {node.name: node.each for node in graph.nodes if node.each}
    program = program_of(emitter.machine(comment), sum(len(node.parts) or 1 for node in graph.nodes), maps)
    report = replace(_judged(program.report, graph, shape), caught=tuple(sorted(emitter.caught)), read=emitter.read)
    return replace(program, report=report)


def program_of(machine: asl.StateMachine, tasks: int | None = None, maps: Mapping[str, Each] | None = None) -> Program:
    """*machine* with its definition, digest and report.

    :param tasks: how many tasks it was made of; by default, how many of its states do work.
    :param maps: what its mapped tasks are mapped over.
    :raises TooLarge: the definition, or the history of a run, exceeds AWS's limit.
    """
    definition = asl.render(machine)
    size = len(json.dumps(definition, ensure_ascii=False, separators=(",", ":")).encode())  # as it is deployed
    if size > DEFINITION_LIMIT:
        raise TooLarge(
            f"the definition has {size:,} bytes, AWS allows {DEFINITION_LIMIT:,}: split the group in two, or pass long "
            "requests as the XCom of a task before the group"
        )
    used = effort(machine, maps or {})
    if tasks is not None and any(isinstance(state, asl.Fail) for state in machine.states):
        used += Effort(-1, -2)  # the end of a run in which something failed
    report = Report(
        tasks=sum(isinstance(state, (asl.Task, asl.Map)) for state in _states(machine)) if tasks is None else tasks,
        transitions=used.transitions,
        events=2 + used.events,
        size=size,
        added=(),
        each=each_item(machine, maps or {}),
    )
    if report.events > EVENTS_LIMIT and any(each.count for each in (maps or {}).values()):
        raise TooLarge(
            f"a run makes {report.events:,} history events, and AWS ends an execution at {EVENTS_LIMIT:,}: give the "
            f"iterations of {_listed(sorted(maps or {}))} executions of their own (distributed_maps), or split the "
            "group"
        )
    return Program(machine, definition, asl.digest(definition), report)


def _judged(report: Report, graph: Graph, shape: Structure) -> Report:
    """*report* with what *shape* adds to *graph*, and what that costs."""
    report = replace(report, added=shape.added, takes=shape.takes / 1000, ideal=shape.ideal / 1000)
    if report.slowdown <= SLOW:
        return report
    split = best_split(graph, shape)
    report = replace(report, costly=costly(graph, shape))
    return replace(report, split=split.second, split_takes=split.takes / 1000) if split else report


def _time(seconds: float) -> str:
    """*seconds* for people."""
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def _listed(texts: list[str]) -> str:
    more = [f"{len(texts) - TOLD} more"] if len(texts) > TOLD else []
    return ", ".join([*texts[:TOLD], *more])


def _checked(nodes: list[Node], outside: frozenset[str] = frozenset()) -> Graph:
    """The graph of *nodes*, which may read the outputs of *outside* too.

    :raises CompileError: with every problem.
    """
    problems: list[str] = []
    if not nodes:
        raise CompileError(["the group has no tasks: a state machine needs at least one"])
    seen: set[str] = set()
    for node in nodes:
        if node.name in seen:
            problems.append(f"{node.name}: two tasks would have this state name; rename one of them")
        seen.add(node.name)
    if problems:
        raise CompileError(problems)
    try:
        graph = Graph.of(nodes)
    except ValueError as error:
        raise CompileError([f"the tasks of the group wait for each other: {error}"]) from None
    around = {inner.name: node.name for node in graph.nodes for inner in node.parts}
    for node in graph.nodes:
        for ref in node.reads:
            if ref.task not in outside:
                problems += _read_problems(graph, node, around.get(ref.task, ref.task))
        if node.parts:
            _checked(list(node.parts), frozenset(graph.index) - {node.name})
    if problems:
        raise CompileError(problems)
    return graph


def _read_problems(graph: Graph, node: Node, task: str) -> list[str]:
    if task not in graph.index:
        return [f"{node.name}: reads the output of {task}, which is not a task of this group"]
    position = graph.index[task]
    if not graph.nodes[position].works:
        return [f"{node.name}: reads the output of {task}, which has none (an empty task)"]
    if not graph.before[graph.index[node.name]] >> position & 1:
        return [f"{node.name}: reads the output of {task} but does not wait for it: add {task} >> {node.name}"]
    return []


def _states(machine: asl.StateMachine) -> list[asl.State]:
    found: list[asl.State] = []
    for state in machine.states:
        found.append(state)
        for branch in getattr(state, "branches", ()):
            found += _states(branch)
    return found
