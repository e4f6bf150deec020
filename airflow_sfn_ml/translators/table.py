"""Translators as data: one row for each operator class, saying what its task calls.

A row is read top to bottom::

    Row(
        "airflow.providers.amazon.aws.operators.glue.GlueCrawlerOperator",
        calls=(Call("aws-sdk:glue:startCrawler", {"Name": attr("crawler_name")}),),
        until=Until(
            Call("aws-sdk:glue:getCrawler", {"Name": attr("crawler_name")}),
            status="$p_seen.Crawler.State", done=("READY",), every="poll_interval", seconds=None,
        ),
        output=Code((Given(attr("crawler_name")),)),       # the task's XCom
        xcom="the crawler's name",                         # the same, for people
        lost=("what the operator prints",),
        refused={"some_attribute": "why it cannot be kept, and what to do instead"},
    )

* `calls` run one after another. `Call.sync=True` means that AWS waits itself (``.sync`` is added while the task waits).
* `until` is a loop that looks until something is done; it is left out when the task does not wait.
* Whether the task waits is what the attributes named in `waits` say (any of them true); it does if there are none.
* What a call answers can be kept: ``keep={"p_id": "$states.result.Id"}`` makes ``$p_id`` known to all that follows, the
  loop's last answer is ``$p_seen``. Variables must begin with ``p_``.
* `then` are calls after the loop (or after the calls), to make the XCom of.
* `output` is evaluated last: text is JSONata over these variables and ``$states.result`` of the last call; dicts and
  lists hold `Code`; None means that the task has no XCom. `quick` is the output where the task does not wait.

Attributes are read when the group is compiled, so what was set after construction counts. In the place of any value of
arguments may stand `attr`, a function of the operator, `Code` with `Given(attr(...))` inside, or plain JSON; a field
whose attribute is None (or what a function says is `OMIT`) is left out. Keys in camelCase, as boto3 takes them for some
services, become PascalCase along botocore's shapes, in the operator's own dicts too.

What rows cannot say is a function: ``Row(path, build=function, ...)``, which returns a `Translation`; all the other
fields of such a row are only for the documentation. See `steps.loops` for loops built by hand, `naming` for names,
`preparations` for what an operator does to values before its call (``attr("role", ROLE)``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from airflow_sfn_ml.asl import Pass, Retry, State, Task
from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.steps import loops
from airflow_sfn_ml.steps.procedure import Procedure
from airflow_sfn_ml.translators.casing import cased
from airflow_sfn_ml.translators.preparations import Action
from airflow_sfn_ml.translators.registry import Translation, translates
from airflow_sfn_ml.translators.values import OMIT, Attr, Number, attr, filled, merged, number, seconds, waits

__all__ = [
    "OMIT",
    "ROWS",
    "SAME",
    "Attr",
    "Call",
    "Number",
    "Row",
    "Until",
    "add",
    "arguments",
    "attr",
    "called",
    "filled",
    "finished",
    "looped",
    "merged",
    "number",
    "procedure",
    "seconds",
    "waits",
]

SAME = object()
"""`Row.quick`: as `Row.output`."""


@dataclass(frozen=True)
class Call:
    """One call.

    :param resource: ``glue:startJobRun`` or ``aws-sdk:glue:startCrawler``, without ``.sync``.
    :param arguments: the fields of the request, or one `attr` that holds all of them.
    :param more: an attribute with further fields, merged over those (or a function of the operator).
    :param name: the short name of its state; the operation's name if not given.
    :param keep: variables made of its answer, ``{"p_id": "$states.result.Id"}``.
    :param sync: whether the integration waits itself, by ``.sync`` (or a ``.sync:2``, given as text).
    :param tolerates: a regular expression of errors (name and cause are searched, whatever their case) that mean that
        all is well: ``"NotFound|does not exist"`` for a deletion.
    :param when: a function of the operator that says whether the call is made at all.
    :param retry: what is tried again beside what every call of the service tries again.
    """

    resource: str
    arguments: Any = field(default_factory=dict)
    more: str | Callable[[Any], Any] | None = None
    name: str = ""
    keep: Mapping[str, Any] = field(default_factory=dict)
    sync: bool | str = False
    tolerates: str = ""
    when: Callable[[Any], bool] | None = None
    retry: tuple[Retry, ...] = ()

    @property
    def short(self) -> str:
        """The short name of its state."""
        return self.name or self.resource.rpartition(":")[2]


@dataclass(frozen=True)
class Until:
    """A loop that looks until something is done; the fields from *status* to *gone* are those of `steps.loops.Until`.

    :param look: the call that looks.
    :param every: seconds between two looks.
    :param attempts: how many looks at most.
    :param seconds: a limit. The shorter of both limits counts.
    """

    look: Call
    status: str = ""
    done: tuple[str, ...] | str = ()
    failed: tuple[str, ...] | str = ()
    busy: tuple[str, ...] | str = ()
    reason: str = ""
    gone: str = ""
    every: Number = 30
    attempts: Number = None
    seconds: Number = None


@dataclass(frozen=True)
class Row:
    """What one operator class does in a state machine.

    :param path: the dotted path of the class.
    :param waits: attributes that say whether the task waits; without any it does.
    :param seconds: what limits the (first) call, in seconds.
    :param output: the task's XCom.
    :param quick: the XCom where the task does not wait.
    :param xcom: the XCom for people.
    :param refused: attributes that cannot be kept where they are set, with the reason and the way out.
    :param check: a function of the operator that returns further reasons.
    :param lost: what the operator does and the state machine does not.
    :param warns: attributes that do nothing in a state machine, with the reason: the user is told where they are set.
    :param note: further words for the documentation.
    :param build: does it instead of the fields above.
    """

    path: str
    calls: tuple[Call, ...] = ()
    until: Until | None = None
    then: tuple[Call, ...] = ()
    waits: tuple[str, ...] = ("wait_for_completion", "deferrable")
    seconds: tuple[Number, ...] = ()
    output: Any = None
    quick: Any = SAME
    xcom: str = "none"
    refused: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[Any], list[str]] | None = None
    lost: tuple[str, ...] = ()
    warns: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    actions: Callable[[Any], tuple[Action, ...]] | None = None
    build: Callable[[Any], Translation] | None = None

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.path.rpartition(".")[2]

    def translation(self, operator: Any) -> Translation:
        """What *operator* does.

        :raises TranslationError: it has an attribute that cannot be kept.
        """
        problems = list(self._problems(operator))
        if problems:
            raise TranslationError(f"{operator.task_id}: cannot do in a state machine: " + "; ".join(problems))
        told = tuple(f"{name}: {reason}" for name, reason in self.warns.items() if getattr(operator, name, None))
        if self.build:
            built = self.build(operator)
            return replace(built, warnings=(*built.warnings, *told))
        actions = self.actions(operator) if self.actions else ()
        return Translation(procedure(self, operator), actions=actions, warnings=told)

    def _problems(self, operator: Any) -> Iterator[str]:
        for name, reason in self.refused.items():
            if getattr(operator, name, None):
                yield f"{name} ({reason})"
        yield from self.check(operator) if self.check else ()


ROWS: dict[str, Row] = {}
"""The rows by the paths of their classes."""


def add(*rows: Row) -> None:
    """Put *rows* into the table."""
    for row in rows:
        ROWS[row.path] = row
        translates(row.path)(row.translation)


# From a row to states


def procedure(row: Row, operator: Any) -> Procedure:
    """The states that *row* stands for."""
    says = [name for name in row.waits if hasattr(operator, name)]
    waiting = waits(operator, *says) if says else True
    states: list[State] = []
    calls = [call for call in row.calls if call.when is None or call.when(operator)]
    then = [call for call in row.then if call.when is None or call.when(operator)]
    loop = row.until if waiting else None
    output = row.output if waiting or row.quick is SAME else row.quick
    limit = seconds(operator, *row.seconds)
    names = [call.short for call in calls] + (["look"] if loop else []) + [call.short for call in then] + ["done"]
    for call, following in zip(calls, names[1:], strict=False):
        states += called(call, operator, following, waiting=waiting, limit=limit)
        limit = None
    if loop:
        states += looped(loop, operator, names[len(calls) + 1])
    for call, following in zip(then, names[-len(then) :], strict=False):
        states += called(call, operator, following, waiting=waiting)
    return finished(operator, states, output)


def finished(operator: Any, states: list[State], output: Any) -> Procedure:
    """*states*, which go on to ``done``, as a procedure whose XCom is *output*."""
    leading = [state for state in states if "done" in _leads_to(state)]
    last = leading[0] if len(leading) == 1 else None
    if isinstance(last, Task) and not any(catch.next == "done" for catch in last.catch):
        kept = {name: _source(value) for name, value in (last.assign or {}).items() if isinstance(value, Code)}
        ending = replace(last, next=None, output=_output(operator, output, kept), assign=None)
        states = [ending if state is last else state for state in states]
    else:
        states = [*states, Pass("done", output=_output(operator, output, {}))]
    return Procedure(operator.label, tuple(states), has_output=output is not None)


def called(call: Call, operator: Any, following: str, *, waiting: bool = True, limit: int | None = None) -> list[State]:
    """The states of *call*, which go on to *following*."""
    catch, caught = (
        loops.tolerant(call.tolerates, following, name=f"{call.short}: refused") if call.tolerates else ((), ())
    )
    pattern = call.sync if isinstance(call.sync, str) else ".sync" if call.sync else ""
    task = Task(
        call.short,
        resource=call.resource + (pattern if waiting else ""),
        arguments=arguments(call, operator),
        assign={name: filled(_coded(value), operator) for name, value in call.keep.items()} or None,
        timeout_seconds=limit,
        retry=call.retry,
        catch=catch,
        next=following,
    )
    return [task, *caught]


def looped(until: Until, operator: Any, following: str, *, name: str = "look") -> list[State]:
    """The states of the loop *until*, which go on to *following*."""
    every = seconds(operator, until.every) or 30
    attempts = number(operator, until.attempts)
    limits = [limit for limit in (attempts * every if attempts else None, seconds(operator, until.seconds)) if limit]
    plain = loops.Until(
        until.status,
        until.done,
        until.failed,
        until.busy,
        until.reason,
        every,
        min(limits, default=None),
        until.gone,
    )
    keep = {key: filled(_coded(value), operator) for key, value in until.look.keep.items()}
    return list(
        loops.loop(
            until.look.resource,
            arguments(until.look, operator),
            plain,
            after=following,
            name=name,
            assign=keep,
        )
    )


def arguments(call: Call, operator: Any) -> Any:
    """The arguments of *call*, its values not read yet.

    :raises TranslationError: there is no such call.
    """
    given = filled(call.arguments, operator)
    more = call.more(operator) if callable(call.more) else getattr(operator, call.more, None) if call.more else None
    if more is not None and more is not OMIT:
        given = merged(given, more)
    try:
        return cased(call.resource, given)
    except ValueError as error:
        raise TranslationError(f"{operator.task_id}: {error}") from None


def _leads_to(state: State) -> set[str]:
    found = {str(getattr(state, "next", None)), str(getattr(state, "default", None))}
    found |= {str(rule.next) for rule in getattr(state, "choices", ())}
    return found | {str(catch.next) for catch in getattr(state, "catch", ())}


def _output(operator: Any, output: Any, kept: Mapping[str, str]) -> Any:
    """*output* with the values of *operator*; *kept* are variables that the same state assigns, so not there yet."""
    if output is None:
        return None
    coded = filled(_coded(output) if isinstance(output, str) else output, operator)
    return _replaced(coded, kept) if kept else coded


def _replaced(value: Any, kept: Mapping[str, str]) -> Any:
    match value:
        case Code():
            parts: list[str | Given] = []
            for part in value.parts:
                if isinstance(part, str):
                    for name, source in kept.items():
                        part = part.replace(f"${name}", source)
                parts.append(part)
            return Code(tuple(parts))
        case dict():
            return {key: _replaced(item, kept) for key, item in value.items()}
        case list():
            return [_replaced(item, kept) for item in value]
        case _:
            return value


def _coded(value: Any) -> Any:
    return Code((value,)) if isinstance(value, str) else value


def _source(value: Code) -> str:
    return "".join(part for part in value.parts if isinstance(part, str))
