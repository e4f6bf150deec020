"""Lower blocks to states: name the joins, link by name, carry values across branches."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from airflow_sfn_ml.asl import FlowState, Parallel, Pass, Retry, StateMachine, Task
from airflow_sfn_ml.asl.refs import refs_in
from airflow_sfn_ml.compiler.data import arguments
from airflow_sfn_ml.compiler.graph import Graph, Node
from airflow_sfn_ml.compiler.jsonata import expression, literal, select
from airflow_sfn_ml.compiler.names import fresh, variable
from airflow_sfn_ml.compiler.structure import Block, Par, Seq, names_in

THROTTLED = Retry(
    error_equals=("SageMaker.AmazonSageMakerException",),
    interval_seconds=2,
    max_attempts=6,
    backoff_rate=2,
    max_delay_seconds=30,
    jitter_strategy="FULL",
)
"""Throttling and refused requests reach the machine under this one name, so the retries are bounded."""
AT_LIMIT = Retry(
    error_equals=("SageMaker.ResourceLimitExceededException",),
    interval_seconds=60,
    max_attempts=20,
    backoff_rate=1.5,
    max_delay_seconds=600,
)
"""The account's quota of instances is in use; other jobs may end."""
NEVER = Retry(
    error_equals=("States.QueryEvaluationError", "States.Permissions"),
    max_attempts=0,
)
"""Trying again changes nothing, and would run a job that has finished a second time. Stands before the user's
retrier."""


@dataclass(frozen=True)
class Emitter:
    """What stays the same while one machine is emitted."""

    graph: Graph
    partition: str = "aws"
    readers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, graph: Graph, partition: str) -> Emitter:
        readers: dict[str, set[str]] = {}
        for node in graph.nodes:
            for ref in refs_in(node.step.request if node.step else None):
                readers.setdefault(ref.task, set()).add(node.name)
        return cls(
            graph,
            partition,
            {task: frozenset(names) for task, names in readers.items()},
            {node.name for node in graph.nodes},
        )

    def machine(self, block: Block, comment: str | None = None) -> StateMachine:
        """The whole of *block* as a machine."""
        states = self._chain(block, 0, {})
        return StateMachine(states[0].name, states, query_language="JSONata", comment=comment)

    def _chain(
        self, block: Block, depth: int, outer: Mapping[str, str], exports: tuple[str, ...] = ()
    ) -> tuple[FlowState, ...]:
        """The states of *block*, one after another; the last hands out the tasks in *exports*."""
        visible = dict(outer)
        chain: list[FlowState] = []
        for part in block.blocks if isinstance(block, Seq) else (block,):
            chain.append(self._state(part, depth, visible))
            for name in names_in(part):
                visible[name] = variable(name, depth)
        if depth:
            handed_out = {name: expression(f"${visible[name]}") for name in exports}
            chain.append(Pass(fresh(f"{chain[-1].name}: done", self.taken), output=handed_out))
        linked = (replace(state, next=following.name) for state, following in itertools.pairwise(chain))
        return (*linked, chain[-1])

    def _state(self, block: Block, depth: int, visible: Mapping[str, str]) -> FlowState:
        if isinstance(block, Par):
            return self._parallel(block, depth, visible)
        assert isinstance(block, str)
        node = self.graph.nodes[self.graph.index[block]]
        if node.step is None:
            return Pass(node.name, output={}, comment=node.comment)
        return self._task(node, depth, visible)

    def _task(self, node: Node, depth: int, visible: Mapping[str, str]) -> Task:
        step = node.step
        assert step is not None
        result = _result(node)
        kept = {variable(node.name, depth): result} if node.name in self.readers else None
        return Task(
            node.name,
            resource=f"arn:{self.partition}:states:::{step.integration}",
            arguments=arguments(node.name, step, visible),
            timeout_seconds=node.timeout_seconds,
            retry=(THROTTLED, AT_LIMIT, NEVER, *((node.retry,) if node.retry else ())),
            assign=kept,
            output=result,
            comment=node.comment,
        )

    def _parallel(self, block: Par, depth: int, visible: Mapping[str, str]) -> Parallel:
        exports = [self._exports(branch) for branch in block.blocks]
        name = fresh(" | ".join(names_in(branch)[0] for branch in block.blocks), self.taken)
        kept = {
            variable(task, depth): expression(select(f"$states.result[{position}]", (task,)))
            for position, tasks in enumerate(exports)
            for task in tasks
        }
        branches = []
        for branch, tasks in zip(block.blocks, exports, strict=True):
            states = self._chain(branch, depth + 1, visible, tasks)
            branches.append(StateMachine(states[0].name, states))
        return Parallel(name, arguments={}, branches=tuple(branches), assign=kept or None, output={})

    def _exports(self, branch: Block) -> tuple[str, ...]:
        """The tasks of *branch* that something outside of it reads."""
        inside = frozenset(names_in(branch))
        return tuple(name for name in names_in(branch) if self.readers.get(name, frozenset()) - inside)


def _result(node: Node) -> object:
    """What the task pushes: the service's answer as the upstream operator gives it, or a failure if it did not succeed.

    How ``.sync`` treats a job that was stopped is not documented, so the status is looked at.
    """
    step = node.step
    assert step is not None
    answer = "$states.result"
    if step.status_field:
        status = f"{answer}.{step.status_field}"
        complaint = f"{literal(node.name + ': the job ended as ')} & {status}"
        answer = f"{status} = {literal(step.success_status)} ? {answer} : $error({complaint})"
    return {step.result_key: expression(answer)} if step.result_key else expression(answer)
