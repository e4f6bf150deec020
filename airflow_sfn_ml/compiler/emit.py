"""Lower blocks to states: name the joins, link by name, carry values across branches, pass over what may not run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from airflow_sfn_ml.asl import Catch, FlowState, Parallel, Pass, State, StateMachine, Succeed
from airflow_sfn_ml.asl.refs import Ref
from airflow_sfn_ml.compiler.data import refs_by_task, trimmed
from airflow_sfn_ml.compiler.decisions import decision_choice
from airflow_sfn_ml.compiler.fate import Fate, Fates, fates
from airflow_sfn_ml.compiler.gates import gate
from airflow_sfn_ml.compiler.graph import Graph
from airflow_sfn_ml.compiler.jsonata import expression, literal, select
from airflow_sfn_ml.compiler.linking import FOLLOWING, Linked, catching, leads_on, linked
from airflow_sfn_ml.compiler.mapped_groups import column, group_map
from airflow_sfn_ml.compiler.maps import MAP_STATUS
from airflow_sfn_ml.compiler.names import fresh
from airflow_sfn_ml.compiler.outcome import check, failure
from airflow_sfn_ml.compiler.rules import FAILED, SKIPPED, SUCCESS
from airflow_sfn_ml.compiler.scope import CHOICE, FAILURES, OUTPUT, STATUS, Fact, Scope, received
from airflow_sfn_ml.compiler.structure import Block, Par, Seq, names_in
from airflow_sfn_ml.compiler.work import Work, work_of
from airflow_sfn_ml.steps.decision import Decision
from airflow_sfn_ml.steps.procedure import SKIPPED as SKIPPED_KEY

ANSWERS = ((OUTPUT, "output"), (CHOICE, "choice"))
SKIP_STATUS = f"$exists({select('$states.result[0]', (SKIPPED_KEY,))}) ? '{SKIPPED}' : '{SUCCESS}'"
"""JSONata: the status of a task that may say of itself that it is skipped."""
CAUSE_LIMIT = 1024
"""How many characters of a failure's cause are carried on: variables and joins have to stay small."""


