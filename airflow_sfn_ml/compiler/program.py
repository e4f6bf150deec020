"""The whole way from a graph to a machine, and the report of what was compiled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_sfn_ml import asl
from airflow_sfn_ml.asl.refs import refs_in
from airflow_sfn_ml.compiler.emit import Emitter
from airflow_sfn_ml.compiler.graph import Added, Graph, Node
from airflow_sfn_ml.compiler.structure import structure
from airflow_sfn_ml.exceptions import CompileError, TooLarge

DEFINITION_LIMIT = 1_048_576
"""AWS's limit for a definition, in bytes of UTF-8 (botocore: Definition)."""
EVENTS = {"Task": 6, "Parallel": 3, "Map": 3}
"""History events of one visit of a state without retries; every other type makes two."""


@dataclass(frozen=True)
class Report:
    """What was compiled, against AWS's limits.

    :param transitions: state transitions of a run without retries: what AWS charges for.
    :param events: history events of a run without retries; an execution fails at 25,000.
    :param size: bytes of the definition; AWS refuses more than 1,048,576.
    :param added: dependencies that only the structure needs, as (waits for, waiting).
    """

    tasks: int
    transitions: int
    events: int
    size: int
    added: tuple[Added, ...]

    def __str__(self) -> str:
        lines = [
            f"{self.tasks} tasks, {self.transitions} transitions a run, {self.events} history events of 25,000, "
            f"{self.size:,} bytes of {DEFINITION_LIMIT:,}"
        ]
        lines += [f"{later} also waits for {earlier}" for earlier, later in self.added]
        return "\n".join(lines)


@dataclass(frozen=True)
class Program:
    """A machine that does the work of a graph."""

    machine: asl.StateMachine
    definition: Mapping[str, Any] = field(repr=False)
    digest: str
    report: Report


def compile_graph(nodes: list[Node], *, partition: str = "aws", comment: str | None = None) -> Program:
    """Compile *nodes* into one machine.

    :raises CompileError: with every problem of the graph: duplicate names, a cycle, outputs read before they exist.
    :raises TooLarge: the definition exceeds AWS's limit.
    """
    graph = _checked(nodes)
    shape = structure(graph)
    return program_of(Emitter.of(graph, partition).machine(shape.block, comment), len(graph.nodes), shape.added)


def program_of(machine: asl.StateMachine, tasks: int | None = None, added: tuple[Added, ...] = ()) -> Program:
    """*machine* with its definition, digest and report.

    :param tasks: how many tasks it was made of; by default, how many of its states do work.
    :raises TooLarge: the definition exceeds AWS's limit.
    """
    definition = asl.render(machine)
    size = len(json.dumps(definition, ensure_ascii=False).encode())
    if size > DEFINITION_LIMIT:
        raise TooLarge(
            f"the definition has {size:,} bytes, AWS allows {DEFINITION_LIMIT:,}: split the group in two, or pass long "
            "requests as the XCom of a task before the group"
        )
    types = [type(state).__name__ for state in _states(machine)]
    report = Report(
        tasks=sum(name in ("Task", "Map") for name in types) if tasks is None else tasks,
        transitions=len(types),
        events=2 + sum(EVENTS.get(name, 2) for name in types),
        size=size,
        added=added,
    )
    return Program(machine, definition, asl.digest(definition), report)


def _checked(nodes: list[Node]) -> Graph:
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
    for node in graph.nodes:
        for ref in refs_in(node.step.request if node.step else None):
            problems += _read_problems(graph, node, ref.task)
    if problems:
        raise CompileError(problems)
    return graph


def _read_problems(graph: Graph, node: Node, task: str) -> list[str]:
    if task not in graph.index:
        return [f"{node.name}: reads the output of {task}, which is not a task of this group"]
    position = graph.index[task]
    if graph.nodes[position].step is None:
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
