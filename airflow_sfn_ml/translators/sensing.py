"""Sensors as loops of states: look, judge, wait, and again, until what they wait for is there or their time is over.

A sensor's `timeout` counts from the beginning of a try, and a sensor that timed out is not tried again, as in Airflow.
Both `mode`s are the same here: no worker waits. `exponential_backoff` and `max_wait` lengthen the waits as Airflow
does, with a jitter of the machine's own. `silent_fail` goes on looking after a failure. `soft_fail` and `never_fail`
make a skipped task of a time-out or a failure, each of that which it does upstream: `soft_fail` of a time-out,
`never_fail` of a failure, and both of both in the deferrable form. The machine then ends the task well, with an output
that says so (`procedure.SKIPPED`).

A look takes nine events of the 25,000 that an execution may have; a sensor that may use most of them is warned of.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from airflow_sfn_ml.asl import Catch, Choice, ChoiceRule, Fail, Pass, Retry, State, Task, Wait
from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.steps.loops import ELAPSED, ERROR, SEEN
from airflow_sfn_ml.steps.procedure import SKIPPED, Procedure
from airflow_sfn_ml.translators import fusing
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.table import Call, Row, add, arguments, called, number

TIMED_OUT = "AirflowSensorTimeout"
"""The error of a sensor whose time is over; never tried again."""
EVENTS, LARGEST = 9, 20_000
"""Events of one turn of the loop, and how many of an execution's 25,000 a sensor may take without a warning."""
RETRIED = ("poke_interval", "max_retries")
"""Arguments of sensors that say how long they wait at most: so many looks, so many seconds apart."""
ATTEMPTED = ("poke_interval", "max_attempts")
TURN = "$p_turn"


@dataclass(frozen=True)
class Look:
    """What a sensor looks at, and what it makes of it.

    :param call: the call that looks; its answer is ``$p_seen``.
    :param status: JSONata of the status.
    :param done: statuses that end it well: names, a JSONata condition, or a function of the sensor that gives either
        (or `Code`).
    :param failed: statuses that fail it, in the same forms; checked after *done*.
    :param busy: statuses that keep it waiting; if given, every other status fails it.
    :param reason: JSONata of the reason of a failure.
    :param missing: a regular expression of errors of the call that mean: not yet.
    :param gone: a regular expression of errors of the call that mean: done.
    :param general: an error that the call must not be tried again after, since it also says what *missing* and *gone*
        look for.
    :param every: the attribute with the seconds between two looks.
    :param deferred: what limits the deferrable form: the attributes of delay and attempts, or ``timeout`` as always,
        or nothing.
    :param then: calls before its end.
    :param refused: a condition under which it fails after these, and the reason.
    :param output: its XCom.
    """

    call: Call
    status: str = ""
    done: Any = ()
    failed: Any = ()
    busy: Any = ()
    reason: str = ""
    missing: str = ""
    gone: str = ""
    general: str = ""
    every: str = "poke_interval"
    deferred: tuple[str, str] | str | None = "timeout"
    then: tuple[Call, ...] = ()
    refused: tuple[str, str] | None = None
    output: Any = None


def sensor(
    path: str, look: Look | Callable[[Any], Look], *, own: fusing.Own | None = None, key: str = "", **more: Any
) -> None:
    """Put the sensor at *path* into the table.

    :param look: what it looks at, or a function of the operator that says it.
    :param own: how it is recognised that it waits for a job of another task of the group.
    :param key: under which key the operator pushes what is the task's XCom here.
    :param more: further fields of the row.
    """
    told = (f"its XCom is not under the key {key!r} but, as of all tasks of a group, under 'return_value'",)

    def build(operator: Any) -> Translation:
        found = sensed(operator, look(operator) if callable(look) else look, own)
        return replace(found, warnings=(*found.warnings, *told)) if key else found

    if isinstance(look, Look):
        more = {"calls": (look.call,), "then": look.then, **more}
    add(Row(path, build=build, **more))


def sensed(operator: Any, look: Look, own: fusing.Own | None = None) -> Translation:
    """What *operator* does."""
    if own and fusing.already_waited(operator, own):
        return Translation(None)
    if own:
        look = replace(look, call=fusing.named(operator, look.call, own))
    timing = Timing.of(operator, look)
    then = [call for call in look.then if call.when is None or call.when(operator)]
    check = "check" if then and look.refused else "done"
    names = [*(call.short for call in then), check]
    states = looked(operator, look.call, timing, "judge", look.missing, names[0], look.gone, general=look.general)
    states += judged(operator, look, timing, names[0])
    for call, following in zip(then, names[1:], strict=True):
        states += called(call, operator, following)
    if look.refused and check == "check":
        meant, cause = look.refused
        states += [
            Choice("check", choices=(when((meant,), "refused"),), default="done"),
            ended(operator, "refused", cause),
        ]
    return finished(operator, states, timing, look.output)


