"""States that wait for what a call began: describe, decide, wait, and again. Pure.

AWS has no ``.sync`` for most of what can be begun, so a task looks for itself::

    look --> judge --> (done) what comes after
      ^        |-----> (failed) a Fail with the reason
      |        |-----> (late) a Fail
      +- wait <+

What *look* answers is kept in ``$p_seen``. Limits count from ``$p_began``, the moment the task's first state was
entered, or the last redrive: the compiler sets that variable for every procedure that reads it (`ELAPSED`), so a
builder only has to use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.asl import Catch, Choice, ChoiceRule, Fail, State, Task, Wait
from airflow_sfn_ml.asl.refs import Code

SEEN = "$p_seen"
BEGAN = "p_began"
ELAPSED = f"($millis() - $max([${BEGAN}, $toMillis($states.context.Execution.RedriveTime)])) / 1000"
"""JSONata: the seconds since the task began, or since the execution was redriven."""
ENTERED = "$toMillis($states.context.State.EnteredTime)"
"""JSONata: what the first state of a procedure puts into `BEGAN`."""
LATE = "late"
"""The short name of the Fail of a limit."""
ERROR = "p_error"


@dataclass(frozen=True)
class Until:
    """When a loop ends.

    :param status: JSONata of the status, ``$p_seen.EndpointStatus``.
    :param done: statuses that mean success; or, as text, a JSONata condition over ``$p_seen``.
    :param failed: statuses (or a condition) that mean failure; empty with *busy*: everything else.
    :param busy: statuses (or a condition) that mean wait; empty: everything that is neither done nor failed.
    :param reason: JSONata of the reason of a failure, ``$p_seen.FailureReason``.
    :param every: seconds between two looks.
    :param limit: seconds after which it fails; None for no limit of its own.
    :param gone: a regular expression of errors of *look* that mean success: what is waited for to be deleted is gone.
    """

    status: str
    done: tuple[str, ...] | str
    failed: tuple[str, ...] | str = ()
    busy: tuple[str, ...] | str = ()
    reason: str = ""
    every: Any = 30
    limit: int | None = None
    gone: str = ""


def loop(
    resource: str,
    arguments: Any,
    until: Until,
    *,
    after: str,
    name: str = "look",
    assign: Mapping[str, Any] | None = None,
) -> tuple[State, ...]:
    """The states of a loop that begins with *name* and goes on to *after*.

    :param assign: further variables that are kept of each look.
    :param name: prefixes the other states too where there are several loops.
    """
    prefix = "" if name == "look" else f"{name}: "
    judge, wait, failed, late = (f"{prefix}{part}" for part in ("judge", "wait", "failed", LATE))
    catch, caught = tolerant(until.gone, after, name=f"{prefix}gone") if until.gone else ((), ())
    look = Task(
        name,
        resource=resource,
        arguments=arguments,
        assign={SEEN[1:]: Code(("$states.result",)), **(assign or {})},
        next=judge,
        catch=catch,
    )
    rules = [_rule(until.status, until.done, after)] if until.done else []
    if until.failed:
        rules.append(_rule(until.status, until.failed, failed))
    if until.limit is not None:
        rules.append(ChoiceRule.when(Code((f"{ELAPSED} > {until.limit}",)), late))  # type: ignore[arg-type]
    if until.busy:
        rules.append(_rule(until.status, until.busy, wait))
    ends: list[State] = []
    if until.failed or until.busy:
        ends.append(_failure(failed, until))
    if until.limit is not None:
        ends.append(too_late(late, f"was not done after {until.limit} seconds"))
    choice = Choice(judge, choices=tuple(rules), default=failed if until.busy else wait)
    return (look, choice, Wait(wait, seconds=until.every, next=name), *ends, *caught)


def tolerant(errors: str, after: str, *, name: str = "tolerated") -> tuple[tuple[Catch, ...], tuple[State, ...]]:
    """The catcher of a call whose errors that match *errors* mean that all is well, and the states it leads to.

    How an error of ``aws-sdk:`` is named differs between services that model their errors and those that do not, so the
    name and the cause are searched.
    """
    catch = Catch(error_equals=("States.TaskFailed",), next=name, assign={ERROR: Code(("$states.errorOutput",))})
    told = f"$string(${ERROR}.Error) & ' ' & $string(${ERROR}.Cause)"
    condition: Any = Code((f"$contains({told}, /{errors.replace('/', chr(92) + '/')}/i)",))
    raised = f"{name}: not"
    return (catch,), (
        Choice(name, choices=(ChoiceRule.when(condition, after),), default=raised),
        Fail(raised, error=_code(f"${ERROR}.Error"), cause=_code(f"$string(${ERROR}.Cause) & ''")),
    )


def too_late(name: str, message: str) -> Fail:
    """The end of a task that took too long."""
    return Fail(name, error="TimedOut", cause=message)


def _rule(status: str, meant: tuple[str, ...] | str, then: str) -> ChoiceRule:
    if isinstance(meant, str):
        condition = meant
    else:
        listed = ", ".join(f"'{item}'" for item in meant)
        condition = f"{status} in [{listed}]"
    return ChoiceRule.when(Code((condition,)), then)  # type: ignore[arg-type]


def _failure(name: str, until: Until) -> Fail:
    cause = f"'ended as ' & $string({until.status})"
    if until.reason:
        cause += f" & ($exists({until.reason}) ? ': ' & $string({until.reason}) : '')"
    return Fail(name, error="JobFailed", cause=_code(cause))


def _code(source: str) -> Any:
    return Code((source,))
