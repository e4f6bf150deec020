"""Mapped operators: ``Operator.partial(...).expand(...)``, read as the work of one instance and the items it is for.

What an instance does depends on its arguments, so where these are written out every instance is translated, and the
requests are laid over each other: what is the same in all stays in the request, what differs becomes the items. Where
the arguments are XComs of tasks outside of the group, one instance with stand-ins is translated, to see which parts of
the request depend on them; when the execution is started and the arguments are known, every instance is translated, and
these parts of its request become its item. Where a task of the group gives the arguments, nobody translates any more
when they are known, so the items are the arguments, and the request reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from airflow.sdk.definitions.xcom_arg import XComArg

from airflow_sfn_ml.asl.refs import Given, Item, Param, Path, Text, reads_item, refs_in
from airflow_sfn_ml.compiler import Node
from airflow_sfn_ml.compiler.each import INLINE_LIMIT, Each
from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.steps.decision import Decision
from airflow_sfn_ml.steps.procedure import Procedure
from airflow_sfn_ml.translators.expanding import arguments_of, expanded, instance_of, is_inside, is_outside, keys_of
from airflow_sfn_ml.translators.laying import keys, laid_over, moved, pick, place, varying
from airflow_sfn_ml.translators.listing import is_list, plain_list, product_of
from airflow_sfn_ml.translators.members import Member, read_member
from airflow_sfn_ml.translators.preparations import Prepared
from airflow_sfn_ml.translators.templates import Reading

ITEMS = "each"
"""The key of the list of items among the values that Airflow renders."""


@dataclass(frozen=True)
class StandIn:
    """Stands for an argument that is known when the execution is started."""

    key: str

    def resolve(self, context: Any) -> Any:
        """Never asked for: every instance has arguments of its own by then."""
        raise TranslationError(f"what {self.key} is mapped over is not known yet")


@dataclass(frozen=True)
class Mapped(Member):
    """A mapped task, read.

    :param instances: where the arguments are written out: those of each instance, and the instance itself, read.
    :param stand_ins: where they are not: what stood for them when the task was read.
    :param varying: where tasks outside of the group give the arguments: the paths within the request that depend on
        them, by their keys in the items.
    """

    instances: tuple[tuple[Mapping[str, Any], Member], ...] = ()
    stand_ins: Mapping[str, Any] = field(default_factory=dict)
    varying: Mapping[str, Path] | None = None


def read_mapped(
    operator: Any,
    name: str,
    members: Mapping[str, str],
    conn_id: str | None,
    region: str | None,
    *,
    distributed: bool = False,
) -> Member:
    """Read the mapped *operator*; the parameters are those of `read_member`.

    :param distributed: whether each iteration is to be an execution of its own.
    """
    try:
        arguments = arguments_of(operator)
        if is_inside(arguments, members):
            found = _read_inside(operator, name, members, conn_id, region)
        elif is_outside(arguments):
            found = _read_outside(operator, name, members, conn_id, region)
        else:
            found = _read_literal(operator, name, members, conn_id, region)
    except TranslationError as error:
        return Member(_nothing(operator, name, members), {}, problems=(str(error),))
    each = found.node.each
    if each is None:
        return found
    if isinstance(found.node.step, Decision):
        problem = f"{operator.task_id}: a branch cannot be mapped in a state machine; move it out of the group"
        return replace(found, problems=(*found.problems, problem))
    if isinstance(found.node.step, Procedure) and found.node.step.may_skip:
        problem = (
            f"{operator.task_id}: soft_fail and never_fail cannot be mapped in a state machine: what comes after would "
            "have to know which iterations were skipped; let them fail, or move the task out of the group"
        )
        return replace(found, problems=(*found.problems, problem))
    concurrency = min(_limits(operator), default=None)
    many = each.count is not None and each.count > INLINE_LIMIT and (concurrency or each.count) > INLINE_LIMIT
    warnings = (*found.warnings, *_warnings(operator))
    each = replace(each, concurrency=concurrency, distributed=distributed or many)
    return replace(found, node=replace(found.node, each=each), warnings=warnings)


def _read_literal(operator: Any, name: str, members: Mapping[str, str], conn_id: Any, region: Any) -> Member:
    if not expanded(arguments_of(operator)):
        empty = _read_outside(operator, name, members, conn_id, region)
        return replace(empty, node=replace(empty.node, each=Each([], 0)))
    instances = []
    for arguments in expanded(arguments_of(operator)):
        read = read_member(instance_of(operator, arguments), name, members, conn_id, region)
        if read.problems:
            return read
        instances.append((arguments, read))
    first = instances[0][1]
    if first.node.step is None:
        raise TranslationError(f"{operator.task_id}: a task that does nothing cannot be mapped")
    for _, other in instances[1:]:
        if _skeleton(other) != _skeleton(first):
            raise TranslationError(
                f"{operator.task_id}: what it is mapped over changes which states an instance needs, and all "
                "iterations of a Map have the same; make a task of its own of each kind"
            )
    shared, own = _shared([read for _, read in instances])
    requests = [
        moved(read.node.step.request if read.node.step else None, read.node.name, f"/{ITEMS}/{position}", own)
        for position, (_, read) in enumerate(instances)
    ]
    request, items = laid_over(requests)
    params = {pointer: first.params[pointer] for pointer in shared}
    each = Each(items, len(items))
    step = first.node.step.with_request(request)
    return Mapped(
        replace(first.node, step=step, each=each),
        params,
        {pointer: steps for pointer, steps in first.preparations.items() if pointer in shared},
        warnings=tuple(dict.fromkeys(text for _, read in instances for text in read.warnings)),
        instances=tuple((arguments, _without(read, shared)) for arguments, read in instances),
    )


def _shared(reads: Sequence[Member]) -> tuple[set[str], set[str]]:
    """The pointers of what is rendered once for all instances, and of what each instance renders for itself."""
    pointers = {pointer for read in reads for pointer in read.params}
    shared = {pointer for pointer in pointers if all(_same(pointer, reads[0], read) for read in reads)}
    return shared, pointers - shared


def _same(pointer: str, one: Member, other: Member) -> bool:
    if pointer not in one.params or pointer not in other.params:
        return False
    template = one.params[pointer]
    if "map_index" in str(template):
        return False
    known, wanted = one.preparations.get(pointer), other.preparations.get(pointer)
    return bool(template == other.params[pointer] and known == wanted)


def _without(read: Member, pointers: set[str]) -> Member:
    """*read* with only what is rendered for this instance alone."""
    return replace(
        read,
        params={pointer: value for pointer, value in read.params.items() if pointer not in pointers},
        preparations={pointer: steps for pointer, steps in read.preparations.items() if pointer not in pointers},
    )


def _skeleton(read: Member) -> Any:
    """What must be equal in all instances: everything but the request."""
    step, others = read.node.step, replace(read.node, step=None)
    if isinstance(step, Procedure):
        states = tuple((type(state).__name__, state.name, getattr(state, "resource", None)) for state in step.states)
        return states, step.has_output, others
    return type(step), getattr(step, "integration", None), getattr(step, "result_key", None), others


def _read_outside(operator: Any, name: str, members: Mapping[str, str], conn_id: Any, region: Any) -> Member:
    stand_ins = {key: StandIn(key) for key in keys_of(operator)}
    read = read_member(instance_of(operator, stand_ins), name, members, conn_id, region)
    step = read.node.step
    if read.problems or step is None:
        return read
    paths = varying(step.request, lambda value: _depends(value, read.params))
    depending = dict(zip(keys(paths), paths, strict=True))
    for path in paths:
        if any(True for _ in refs_in(pick(step.request, path))):
            raise TranslationError(
                f"{operator.task_id}: a part of its request is made of what it is mapped over and of the output of a "
                "task of the group together; map over the output too, or put the two into different parts"
            )
    request = place(step.request, {path: Item((key,)) for key, path in depending.items()})
    needed = {*_pointers(request), *_pointers(read.node.credentials)}
    return Mapped(
        replace(read.node, step=step.with_request(request), each=Each(Param(name, ITEMS))),
        {pointer: value for pointer, value in read.params.items() if pointer in needed},
        {pointer: steps for pointer, steps in read.preparations.items() if pointer in needed},
        warnings=read.warnings,
        varying=depending,
        stand_ins=stand_ins,
    )


def _depends(value: Any, params: Mapping[str, Any]) -> bool:
    """Whether *value* differs between instances whose arguments differ; what is rendered may also ask for its index."""
    if isinstance(value, Text):
        return any(_depends(part, params) for part in value.parts)
    return isinstance(value, Param) and (_stands_in(params[value.pointer]) or "map_index" in str(params[value.pointer]))


def _stands_in(value: Any) -> bool:
    match value:
        case StandIn():
            return True
        case dict():
            return any(_stands_in(item) for item in value.values())
        case list() | tuple():
            return any(_stands_in(item) for item in value)
        case Prepared():
            return _stands_in(value.value)
        case _:
            return False


def _pointers(request: Any) -> Iterator[str]:
    match request:
        case Param():
            yield request.pointer
        case dict():
            for item in request.values():
                yield from _pointers(item)
        case list() | tuple():
            for item in request:
                yield from _pointers(item)
        case Given():
            yield from _pointers(request.value)
        case _ if hasattr(request, "parts"):
            yield from _pointers(request.parts)


def _read_inside(operator: Any, name: str, members: Mapping[str, str], conn_id: Any, region: Any) -> Member:
    arguments = arguments_of(operator)
    reading = Reading(
        name,
        members,
        dag_id=operator.dag_id,
        template_ext=tuple(operator.template_ext),
        environment=operator.get_template_env,
        operator=operator.dag.task_dict.get,
    )
    if isinstance(arguments, Mapping):
        lists = {key: reading.read(plain_list(value), (ITEMS, key)) for key, value in arguments.items()}
        checked = {key: is_list(operator.task_id, key, value) for key, value in lists.items()}
        single = len(checked) == 1
        stand_ins = {key: Item(() if single else (key,)) for key in checked}
        items = next(iter(checked.values())) if single else product_of(checked)
    elif isinstance(arguments, XComArg):
        stand_ins = {key: Item((key,)) for key in keys_of(operator)}
        items = is_list(operator.task_id, "expand_kwargs()", reading.read(arguments, (ITEMS,)))
    else:
        raise TranslationError(
            f"{operator.task_id}: expand_kwargs() takes the output of a task of the group as a whole, or dicts; not a "
            "list with outputs in it"
        )
    read = read_member(instance_of(operator, stand_ins), name, members, conn_id, region)
    if read.problems or read.node.step is None:
        return read
    if any(reads_item(action.value) for action in read.actions):
        raise TranslationError(
            f"{operator.task_id}: what it uploads is known only after the execution was started; map over literals, or "
            "over the output of a task before the group"
        )
    return Mapped(
        replace(read.node, each=Each(items)),
        {**read.params, **reading.params},
        {**read.preparations, **reading.preparations},
        read.actions,
        warnings=read.warnings,
        stand_ins=stand_ins,
    )


def _limits(operator: Any) -> Iterator[int]:
    for limit in (operator.max_active_tis_per_dagrun, operator.max_active_tis_per_dag):
        if limit is not None:
            yield int(limit)


def _warnings(operator: Any) -> Iterator[str]:
    if operator.map_index_template:
        yield (
            f"{operator.task_id}: map_index_template is not shown: it is rendered by a worker, and instances of a task "
            "of the group are not run by one"
        )


def _nothing(operator: Any, name: str, members: Mapping[str, str]) -> Node:
    return Node(name, None, frozenset(members[task] for task in operator.upstream_task_ids if task in members))