def finished(operator: Any, states: list[State], timing: Timing, output: Any = None, *, again: str = "") -> Translation:
    """*states*, which go on to ``done``, with waits, after which *again* is the next (else the first), and ends."""
    ending = output(operator) if callable(output) else output
    may_skip = skips_late(operator) or skips_failure(operator)
    if ending is None and may_skip:
        ending = {}
    done = Pass("done", output=Code((ending,)) if isinstance(ending, str) else ending)
    begin = [Pass("count", assign={TURN[1:]: 0}, next=states[0].name)] if timing.counts else []
    wait = Wait("wait", seconds=timing.seconds, next=again or states[0].name)
    late: list[State] = []
    if timing.limit is not None:
        late = [skipped("late", timing.complaint) if skips_late(operator) else timing.late]
    if any(catch.next == "skipped" for state in states if isinstance(state, Task) for catch in state.catch) or any(
        state.default == "skipped" for state in states if isinstance(state, Choice)
    ):
        late.append(skipped("skipped", code(f"${ERROR}.Error & ': ' & $string(${ERROR}.Cause)")))
    procedure = Procedure(
        operator.label,
        (*begin, *states, wait, *late, done),
        has_output=output is not None,
        final=(TIMED_OUT,),
        may_skip=may_skip,
    )
    return Translation(procedure, warnings=timing.warnings)