@dataclass(frozen=True)
class Emitter:
    """What stays the same while one machine is emitted."""

    graph: Graph
    block: Block
    partition: str
    fates: Fates
    readers: Mapping[Fact, frozenset[str]]
    refs: Mapping[str, frozenset[Ref]]
    survive: bool
    taken: set[str] = field(default_factory=set)

    @classmethod
    def of(
        cls,
        graph: Graph,
        block: Block,
        partition: str = "aws",
        *,
        survive: bool = True,
        reusable: bool = False,
        every: bool = False,
    ) -> Emitter:
        """The emitter of *graph*, which has the shape *block*; see `fates` for the other parameters."""
        found = fates(graph, block, survive=survive, reusable=reusable, every=every)
        readers: dict[Fact, set[str]] = {}
        for node in graph.nodes:
            for ref in node.reads:
                readers.setdefault((OUTPUT, ref.task), set()).add(node.name)
            for name in found.of[node.name].reads:
                readers.setdefault((STATUS, name), set()).add(node.name)
            for name, _ in found.of[node.name].deciders:
                readers.setdefault((CHOICE, name), set()).add(node.name)
        return cls(
            graph,
            block,
            partition,
            found,
            {fact: frozenset(names) for fact, names in readers.items()},
            refs_by_task(ref for node in graph.nodes for ref in node.reads),
            survive,
            {name for node in graph.nodes for name in (node.name, *(inner.name for inner in node.parts))},
        )

    @property
    def caught(self) -> set[str]:
        """The tasks after whose failure the machine goes on."""
        nodes = (
            fate.node
            for fate in self.fates.of.values()
            if fate.caught or (self.survive and fate.node.each is not None and fate.node.each.together)
        )
        return {task.name for node in nodes for task in (node.parts or (node,))}

    @property
    def read(self) -> frozenset[str]:
        """The tasks whose outputs are read."""
        return frozenset(task for kind, task in self.readers if kind == OUTPUT)

    def machine(self, comment: str | None = None) -> StateMachine:
        """The machine."""
        scope = Scope(0)
        failed = failure(fresh("failed", self.taken))
        parts: list[Linked] = []
        for number, part in enumerate(_parts(self.block)):
            parts.append(self._part(part, scope))
            if number in self.fates.checks:
                parts.append((check(fresh("outcome", self.taken), scope, failed.name),))
        if scope.failures:
            parts.append((check(fresh("outcome", self.taken), scope, failed.name),))
        if leads_on(parts[-1]):
            parts.append((Succeed(fresh("succeeded", self.taken), output={}),))
        states = linked(parts, (failed,) if any(fate.caught for fate in self.fates.of.values()) else ())
        return StateMachine(states[0].name, states, query_language="JSONata", comment=comment)

    def _branch(self, block: Block, outer: Scope, facts: tuple[Fact, ...]) -> tuple[StateMachine, bool]:
        """*block* as a branch that hands out *facts*, and whether it hands out failures."""
        scope = outer.inner()
        chain = self.chain(block, scope)
        done = Pass(fresh(f"{chain[-1][-1].name}: done", self.taken), output=scope.handed_out(facts))
        states = linked([*chain, (done,)])
        return StateMachine(states[0].name, states), bool(scope.failures)

    def chain(self, block: Block, scope: Scope) -> list[Linked]:
        """The states of *block*, part by part."""
        return [self._part(part, scope) for part in _parts(block)]

    def _part(self, part: Block, scope: Scope) -> Linked:
        """The states of one part of a sequence; those of one task belong together."""
        return self._parallel(part, scope) if isinstance(part, Par) else self._task(str(part), scope)

    def _task(self, name: str, scope: Scope) -> Linked:
        """The states of the task *name*: its work, and before it the gate where it may not run."""
        fate = self.fates.of[name]
        read = (OUTPUT, name) in self.readers
        work = (
            Work(*group_map(self, fate.node, scope, reusable=fate.reused))
            if fate.node.parts
            else work_of(
                fate.node, self.partition, scope.outputs, survive=self.survive, read=read, reusable=fate.reused
            )
        )
        self.taken.update(_inside(work.state))
        kept, otherwise, caught = self._kept(fate, scope, work.result)
        state: State = replace(work.state, assign=kept or None, output=work.result)
        if isinstance(fate.node.step, Decision) and not fate.caught:
            keys = {key: scope.known[kind, name] for kind, key in ANSWERS if (kind, name) in self.readers}
            always = {key: value for key, value in kept.items() if key not in keys.values()}
            state = decision_choice(fate.node, fate.node.step, scope.outputs, always, keys)
        elif fate.caught:
            assert isinstance(state, FlowState)
            catch = Catch(error_equals=("States.ALL",), next=FOLLOWING, assign=caught or None, output={})
            state = catching(state, catch, self.taken)
        return (gate(fate, scope, otherwise, self.taken), state) if fate.gated else (state,)

    def _kept(self, fate: Fate, scope: Scope, result: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """What is kept of a task in variables: after success, where it does not run, and after a failure."""
        name = fate.node.name
        kept: dict[str, Any] = {}
        otherwise: dict[str, Any] = {}
        caught: dict[str, Any] = {}
        if (OUTPUT, name) in self.readers:
            key = scope.add((OUTPUT, name))
            kept[key], otherwise[key], caught[key] = trimmed(result, self.refs[name]), None, None
        for inner in (inner.name for inner in fate.node.parts):
            if (OUTPUT, inner) in self.readers:
                key = scope.add((OUTPUT, inner))
                kept[key], otherwise[key], caught[key] = column(inner), None, None
        if (CHOICE, name) in self.readers:
            key = scope.add((CHOICE, name))
            kept[key], otherwise[key], caught[key] = expression("$states.result[0].choice"), [], []
        told = MAP_STATUS if fate.may_be_empty else SKIP_STATUS if fate.may_skip else None
        if (STATUS, name) in self.readers and (fate.caught or fate.gated or told):
            key = scope.add((STATUS, name))
            kept[key], caught[key] = expression(told) if told else SUCCESS, FAILED
        if fate.caught and not fate.node.forgiven:
            key = scope.add_failures(name)
            kept[key], otherwise[key], caught[key] = [], [], expression(_failure(name))
        return kept, otherwise, caught

    def _parallel(self, block: Par, scope: Scope) -> Linked:
        exports = [self._exports(branch) for branch in block.blocks]
        name = fresh(" | ".join(names_in(branch)[0] for branch in block.blocks), self.taken)
        made = [self._branch(branch, scope, facts) for branch, facts in zip(block.blocks, exports, strict=True)]
        kept = {scope.add(fact): received(position, fact) for position, facts in enumerate(exports) for fact in facts}
        failing = [position for position, (_, fails) in enumerate(made) if fails]
        if failing:
            lists = (select(f"$states.result[{position}]", (FAILURES,)) for position in failing)
            kept[scope.add_failures(name)] = expression(f"[{', '.join(lists)}]")
        return (
            Parallel(
                name,
                arguments={},
                branches=tuple(branch for branch, _ in made),
                assign=kept or None,
                output={},
            ),
        )

    def _exports(self, branch: Block) -> tuple[Fact, ...]:
        """What something outside of *branch* reads of its tasks."""
        nodes = [self.graph.nodes[self.graph.index[name]] for name in names_in(branch)]
        names = [name for node in nodes for name in (node.name, *(inner.name for inner in node.parts))]
        inside = frozenset(names)
        return tuple(
            (kind, name)
            for name in names
            for kind in (OUTPUT, STATUS, CHOICE)
            if self.readers.get((kind, name), frozenset()) - inside
        )


def _inside(state: State) -> Iterator[str]:
    """The names of the states within *state*."""
    for machine in (*getattr(state, "branches", ()), getattr(state, "item_processor", None)):
        for inner in machine.states if machine else ():
            yield inner.name
            yield from _inside(inner)


def _parts(block: Block) -> tuple[Block, ...]:
    return block.blocks if isinstance(block, Seq) else (block,)


def _failure(name: str) -> str:
    cause = f"$substring($states.errorOutput.Cause, 0, {CAUSE_LIMIT})"
    return f"[{{'task': {literal(name)}, 'error': $states.errorOutput.Error, 'cause': {cause}}}]"
