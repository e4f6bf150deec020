"""Where a task's output is kept, and how a request reads it.

Each output that is read later becomes a variable of the scope its state runs in. States within a branch read the
variables of the scopes around them but cannot write there, so a branch ends in a state that hands out what is read
after it, and the Parallel puts that into variables of its own scope.

Values that Airflow renders come with the execution's input, ``{"airflow": {...}, "values": {task: {pointer: value}}}``,
so that the definition stays the same for every run.

A field that leads to nothing fails the task where it stands alone: AWS refuses an expression without a value. Within a
larger one it would silently vanish, so there each reference is looked at, and the failure names what is missing.

What a variable holds may have 256 KiB, and all variables together 10 MiB, while the answers of services are long and
little of them is read later. `trimmed` is what goes into the variable: only what some request reads, by `refs_by_task`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from airflow_sfn_ml.asl.refs import INDEX, ITEM, Code, Given, Item, Param, Path, Ref, Text, walk
from airflow_sfn_ml.compiler.jsonata import expression, literal, needed, select, within
from airflow_sfn_ml.steps import ServiceStep

INPUT = "$states.context.Execution.Input.values"


def bind(task: str, value: Any, visible: Mapping[str, str]) -> Any:
    """*value* with each symbol replaced by an expression; *visible* maps tasks to variables."""

    def leaf(item: Any) -> Any:
        match item:
            case Ref() | Param() | Item() | Text() | Code():
                return expression(_code(task, item, visible))
            case _:
                return item

    return walk(value, leaf)


def source(task: str, value: Any, visible: Mapping[str, str]) -> str:
    """*value*, JSON with symbols anywhere, as the JSONata that makes it, to stand within a larger expression."""
    match value:
        case Mapping():
            fields = (f"{literal(str(key))}: {source(task, item, visible)}" for key, item in value.items())
            return f"{{{', '.join(fields)}}}"
        case list() | tuple():
            return f"[{', '.join(_element(task, item, visible) for item in value)}]"
        case Ref():
            return _needed(task, value, visible)
        case Text() if len(value.parts) > 1:
            return f"({_code(task, value, visible)})"
        case str() | Param() | Item() | Text() | Code():
            return _code(task, value, visible)
        case _:
            return json.dumps(value)


def _element(task: str, value: Any, visible: Mapping[str, str]) -> str:
    """*value* as an element of a list. JSONata makes one list of a list and of those that expressions in it give."""
    code = source(task, value, visible)
    return f"$py_one({code})" if isinstance(value, (Ref, Param, Item, Code)) else code


def refs_by_task(refs: Iterable[Ref]) -> dict[str, frozenset[Ref]]:
    """*refs*, by the task that they lead to."""
    found: dict[str, set[Ref]] = {}
    for ref in refs:
        found.setdefault(ref.task, set()).add(ref)
    return {task: frozenset(group) for task, group in found.items()}


def trimmed(result: Any, refs: Iterable[Ref]) -> Any:
    """*result*, the XCom of a task as it stands in ``Output``, cut to what is read by *refs*: for ``Assign``.

    A pure function for whoever emits the task's state. *refs* are those of all its readers together (`refs_by_task`);
    with a reader of the whole among them nothing is cut. Lists are kept whole. What is absent stays absent, so that
    it fails the task that reads it and not the one that made it.
    """
    tree: dict[str, Any] = {}
    exact = False
    for ref in refs:
        keys = [part for part in ref.path[: _first_index(ref.path)] if isinstance(part, str)]
        if not keys:
            return result
        exact = exact or ref.optional
        branch = tree
        for key in keys[:-1]:
            branch = branch.setdefault(key, {})
            if branch is ALL:
                break
        if branch is not ALL:
            branch[keys[-1]] = ALL
    return _cut(result, tree, exact)


ALL: dict[str, Any] = {}
"""In a tree of what is kept: everything below."""


def _first_index(path: Path) -> int:
    return next((position for position, part in enumerate(path) if isinstance(part, int)), len(path))


def _cut(result: Any, tree: dict[str, Any], exact: bool) -> Any:
    if tree is ALL:
        return result
    if isinstance(result, dict):
        return {key: _cut(result[key], branch, exact) for key, branch in tree.items() if key in result}
    if isinstance(result, str) and result.startswith("{%"):
        return expression(f"($whole := {within(result)}; {_picked('$whole', tree, exact)})")
    return result


def _picked(root: str, tree: Mapping[str, Any], exact: bool) -> str:
    """What *tree* has of *root*. Who asks whether something is there has to see a list or text there as it is."""
    if tree is ALL:
        return root
    fields = (f"{literal(key)}: {_picked(select(root, (key,)), branch, exact)}" for key, branch in tree.items())
    picked = f"{{{', '.join(fields)}}}"
    return f"($type({root}) = 'object' ? {picked} : {root})" if exact else picked


def arguments(task: str, step: ServiceStep, visible: Mapping[str, str]) -> Any:
    """The Arguments of the state that makes the call of *step*, with a job name that no other attempt has."""
    request, field = step.request, step.name_field
    if field is None:
        return bind(task, request, visible)
    if isinstance(request, (Param, Ref, Item)):
        whole = _code(task, request, visible)
        finished = f"{select(whole, (field,))} & '-'"
        head = finished if isinstance(request, Param) else _head(task, step, request[field], visible)
        return expression(f"$merge([{whole}, {{{literal(field)}: {head} & {_attempt(task, visible)}}}])")
    if isinstance(request, Code):
        named = select("$whole", (field,))
        head = _cut_name(f"($exists({named}) ? {named} : {literal(task)})", step.name_limit)
        merged = f"$merge([$whole, {{{literal(field)}: {head} & {_attempt(task, visible)}}}])"
        return expression(f"($whole := ({_code(task, request, visible)}); {merged})")
    head = _head(task, step, request.get(field) or task, visible)
    rest = {key: value for key, value in request.items() if key != field}
    return {field: expression(f"{head} & {_attempt(task, visible)}"), **bind(task, rest, visible)}


def _head(task: str, step: ServiceStep, named: Any, visible: Mapping[str, str]) -> str:
    """The user's part of the job name, with a hyphen. What Airflow rendered was cut to size when it did."""
    limit = step.name_limit
    match named:
        case Ref() | Text() | Item() | Code():
            code = _part(task, named, visible)
            if isinstance(named, Item):
                code = f"($exists({code}) ? {code} : {literal(task)})"
            return _cut_name(code, limit)
        case Param():
            return f"{_code(task, named, visible)} & '-'"
        case _:
            return literal(f"{job_name_base(str(named), limit)}-")


