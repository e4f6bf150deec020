"""Waits that end the moment an execution is stopped.

moto sleeps through a stop: retry intervals and `.sync` waits end only when their time is over. Here every wait
registers an event with its environment, and whatever ends the environment (a stop, a time-out, a failed sibling
branch) sets it. Nothing polls, so a thousand waiting tasks cost no processor time.
"""

from __future__ import annotations

import contextlib
import datetime
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

from airflow_sfn_ml.local.patching import Patches
from airflow_sfn_ml.local.stepfunctions.progress import give, progress_of

patches = Patches("moto.stepfunctions.parser.asl")

_ENVIRONMENT = "eval.environment"


class InterruptedWaitError(Exception):
    """The execution, branch or attempt ended while a task of it waited; not an error of the task."""


@contextlib.contextmanager
def waking(env: Any, event: threading.Event | None = None) -> Iterator[threading.Event]:
    """An event that is set when `env` stops running: the given one, or a new one."""
    event = threading.Event() if event is None else event
    with env._state_mutex:
        wakers: list[threading.Event] = env.__dict__.setdefault("_wakers", [])
        wakers.append(event)
        if not env.is_running():
            event.set()
    try:
        yield event
    finally:
        with env._state_mutex:
            wakers.remove(event)


def inherit(frame: Any, env: Any) -> Any:
    """Let an inner environment know what moto does not hand down: the item of the Map around it, and the progress."""
    context = env.states.context_object.context_object_data
    if "Map" in context:
        frame.states.context_object.context_object_data["Map"] = context["Map"]
    return give(frame, progress_of(env))


def sleep(env: Any, seconds: float) -> None:
    """Sleep `seconds`, or until `env` stops running."""
    with waking(env) as event:
        event.wait(seconds)


def _waking_after(name: str, *parameters: str) -> None:
    """Let the method `name` of Environment wake those that wait on the environment."""
    from moto.stepfunctions.parser.asl.eval.environment import Environment

    ends: Callable[..., Any] = getattr(Environment, name)

    @patches.replaces(_ENVIRONMENT, f"Environment.{name}", "self", *parameters)
    def end(self: Any, *values: Any, **named: Any) -> None:
        with self._state_mutex:
            ends(self, *values, **named)
            for event in self.__dict__.get("_wakers", ()):
                event.set()


_waking_after("set_ended")
_waking_after("set_error", "error")
_waking_after("set_timed_out")
_waking_after("set_stop", "stop_date", "cause", "error")


@patches.replaces(
    "component.state.wait.wait_function.wait_function", "WaitFunction._wait_interval", "self", "env", "wait_seconds"
)
def wait_interval(self: Any, env: Any, wait_seconds: float) -> None:
    """A Wait state: sleep, but no longer than the execution lives."""
    if wait_seconds > 0:
        sleep(env, wait_seconds)


_OFFSET_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


@patches.replaces("component.state.wait.wait_function.timestamp", "Timestamp._get_wait_seconds", "self", "env")
def seconds_until(self: Any, env: Any) -> float:
    """The seconds until a Wait state's Timestamp; moto counts from local time, and whole seconds only."""
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException

    self.string.eval(env=env)
    text = env.stack.pop()
    if isinstance(text, str) and _OFFSET_TIME.fullmatch(text):
        with contextlib.suppress(ValueError):
            when = datetime.datetime.fromisoformat(text)
            return (when - datetime.datetime.now(datetime.UTC)).total_seconds()
    if type(self.string).__name__ == "StringJSONata":
        from airflow_sfn_ml.local.stepfunctions.jsonata import query_failure

        problem = "cannot be parsed as an ISO-8601 extended offset date-time format string"
        raise query_failure(env, f"The Timestamp field {problem}: {text}", "Timestamp")
    raise FailureEventException(self._create_failure_event(env, text))


@patches.replaces("component.common.retry.retrier_decl", "RetrierDecl._eval_body", "self", "env")
def evaluate_retrier(self: Any, env: Any) -> None:
    """Decide whether this retrier grants another attempt, and sleep its interval."""
    from moto.stepfunctions.parser.asl.component.common.retry.max_attempts_decl import MaxAttemptsOutcome
    from moto.stepfunctions.parser.asl.component.common.retry.retrier_outcome import RetrierOutcome

    self.error_equals.eval(env)
    if not env.stack.pop():
        env.stack.append(RetrierOutcome.Skipped)
        return
    self.max_attempts.eval(env=env)
    if env.stack.pop() == MaxAttemptsOutcome.EXHAUSTED:
        env.stack.append(RetrierOutcome.Failed)
        return
    for part in (self.interval_seconds, self.backoff_rate, self.max_delay_seconds, self.jitter_strategy):
        part.eval(env=env)
    sleep(env, env.stack.pop())
    env.stack.append(RetrierOutcome.Executed)


def _waiting_without_token() -> None:
    """Let integrations wait that have no task token, as Glue's: moto ends a token's endpoint that was never made."""
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_callback
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition

    waits: Any = state_task_service_callback.StateTaskServiceCallback._eval_integration_pattern
    names = ("env", "resource_runtime_part", "normalised_parameters", "state_credentials")
    place = "component.state.exec.state_task.service.state_task_service_callback"

    @patches.replaces(place, "StateTaskServiceCallback._eval_integration_pattern", "self", *names)
    def eval_integration_pattern(
        self: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
    ) -> None:
        given = dict(zip(names, (env, resource_runtime_part, normalised_parameters, state_credentials), strict=True))
        if ResourceCondition.WaitForTaskToken in self._supported_integration_patterns:
            waits(self, **given)
            return
        resolver = self._build_sync_resolver(**given)
        outcome = self._eval_sync(
            env=env, timeout_seconds=None, callback_endpoint=None, heartbeat_endpoint=None, sync_resolver=resolver
        )
        env.stack.append(outcome)


_waiting_without_token()
