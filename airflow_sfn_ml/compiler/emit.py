"""Lower blocks to states: name the joins, link by name, carry values across branches."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from airflow_sfn_ml.asl import FlowState, Parallel, Pass, StateMachine
from airflow_sfn_ml.asl.refs import refs_in
from airflow_sfn_ml.compiler.graph import Graph
from airflow_sfn_ml.compiler.jsonata import expression, select
from airflow_sfn_ml.compiler.names import fresh, variable
from airflow_sfn_ml.compiler.structure import Block, Par, Seq, names_in
from airflow_sfn_ml.compiler.work import work_of


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
        work = work_of(node, self.partition, visible)
        kept = {variable(node.name, depth): work.result} if node.name in self.readers else None
        return replace(work.state, assign=kept, output=work.result)

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