def _cut_name(code: str, limit: int) -> str:
    return f"$substring($replace({code}, /[^A-Za-z0-9]+/, '-'), 0, {base_limit(limit)}) & '-'"


def base_limit(limit: int) -> int:
    """How many characters of a job name of at most *limit* are the user's: the suffix takes up to 23."""
    return limit - 23


def job_name_base(name: str, limit: int) -> str:
    """*name* as the head of a job name: only what SageMaker allows, cut to leave room for the suffix."""
    plain = "".join(char if char.isascii() and char.isalnum() else "-" for char in name)
    while "--" in plain:
        plain = plain.replace("--", "-")
    return plain.strip("-")[: base_limit(limit)].strip("-") or "job"


def _attempt(task: str, visible: Mapping[str, str]) -> str:
    """What makes the name unlike any other: ``<10 hex>-<redrive>-<retry>``, with the hyphen before it 23 characters.

    SageMaker refuses a name that was used before, and a retry, a redrive or a backfill runs the same state again, and a
    Map runs it once for each item.
    """
    execution = f"$states.context.Execution.Id & {literal('/' + task)}"
    if INDEX in visible:
        execution += f" & '/' & $string({visible[INDEX]})"
    return (
        f"$substring($hash({execution}, 'SHA-256'), 0, 10)"
        " & '-' & $string($states.context.Execution.RedriveCount)"
        " & '-' & $string($states.context.State.RetryCount)"
    )


def _code(task: str, value: str | Ref | Param | Item | Text | Code, visible: Mapping[str, str]) -> str:
    match value:
        case str():
            return literal(value)
        case Ref():
            return select(f"${visible[value.task]}", value.path)
        case Param():
            return select(f"{INPUT}", (value.task, value.pointer))
        case Item():
            return select(visible[ITEM], value.path)
        case Text():
            return " & ".join(_part(task, part, visible) for part in value.parts)
        case Code():
            return "".join(
                source(task, part.value, visible) if isinstance(part, Given) else part for part in value.parts
            )


def _part(task: str, value: str | Ref | Param | Item | Text | Code, visible: Mapping[str, str]) -> str:
    """*value* as text within an expression."""
    match value:
        case Ref(is_text=True):
            return _needed(task, value, visible)
        case Ref():
            return f"$py_text({_needed(task, value, visible)}, {literal(f'{task} needs {_named(value)} as text')})"
        case Code() | Text():
            return f"({_code(task, value, visible)})"
        case _:
            return _code(task, value, visible)


def _needed(task: str, value: Ref, visible: Mapping[str, str]) -> str:
    if not value.path:
        return f"${visible[value.task]}"
    if value.optional:
        code = f"${visible[value.task]}"
        for part in value.path:
            code = f"$py_at({code}, {part if isinstance(part, int) else literal(part)})"
        return code
    return needed(f"${visible[value.task]}", value.path, f"{task} needs {_named(value)}, which is not there")


def _named(value: Ref) -> str:
    return value.task + "".join(f"[{part!r}]" for part in value.path)
