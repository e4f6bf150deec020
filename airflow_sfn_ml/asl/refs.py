"""Values that a request may hold beside plain JSON: what is known only while the machine runs.

A request is written before anything has run, yet parts of it are results of other tasks (`Ref`), values that only
Airflow can render when the execution is started (`Param`), parts of the item that an iteration works on (`Item`), text
made of them (`Text`), or what is computed of them (`Code`). The compiler turns each into a JSONata expression; until
then they stay values that can be compared, hashed and looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]
WHOLE = "request"
"""Stands where a JSON pointer would: the whole request. (A pointer begins with a slash.)"""


@dataclass(frozen=True, slots=True)
class Ref:
    """A value inside the output of another task: ``Ref("train")["Training"]["ModelArtifacts"]``.

    :param is_text: whether it surely is text, so that text around it needs no look at what it is.
    :param optional: whether it may lead to nothing, which is no failure then.
    """

    task: str
    path: Path = ()
    is_text: bool = field(default=False, compare=False, repr=False)
    optional: bool = field(default=False, repr=False)

    def __getitem__(self, key: str | int) -> Ref:
        return Ref(self.task, (*self.path, key))

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(f"{self!r} is known only while the state machine runs, so it cannot be iterated over here")

    def __str__(self) -> str:
        raise TypeError(
            f"{self!r} is known only while the state machine runs, so it cannot become text here: pass it as a whole "
            "value, or use a Jinja template with xcom_pull for text around it"
        )

    def __format__(self, spec: str) -> str:
        return str(self)

    def serialize(self) -> dict[str, object]:
        """What Airflow stores of it with the Dag, to show it."""
        return {"output_of": self.task, "path": list(self.path)}


@dataclass(frozen=True, slots=True)
class Param:
    """A value that Airflow renders when it starts the execution, found in the input under *task* and *pointer*.

    *pointer* is the JSON pointer (RFC 6901) of the value within the request of *task*, or `WHOLE` for all of it.
    """

    task: str
    pointer: str


@dataclass(frozen=True, slots=True)
class Item:
    """A value inside the item that an iteration of a mapped task works on."""

    path: Path = ()

    def __getitem__(self, key: str | int) -> Item:
        return Item((*self.path, key))

    def __iter__(self) -> Iterator[Any]:
        raise TypeError("the items of a mapped task are known only while the state machine runs")


ITEM, INDEX = "\0item", "\0index"
"""Among the variables that an expression may read: the item of the iteration, and which one it is."""


@dataclass(frozen=True, slots=True)
class Text:
    """Text whose parts become known at different times, joined while the machine runs.

    A `Ref` is written as Python's ``str`` writes it; what a `Param` or a `Code` gives has to be text already.
    """

    parts: tuple[str | Ref | Param | Item | Code, ...]


@dataclass(frozen=True)
class Given:
    """A value within `Code`: JSON, which may hold symbols, or what a translator has not read yet (templates, XComs).

    Where a `Ref` in it leads to nothing, the task fails, by name.
    """

    value: Any


@dataclass(frozen=True)
class Code:
    """A JSONata expression around values: ``Code(("$merge([", Given(config), ", {'Tags': []}])"))``.

    :param parts: source text, and values that stand in it.
    """

    parts: tuple[str | Given, ...]


Symbol = Ref | Param | Item | Text | Code


def walk(value: Any, leaf: Callable[[Any], Any]) -> Any:
    """Rebuild nested dicts and lists with *leaf* applied to everything else."""
    if isinstance(value, dict):
        return {key: walk(item, leaf) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [walk(item, leaf) for item in value]
    return leaf(value)


def refs_in(value: Any) -> Iterator[Ref]:
    """Every `Ref` within *value*, those inside of `Text` and `Code` too."""
    if isinstance(value, dict):
        for item in value.values():
            yield from refs_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from refs_in(item)
    elif isinstance(value, (Text, Code)):
        yield from refs_in(value.parts)
    elif isinstance(value, Given):
        yield from refs_in(value.value)
    elif isinstance(value, Ref):
        yield value


def reads_item(value: Any) -> bool:
    """Whether there is an `Item` within *value*."""
    match value:
        case Item():
            return True
        case dict():
            return any(reads_item(item) for item in value.values())
        case list() | tuple():
            return any(reads_item(item) for item in value)
        case Text() | Code():
            return reads_item(value.parts)
        case Given():
            return reads_item(value.value)
        case _:
            return False


def pointer(path: Path) -> str:
    """The JSON pointer of *path*, or `WHOLE`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path) or WHOLE