@dataclass(frozen=True)
class Timing:
    """When a sensor looks, and when its time is over.

    :param every: seconds between two looks, the first where they grow.
    :param limit: seconds; None for no limit.
    :param error: how a failure for being late is called.
    :param longest: seconds of the longest wait.
    """

    every: int
    limit: int | None
    error: str = TIMED_OUT
    counts: bool = False
    longest: int | None = None

    @classmethod
    def of(cls, operator: Any, look: Look) -> Timing:
        """The timing of *operator*.

        :raises TranslationError: it is a template.
        """
        every = max(1, math.ceil(_seconds(operator, look.every)))
        deferrable = _deferrable(operator)
        if deferrable and look.deferred is None:
            return cls(every, None)
        if deferrable and isinstance(look.deferred, tuple):
            delay, times = (number(operator, name) for name in look.deferred)
            return cls(every, delay * times if delay and times else None, "TimedOut")
        limit = max(1, math.ceil(_seconds(operator, "timeout")))
        if deferrable or not operator.exponential_backoff:
            return cls(every, limit)
        longest = math.ceil(operator.max_wait.total_seconds()) if operator.max_wait else None
        return cls(every, limit, counts=True, longest=longest)

    @property
    def seconds(self) -> Any:
        """How long to wait before the next look."""
        if not self.counts:
            return self.every
        base = f"$max([$floor({self.every} * $power(2, $min([{TURN}, 40]) - 2)), 1])"
        limits = f", {self.longest}" if self.longest else ""
        return Code(
            (
                f"($base := {base}; $max([1, $floor($min([$base + $floor($random() * $base), "
                f"{self.limit} - {ELAPSED}{limits}]))]))",
            )
        )

    @property
    def rules(self) -> tuple[ChoiceRule, ...]:
        """The rule that ends it when its time is over."""
        if self.limit is None:
            return ()
        return (when((f"{ELAPSED} > {self.limit}",), "late"),)

    @property
    def late(self) -> Fail:
        """How it ends then."""
        return Fail("late", error=self.error, cause=self.complaint)

    @property
    def complaint(self) -> str:
        """Why it fails then."""
        return f"what it waits for was not there after {self.limit} seconds"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What may become too much."""
        if self.counts or self.limit is None or self.limit // self.every * EVENTS <= LARGEST:
            return ()
        turns = self.limit // self.every
        return (
            f"it may look {turns:,} times, every {self.every} s for {self.limit:,} s, which takes {turns * EVENTS:,} "
            "of the 25,000 events that an execution may have; raise poke_interval, lower timeout, or move the sensor "
            "before the group",
        )


def looked(
    operator: Any,
    call: Call,
    timing: Timing,
    following: str,
    missing: str = "",
    there: str = "",
    gone: str = "",
    *,
    general: str = "",
) -> list[State]:
    """The state that makes *call*, which goes on to *following*, and those that judge its errors.

    :param missing: errors that mean that it has to look again.
    :param gone: errors that mean that it goes on to *there*.
    """
    name = call.name or "look"
    kept: dict[str, Any] = {SEEN[1:]: Code(("$states.result",))}
    kept |= {key: Code((value,)) if isinstance(value, str) else value for key, value in call.keep.items()}
    if timing.counts:
        kept |= {TURN[1:]: Code((f"{TURN} + 1",))}
    missing = ".*" if silent(operator) else missing
    rules = [when((_matches(gone),), there)] if gone else []
    if missing:
        rules += [when((_matches(missing), " and ", *_source(rule)), str(rule.next)) for rule in timing.rules]
        rules.append(when((_matches(missing),), "wait"))
    refused = f"{name}: refused"
    skips = skips_failure(operator)
    caught = refused if rules else "skipped"
    catch = Catch(error_equals=("States.TaskFailed",), next=caught, assign={ERROR: Code(("$states.errorOutput",))})
    task = Task(
        name,
        resource=call.resource,
        arguments=arguments(call, operator),
        assign=kept,
        next=following,
        retry=(Retry(error_equals=(general,), max_attempts=0),) if general else (),
        catch=(catch,) if rules or skips else (),
    )
    if rules and skips:
        return [task, Choice(refused, choices=tuple(rules), default="skipped")]
    raised = Fail(f"{refused}: not", error=code(f"${ERROR}.Error"), cause=code(f"$string(${ERROR}.Cause)"))
    return [task, Choice(refused, choices=tuple(rules), default=raised.name), raised] if rules else [task]


def judged(operator: Any, look: Look, timing: Timing, following: str) -> list[State]:
    """The states that decide by what was seen: on to *following*, to a failure, to another look."""
    rules = [when(condition(operator, look.status, look.done), following)]
    fails = not silent(operator)
    if look.failed and fails:
        rules.append(when(condition(operator, look.status, look.failed), "failed"))
    rules += timing.rules
    if look.busy and fails:
        rules.append(when(condition(operator, look.status, look.busy), "wait"))
    choice = Choice("judge", choices=tuple(rules), default="failed" if look.busy and fails else "wait")
    cause = f"'ended as ' & $string({look.status})"
    if look.reason:
        cause += f" & ($exists({look.reason}) ? ': ' & $string({look.reason}) : '')"
    return [choice, *([ended(operator, "failed", code(cause))] if fails and (look.failed or look.busy) else [])]


def ended(operator: Any, name: str, cause: Any) -> State:
    """The end of a sensor whose wait is in vain."""
    return skipped(name, cause) if skips_failure(operator) else Fail(name, error="JobFailed", cause=cause)


def skipped(name: str, cause: Any) -> Pass:
    """The end of a sensor that counts as skipped."""
    return Pass(name, output={SKIPPED: cause})


def skips_late(operator: Any) -> bool:
    """Whether it counts as skipped when its time is over."""
    return bool(operator.soft_fail or (operator.never_fail and _deferrable(operator)))


def skips_failure(operator: Any) -> bool:
    """Whether it counts as skipped when what it waits for fails, or a look."""
    return bool(operator.never_fail or (operator.soft_fail and _deferrable(operator)))


def _deferrable(operator: Any) -> bool:
    return getattr(operator, "deferrable", False) is True


def silent(operator: Any) -> bool:
    """Whether a failure only means that it looks again; the deferrable forms do not know that."""
    return bool(getattr(operator, "silent_fail", False)) and not _deferrable(operator)


def condition(operator: Any, status: str, meant: Any) -> tuple[Any, ...]:
    """The parts of the condition that *status* is one of what is *meant*."""
    if callable(meant):
        meant = meant(operator)
    match meant:
        case Code():
            return meant.parts
        case str():
            return (meant,)
        case tuple() | list() | set() | frozenset() if all(_known(item) for item in meant):
            listed = ", ".join(f"'{_plain(item)}'" for item in _ordered(meant))
            return (f"{status} in [{listed}]",)
        case _:
            values = [_plain(item) for item in meant] if isinstance(meant, (list, tuple)) else meant
            return (f"{status} in ", Given(values))


def when(parts: tuple[Any, ...], then: str) -> ChoiceRule:
    """The rule that goes on to *then* if the condition made of *parts* holds."""
    return ChoiceRule.when(Code(parts), then)  # type: ignore[arg-type]


def code(source: str) -> Any:
    """*source* as an expression."""
    return Code((source,))


def _matches(errors: str) -> str:
    if errors == ".*":
        return "true"
    told = f"$string(${ERROR}.Error) & ' ' & $string(${ERROR}.Cause)"
    return f"$contains({told}, /{errors}/i)"


def _source(rule: ChoiceRule) -> tuple[Any, ...]:
    found = rule["Condition"]
    assert isinstance(found, Code)
    return found.parts


def _plain(item: Any) -> Any:
    return item.value if isinstance(item, Enum) else item


def _known(item: Any) -> bool:
    plain = _plain(item)
    return isinstance(plain, str) and "{{" not in plain and "{%" not in plain and "'" not in plain


def _ordered(meant: Any) -> list[Any]:
    return sorted(meant, key=_plain) if isinstance(meant, (set, frozenset)) else list(meant)


def _seconds(operator: Any, name: str) -> float:
    value = getattr(operator, name)
    if hasattr(value, "total_seconds"):
        value = value.total_seconds()
    if not isinstance(value, (int, float)):
        raise TranslationError(f"{operator.task_id}: {name} must be a number inside of a state machine, not {value!r}")
    return float(value)
