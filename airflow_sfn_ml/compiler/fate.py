"""What can become of each task: which failures the machine has to survive, and which tasks may not run. Pure.

A Catch costs a redrive: an execution that went on after a failure cannot be resumed at the task that failed. So a
failure is caught only where something else could still run, at its side or after it, or where an earlier failure may
have to be told together with it. In a chain nothing is caught: the machine ends where it failed, and is redriven there.

Where none of the tasks left would run after any of the failures so far, the machine looks once whether there was one.
What comes then needs no gates, and fails as in a chain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from airflow_sfn_ml.compiler.graph import Graph, Node, bits
from airflow_sfn_ml.compiler.rules import NEEDS_SUCCESS, Condition, Upstream, condition
from airflow_sfn_ml.compiler.structure import Block, Par, Seq, names_in
from airflow_sfn_ml.steps.decision import Decision
from airflow_sfn_ml.steps.procedure import Procedure

NEVER_SURE = frozenset({"all_failed", "all_skipped"})
"""Tasks with these rules are skipped when all goes well."""


@dataclass(frozen=True)
class Fate:
    """What the emitter has to know of one task.

    :param caught: whether the machine goes on when it fails.
    :param reused: whether an earlier execution may have done it already.
    :param unsure: the direct upstream tasks whose status decides, *setups* those among them that are setups, and
        *around* the setups further up.
    :param deciders: the decisions right before it, each with the choices that let it run.
    """

    node: Node
    caught: bool = False
    reused: bool = False
    unsure: tuple[str, ...] = ()
    known: int = 0
    known_setups: int = 0
    setups: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    deciders: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def gated(self) -> bool:
        """Whether it may not run."""
        return bool(self.deciders) or self.reused or self.runs(str).runs is not None

    @property
    def may_be_empty(self) -> bool:
        """Whether it is mapped over what may be nothing, so that it may count as skipped."""
        return self.node.each is not None and self.node.each.may_be_empty

    @property
    def may_skip(self) -> bool:
        """Whether it may say of itself that it counts as skipped."""
        return isinstance(self.node.step, Procedure) and self.node.step.may_skip

    @property
    def reads(self) -> tuple[str, ...]:
        """The tasks whose status is looked at before it runs."""
        return tuple(dict.fromkeys((*self.unsure, *self.around)))

    def runs(self, status: Callable[[str], str]) -> Condition:
        """When it runs by its trigger rule; *status* gives the variable with the status of a task."""
        return condition(
            self.node.rule,
            Upstream(
                self.known,
                tuple(status(name) for name in self.unsure),
                tuple(status(name) for name in self.setups),
                self.known_setups,
                tuple(status(name) for name in self.around),
            ),
        )


@dataclass(frozen=True)
class Fates:
    """The fate of every task of a machine.

    :param checks: after which parts of the whole sequence the machine ends if something failed.
    """

    of: Mapping[str, Fate]
    checks: frozenset[int] = frozenset()


def fates(graph: Graph, block: Block, *, survive: bool, reusable: bool, every: bool = False) -> Fates:
    """What can become of the tasks of *graph*, which has the shape *block*.

    :param survive: whether other branches run on after a failure.
    :param reusable: whether tasks that an earlier execution has done are to be passed over.
    :param every: whether every failure is survived, since something beside the graph may still run.
    """
    needed = [_needed(graph, node) for node in graph.nodes]
    stopped = _onward(needed)
    caught = _caught(graph, block, stopped, _backward(needed)) if survive else 0
    if every:
        caught = sum(1 << position for position, node in enumerate(graph.nodes) if node.works)
    found: dict[str, Fate] = {}
    checks: set[int] = set()
    unsure: set[str] = set()
    may_skip: set[str] = set()
    parts = block.blocks if isinstance(block, Seq) else (block,)
    left = (1 << len(graph.nodes)) - 1
    for number, part in enumerate(parts):
        positions = sorted(graph.index[name] for name in names_in(part))
        for position in positions:
            node = graph.nodes[position]
            fate = found[node.name] = _fate(graph, node, bool(caught >> position & 1), reusable, unsure)
            if fate.caught or fate.gated or fate.may_be_empty or fate.may_skip:
                unsure.add(node.name)
            if (
                fate.may_be_empty
                or fate.may_skip
                or fate.reused
                or fate.deciders
                or node.rule in NEVER_SURE
                or may_skip & (node.upstream | node.setups)
            ):
                may_skip.add(node.name)
            left &= ~(1 << position)
        if left and not reusable and not every and _ends_all(graph, caught & ~left, left, stopped):
            checks.add(number)
            caught &= left
            unsure &= may_skip
    return Fates(found, frozenset(checks))


def _ends_all(graph: Graph, failing: int, left: int, stopped: list[int]) -> bool:
    """Whether none of *left* runs after any failure of *failing*."""
    return bool(failing) and all(
        not graph.nodes[position].forgiven and not left & ~stopped[position] for position in bits(failing)
    )


def _fate(graph: Graph, node: Node, caught: bool, reusable: bool, unsure: set[str]) -> Fate:
    nodes = {name: graph.nodes[graph.index[name]] for name in (*node.upstream, *node.setups)}
    upstream = sorted(node.upstream)
    sure = [name for name in upstream if name not in unsure]
    return Fate(
        node,
        caught=caught,
        reused=reusable and node.works and not isinstance(node.step, Decision),
        unsure=tuple(name for name in upstream if name in unsure),
        known=len(sure) + node.outside,
        known_setups=sum(nodes[name].setup for name in sure),
        setups=tuple(name for name in upstream if name in unsure and nodes[name].setup),
        around=tuple(name for name in sorted(node.setups - node.upstream) if name in unsure),
        deciders=tuple(
            (name, _choices(graph, node, nodes[name])) for name in upstream if isinstance(nodes[name].step, Decision)
        ),
    )


def _choices(graph: Graph, node: Node, decision: Node) -> tuple[str, ...]:
    """The tasks right after *decision* whose choice lets *node* run: itself, and those that it comes after.

    Airflow skips what was not chosen, except for what comes after something that was (``SkipMixin.skip_all_except``).
    """
    before = graph.before[graph.index[node.name]]
    return tuple(
        other.name
        for position, other in enumerate(graph.nodes)
        if decision.name in other.upstream and (other.name == node.name or before >> position & 1)
    )


def _caught(graph: Graph, block: Block, stopped: list[int], stopped_by: list[int]) -> int:
    """The tasks whose failure is to be caught, as a bit set."""
    everything = (1 << len(graph.nodes)) - 1
    earlier = _earlier(graph, block)
    caught = 0
    for position, node in enumerate(graph.nodes):
        if node.works and everything & ~earlier[position] & ~(1 << position) & ~stopped[position]:
            caught |= 1 << position
    for position, node in enumerate(graph.nodes):
        if node.works and caught & earlier[position] & ~stopped_by[position]:
            caught |= 1 << position
    return caught


def _needed(graph: Graph, node: Node) -> int:
    """The tasks without whose success *node* surely never runs, as far as it is connected to them, as a bit set."""
    needed = set(node.setups)
    if node.rule in NEEDS_SUCCESS:
        needed |= node.upstream
    elif node.rule == "all_done_setup_success":
        setups = [name for name in node.upstream if graph.nodes[graph.index[name]].setup]
        needed |= set(setups) if len(setups) == 1 else set()
    return sum(1 << graph.index[name] for name in needed)


def _backward(needed: list[int]) -> list[int]:
    """For each task, those after whose failure it surely never runs."""
    found: list[int] = []
    for mask in needed:
        for other in bits(mask):
            mask |= found[other]
        found.append(mask)
    return found


def _onward(needed: list[int]) -> list[int]:
    """For each task, those that surely never run once it has failed."""
    found = [0] * len(needed)
    for position in reversed(range(len(needed))):
        for other in bits(needed[position]):
            found[other] |= found[position] | 1 << position
    return found


def _earlier(graph: Graph, block: Block) -> list[int]:
    """For each task, those that have surely ended before it begins in *block*, as bit sets."""
    found = [0] * len(graph.nodes)

    def visit(inner: Block, before: int) -> int:
        """Note what is before each task of *inner*; return the tasks of *inner*."""
        match inner:
            case Seq(blocks):
                own = 0
                for part in blocks:
                    own |= visit(part, before | own)
                return own
            case Par(blocks):
                own = 0
                for part in blocks:
                    own |= visit(part, before)
                return own
            case _:
                position = graph.index[str(inner)]
                found[position] = before
                return 1 << position

    visit(block, 0)
    return found
