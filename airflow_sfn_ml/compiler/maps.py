"""A mapped task: a Map that has the task's name, and runs the task's work once for each item.

An iteration begins with the item as its input, which the first state reads; work of several states keeps it in a
variable. The state ``<task>: each`` does the work of one instance: its output is the instance's XCom, its retries are
the instance's. The Map itself is never tried again, since that would do again what is done.

What an iteration hands on is what is read later, since the results of all iterations together must stay below 256 KiB.
Where other branches run on after a failure, so do the other iterations: a failed one is caught and told, and when all
have ended the Map fails for it.

An iteration of a distributed Map is an execution of its own, which sees neither the variables nor the input around it.
So everything that the request needs from there goes into its item.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from airflow_sfn_ml.asl import Catch, Choice, ChoiceRule, FlowState, Map, Parallel, Pass, State, StateMachine
from airflow_sfn_ml.asl.refs import INDEX, ITEM, Code, Given, Item, Param, Ref, Text
from airflow_sfn_ml.asl.states import WorkingState
from airflow_sfn_ml.compiler.data import bind, source
from airflow_sfn_ml.compiler.each import INLINE_LIMIT, Each
from airflow_sfn_ml.compiler.graph import Node
from airflow_sfn_ml.compiler.jsonata import expression, literal, select
from airflow_sfn_ml.compiler.names import each_state, gate_name, state_name, variable

Visible = Mapping[str, str]
Make = Callable[[Node, Visible], tuple[FlowState, Any]]
"""Makes the state and the result of a task that is not mapped."""
REUSE = "$states.context.Execution.Input.reuse"
"""What an earlier execution has done: ``{task: {"status": ..., "output": ...}}``, and of the iterations of a mapped
task that is done in part ``{"<task>: each": {index: {"output": ...}}}``."""
MAP_STATUS = "$count($states.result) = 0 ? 'skipped' : 'success'"
"""The status of a mapped task that did not fail: Airflow skips one that has nothing to do."""
CAUSE_LIMIT = 1024
"""How many characters of the cause of a failed iteration are kept."""


def map_work(
    node: Node, visible: Visible, make: Make, *, survive: bool, read: bool, reusable: bool = False
) -> tuple[Map, Any]:
    """The Map of *node*, and the list of its instances' XComs.

    :param make: makes the work of an instance.
    :param survive: whether the other iterations run on after one has failed.
    :param read: whether a task of the machine reads the list; if none does, it is empty.
    :param reusable: whether iterations that an earlier execution has done are passed over.
    """
    each = node.each
    assert each is not None
    assert node.step is not None
    survive = survive and each.together
    outer: dict[str, Any] = {}
    if each.distributed:
        lifting = _Lifting()
        step = node.step.with_request(lifting.lift(node.step.request))
        node = replace(node, step=step, credentials=lifting.lift(node.credentials))
        outer = {key: bind(node.name, value, visible) for key, value in lifting.outer.items()}
    selector = {"item": expression("$states.context.Map.Item.Value"), "outer": outer} if each.distributed else None
    chain: tuple[State, ...] = _iteration(node, {} if each.distributed else visible, make, survive=survive, read=read)
    if reusable:
        done = "$states.input.done" if each.distributed else done_before(node.name)
        if selector:
            told = done_before(node.name)
            selector["done"] = expression(f"$exists({told}) ? {told} : null")
        output = {"output": expression(f"{done}.output")} if survive else expression(f"{done}.output")
        chain = passing_over(node.name, done, output if read else {}, chain)
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"} if each.distributed else {"Mode": "INLINE"}
    state = Map(
        node.name,
        items=items_of(node.name, each, visible),
        item_selector=selector,
        max_concurrency=each.concurrency,
        item_processor=StateMachine(chain[0].name, chain, processor_config=config),
        comment=" ".join(filter(None, (node.comment, _why_distributed(each)))) or None,
    )
    return state, _result(node.name, survive=survive, read=read)


def _why_distributed(each: Each) -> str | None:
    """Why each iteration is an execution of its own, for people who read the definition."""
    if not each.distributed:
        return None
    if each.count is not None and each.count > INLINE_LIMIT:
        return f"Distributed: {each.count} items, and an inline Map works on {INLINE_LIMIT} side by side"
    return "Distributed: the group asks for it (distributed_maps)"


def _iteration(node: Node, visible: Visible, make: Make, *, survive: bool, read: bool) -> tuple[FlowState, ...]:
    """The states of one iteration, linked."""
    inner = dict(visible) | {ITEM: "$states.input"}
    if node.each and not node.each.distributed:
        inner[INDEX] = "$states.context.Map.Item.Index"
    plain = replace(node, each=None, comment=None)
    state, result = make(plain, inner)
    chain: list[FlowState] = []
    if isinstance(state, Parallel):
        kept = variable(node.name, 0, "i")
        state, result = make(plain, inner | {ITEM: f"${kept}"})
        chain.append(Pass(state_name(f"{node.name}: each item"), assign={kept: expression("$states.input")}))
    work = replace(state, name=each_state(node.name), output=result)
    if survive:
        work, failed = _caught(node.name, work)
        done = {"output": expression("$states.input")} if read else {}
        chain += [work, Pass(state_name(f"{node.name}: each done"), output=done)]
        return (*_linked(chain), failed)
    chain.append(work)
    if not read:
        chain.append(Pass(state_name(f"{node.name}: each done"), output={}))
    return _linked(chain)


def done_before(task: str) -> str:
    """What an earlier execution has of this iteration of *task*: nothing, or ``{"output": ...}``."""
    return f"$lookup({select(REUSE, (each_state(task),))}, $string($states.context.Map.Item.Index))"


def passing_over(task: str, done: str, output: Any, chain: tuple[State, ...]) -> tuple[State, ...]:
    """*chain*, an iteration of *task*, behind a gate that passes over it where there is a value of *done*."""
    reused = Pass(state_name(f"{task}: each reused"), output=output)
    rule = ChoiceRule.when(expression(f"$type({done}) = 'object'"), reused.name)
    gate = Choice(gate_name(each_state(task)), choices=(rule,), default=chain[0].name)
    return (gate, reused, *chain)


def _linked(chain: list[FlowState]) -> tuple[FlowState, ...]:
    return (*(replace(state, next=following.name) for state, following in pairwise(chain)), chain[-1])


def _caught(task: str, work: FlowState) -> tuple[FlowState, FlowState]:
    """*work* that goes on after a failure, and the state that it goes to, which hands the failure out."""
    failed = Pass(state_name(f"{task}: each failed"))
    told = {
        "failed": {
            "error": expression("$states.errorOutput.Error"),
            "cause": expression(f"$substring($states.errorOutput.Cause, 0, {CAUSE_LIMIT})"),
        }
    }
    catch = Catch(error_equals=("States.ALL",), next=failed.name, output=told)
    if isinstance(work, WorkingState):
        return replace(work, catch=(*work.catch, catch)), failed
    inner = replace(work, name=state_name(f"{task}: each run"), output=None)
    branch = StateMachine(inner.name, (inner,))
    return Parallel(work.name, arguments={}, branches=(branch,), catch=(catch,), output=work.output), failed


def items_of(task: str, each: Each, visible: Visible) -> Any:
    """The items: as they are if nothing in them has to be computed, else one expression."""
    if isinstance(each.items, list) and bind(task, each.items, visible) == each.items and "{%" not in str(each.items):
        return each.items
    return expression(source(task, each.items, visible))


def _result(task: str, *, survive: bool, read: bool) -> Any:
    if not survive:
        return expression("$states.result") if read else {}
    values = "$count($states.result) = 0 ? [] : $map($states.result, function($r) { $r.output })[]" if read else "{}"
    told = (
        f"{literal(task + ': ')} & $count($bad) & ' of ' & $count($states.result) & ' iterations failed ['"
        " & $join($map($bad, $string), ',') & '], the first with ' & $states.result[$bad[0]].failed.error & ': '"
        " & $states.result[$bad[0]].failed.cause"
    )
    return expression(
        "($bad := $filter([0..$count($states.result) - 1], function($i) { $exists($states.result[$i].failed) })[]; "
        f"$count($bad) > 0 ? $error({told}) : {values})"
    )


@dataclass
class _Lifting:
    """Takes what a request reads from around the Map out of it, into the items.

    :param outer: what was taken out, by the key that it is found under.
    """

    outer: dict[str, Any] = field(default_factory=dict)

    def lift(self, value: Any) -> Any:
        """*value* with every symbol read from the iteration's input, which is ``{"item": ..., "outer": {...}}``."""
        match value:
            case Item():
                return Item(("item", *value.path))
            case Ref() | Param():
                key = next((key for key, known in self.outer.items() if known == value), f"v{len(self.outer)}")
                self.outer[key] = value
                return Item(("outer", key))
            case dict():
                return {key: self.lift(item) for key, item in value.items()}
            case list():
                return [self.lift(item) for item in value]
            case Text():
                return Text(tuple(self.lift(part) for part in value.parts))
            case Code():
                return Code(tuple(self.lift(part) for part in value.parts))
            case Given():
                return Given(self.lift(value.value))
            case _:
                return value
