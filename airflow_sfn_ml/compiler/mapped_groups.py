"""A mapped group of tasks: a Map that has the group's name, each iteration of which runs all tasks of the group.

The item, a dict of the group's arguments, is kept in a variable of the iteration. An iteration ends as a branch of a
Parallel does, handing out what is read of its tasks; what tasks after the group read of one of its tasks is the list of
that task's outputs. Where other branches run on after a failure, every failure in an iteration is caught, so that the
other iterations run on, and the Map fails when all have ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.asl import Map, Pass, StateMachine
from airflow_sfn_ml.asl.refs import INDEX, ITEM, Ref
from airflow_sfn_ml.compiler.graph import Graph, Node
from airflow_sfn_ml.compiler.jsonata import expression, literal, select
from airflow_sfn_ml.compiler.linking import linked
from airflow_sfn_ml.compiler.maps import done_before, items_of, passing_over
from airflow_sfn_ml.compiler.names import fresh, state_name, variable
from airflow_sfn_ml.compiler.scope import FAILURES, OUTPUT, Scope
from airflow_sfn_ml.compiler.structure import structure

if TYPE_CHECKING:
    from airflow_sfn_ml.compiler.emit import Emitter


def group_map(emitter: Emitter, node: Node, scope: Scope, *, reusable: bool = False) -> tuple[Map, Any]:
    """The Map of the mapped group *node*, and its result: nothing, or a failure that tells what failed.

    :param reusable: whether iterations that an earlier execution has done are passed over.
    """
    each = node.each
    assert each is not None
    graph = Graph.of(node.parts)
    shape = structure(graph)
    every = emitter.survive and each.together
    inner = type(emitter).of(graph, shape.block, emitter.partition, survive=emitter.survive, every=every)
    inner = _reading(inner, emitter)
    kept = variable(node.name, 0, "i")
    within = Scope(
        scope.depth + 1,
        dict(scope.known),
        item={ITEM: f"${kept}", INDEX: "$states.context.Map.Item.Index"},
    )
    first = Pass(state_name(f"{node.name}: each item"), assign={kept: expression("$states.input")})
    chain = inner.chain(shape.block, within)
    read = tuple((OUTPUT, part.name) for part in node.parts if (OUTPUT, part.name) in emitter.readers)
    done = Pass(fresh(f"{node.name}: each done", emitter.taken), output=within.handed_out(read))
    states = linked([(first,), *chain, (done,)])
    if reusable:
        before = done_before(node.name)
        outputs = {part: expression(select(f"{before}.output", (part,))) for _, part in read}
        states = passing_over(node.name, before, outputs, states)
    state = Map(
        node.name,
        items=items_of(node.name, each, scope.outputs),
        max_concurrency=each.concurrency,
        item_processor=StateMachine(states[0].name, states, processor_config={"Mode": "INLINE"}),
        comment=node.comment,
    )
    return state, _result(node.name) if within.failures else {}


def column(task: str) -> str:
    """The outputs of *task*, which is in a mapped group, in all iterations of the group's Map."""
    return expression(
        f"$count($states.result) = 0 ? [] : $map($states.result, function($r) {{ {select('$r', (task,))} }})[]"
    )


def _reading(inner: Emitter, outer: Emitter) -> Emitter:
    """*inner*, which also keeps what is read outside of its graph, of each instance what is read of the list."""
    readers, refs = dict(inner.readers), dict(inner.refs)
    for (kind, task), names in outer.readers.items():
        if kind == OUTPUT and task in inner.graph.index:
            readers[kind, task] = readers.get((kind, task), frozenset()) | names
            refs[task] = refs.get(task, frozenset()) | _of_one(outer.refs, task)
    return replace(inner, readers=readers, refs=refs, taken=outer.taken)


def _of_one(refs: Mapping[str, frozenset[Ref]], task: str) -> frozenset[Ref]:
    return frozenset(
        replace(ref, path=ref.path[1:] if ref.path and isinstance(ref.path[0], int) else ())
        for ref in refs.get(task, ())
    )


def _result(name: str) -> Any:
    failures = select("$states.result[$i]", (FAILURES,))
    first = select("$states.result[$bad[0]]", (FAILURES,))
    told = (
        f"{literal(name + ': ')} & $count($bad) & ' of ' & $count($states.result) & ' iterations failed ['"
        f" & $join($map($bad, $string), ',') & '], the first in ' & {first}[0].task & ' with ' & {first}[0].error"
        f" & ': ' & {first}[0].cause"
    )
    return expression(
        f"($bad := $filter([0..$count($states.result) - 1], function($i) {{ $count({failures}) > 0 }})[]; "
        f"$count($bad) > 0 ? $error({told}) : {{}})"
    )
