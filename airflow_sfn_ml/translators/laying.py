"""Lay the requests of a mapped task's instances over each other: what is the same in all, and what each has of its own.

A request is a tree of dicts and lists. `Code` is a node of it too, if the source around its values is the same: then
what differs are the values. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from airflow_sfn_ml.asl.refs import Code, Given, Item, Param, Path, Text

WHOLE = "request"
"""The key of an item that is a whole request."""


def laid_over(requests: Sequence[Any]) -> tuple[Any, list[dict[str, Any]]]:
    """One request that reads, as `Item`, what differs among *requests*, and the items: what each has there."""
    paths = list(_differing(list(requests), ()))
    names = keys(paths)
    items = [{name: pick(request, path) for name, path in zip(names, paths, strict=True)} for request in requests]
    return place(requests[0], {path: Item((name,)) for name, path in zip(names, paths, strict=True)}), items


def keys(paths: Sequence[Path]) -> list[str]:
    """A key for each of *paths*: its last part, or all of it where others end in the same way."""
    ends = [str(path[-1]) if path else WHOLE for path in paths]
    return [end if ends.count(end) == 1 else ".".join(map(str, path)) for path, end in zip(paths, ends, strict=True)]


def varying(value: Any, depends: Callable[[Any], bool], path: Path = ()) -> list[Path]:
    """The paths within *value* of all the leaves that *depends* says yes to."""
    inner = _inner(value)
    if inner is None:
        return [path] if depends(value) else []
    return [found for key, item in inner.items() for found in varying(item, depends, (*path, key))]


def pick(value: Any, path: Path) -> Any:
    """What is under *path* of *value*.

    :raises KeyError: there is no such path.
    """
    for part in path:
        inner = _inner(value)
        if inner is None:
            raise KeyError(part)
        value = inner[part]
    return value


def place(value: Any, given: Mapping[Path, Any], path: Path = ()) -> Any:
    """*value* with other values under some paths."""
    if path in given:
        return given[path]
    inner = _inner(value)
    if inner is None:
        return value
    return _around(value, {key: place(item, given, (*path, key)) for key, item in inner.items()})


def moved(value: Any, task: str, prefix: str, pointers: set[str]) -> Any:
    """*value* in which the parameters of *task* under *pointers* stand below *prefix*."""
    match value:
        case Param() if value.task == task and value.pointer in pointers:
            return Param(task, below(prefix, value.pointer))
        case Text():
            return Text(tuple(moved(part, task, prefix, pointers) for part in value.parts))
    inner = _inner(value)
    if inner is None:
        return value
    return _around(value, {key: moved(item, task, prefix, pointers) for key, item in inner.items()})


def below(prefix: str, pointer: str) -> str:
    """The pointer of what was under *pointer*, moved below *prefix*."""
    return f"{prefix}{pointer}" if pointer.startswith("/") else f"{prefix}/{pointer}"


def _inner(value: Any) -> Mapping[str | int, Any] | None:
    """The values in *value*, by key or position; None if it is a leaf."""
    match value:
        case dict():
            return value
        case list():
            return dict(enumerate(value))
        case Code():
            return {position: part.value for position, part in enumerate(value.parts) if isinstance(part, Given)}
        case _:
            return None


def _around(value: Any, inner: Mapping[str | int, Any]) -> Any:
    """*value* with other values in it."""
    match value:
        case dict():
            return dict(inner)
        case list():
            return list(inner.values())
        case _:
            return Code(tuple(Given(inner[at]) if at in inner else part for at, part in enumerate(value.parts)))


def _differing(values: list[Any], path: Path) -> Iterator[Path]:
    """The shortest paths at which *values* are not alike."""
    first = values[0]
    if all(value == first and type(value) is type(first) for value in values):
        return
    if _inner(first) is None or any(_shape(value) != _shape(first) for value in values):
        yield path
        return
    for key in _inner(first) or ():
        yield from _differing([pick(value, (key,)) for value in values], (*path, key))


def _shape(value: Any) -> Any:
    """What two values have in common if what is in them can be compared one by one."""
    match value:
        case dict():
            return dict, frozenset(value)
        case Code():
            return Code, tuple(part if isinstance(part, str) else None for part in value.parts)
        case list():
            return list, len(value)
        case _:
            return type(value)
