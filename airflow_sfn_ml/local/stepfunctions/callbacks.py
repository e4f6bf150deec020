"""Task tokens and activities: work that someone outside takes up and answers.

moto waits on: a task that waits for an answer does not notice that its execution was stopped, an answer that comes too
late is accepted, and GetActivityTask is missing. Here a wait ends with its execution, whoever answers late is told so,
and an activity hands out each task once, to the worker that has waited longest
(https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html).
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any
from weakref import WeakValueDictionary

from airflow_sfn_ml.local.patching import Patches
from airflow_sfn_ml.local.stepfunctions.answers import refusal, result
from airflow_sfn_ml.local.stepfunctions.waiting import waking

patches = Patches("moto.stepfunctions.parser.asl")
api = Patches("moto.stepfunctions")

_API = "StepFunctionResponse"
_CALLBACK = "eval.callback.callback"
_POLL_SECONDS = 60
_GONE = "Task Timed Out: 'Provided task does not exist anymore'"

_endpoints: WeakValueDictionary[str, Any] = WeakValueDictionary()
"""Who waits for the answer to a token."""
_WAITING: ContextVar[tuple[Any, list[Any]] | None] = ContextVar("waiting", default=None)
"""The environment whose task this thread runs, and the endpoints that it waits on."""


@contextlib.contextmanager
def _waits(env: Any, *endpoints: Any) -> Iterator[None]:
    """Let the waits in this block end with `env`; afterwards an answer is too late."""
    found = list(endpoints)
    token = _WAITING.set((env, found))
    try:
        yield
    finally:
        _WAITING.reset(token)
        for endpoint in found:
            endpoint.over = True


@contextlib.contextmanager
def _woken(event: threading.Event) -> Iterator[None]:
    """Set `event` when the environment of this thread ends."""
    waiting = _WAITING.get()
    if waiting is None:
        yield
    else:
        with waking(waiting[0], event):
            yield


def _ending_waits() -> None:
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_activitiy
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_callback
    from moto.stepfunctions.parser.asl.eval.callback import callback

    waits, beats = callback.CallbackEndpoint.wait, callback.HeartbeatEndpoint.clear_and_wait
    starts = callback.ActivityTaskStartEndpoint.wait
    tokens = state_task_service_callback.StateTaskServiceCallback._eval_wait_for_task_token
    works = state_task_activitiy.StateTaskActivity._eval_execution
    place = "component.state.exec.state_task"

    @patches.replaces(_CALLBACK, "CallbackEndpoint.wait", "self", "timeout")
    def wait(self: Any, timeout: float | None = None) -> Any:
        with _woken(self._notify_event):
            return waits(self, timeout)

    @patches.replaces(_CALLBACK, "HeartbeatEndpoint.clear_and_wait", "self")
    def clear_and_wait(self: Any) -> bool:
        with _woken(self._next_heartbeat_event):
            return bool(beats(self))

    @patches.replaces(_CALLBACK, "ActivityTaskStartEndpoint.wait", "self", "timeout_seconds")
    def wait_for_start(self: Any, timeout_seconds: float) -> Any:
        self.__dict__.setdefault("_outcome", None)
        with _woken(self._next_activity_task_start_event):
            return starts(self, timeout_seconds)

    @patches.replaces(
        f"{place}.service.state_task_service_callback",
        "StateTaskServiceCallback._eval_wait_for_task_token",
        "self",
        "env",
        "timeout_seconds",
        "callback_endpoint",
        "heartbeat_endpoint",
    )
    def eval_wait_for_task_token(
        self: Any, env: Any, timeout_seconds: int, callback_endpoint: Any, heartbeat_endpoint: Any
    ) -> Any:
        with _waits(env, callback_endpoint):
            return tokens(self, env, timeout_seconds, callback_endpoint, heartbeat_endpoint)

    @patches.replaces(f"{place}.state_task_activitiy", "StateTaskActivity._eval_execution", "self", "env")
    def eval_activity(self: Any, env: Any) -> None:
        with _waits(env):
            works(self, env)

    @patches.replaces(
        _CALLBACK, "CallbackPoolManager.add_activity_task", "self", "callback_id", "activity_arn", "activity_input"
    )
    def add_activity_task(self: Any, callback_id: str, activity_arn: str, activity_input: str) -> Any:
        activity = self._activity_store.get(activity_arn)
        if activity is None:
            raise callback.ActivityDoesNotExist()
        endpoint: Any = callback.ActivityCallbackEndpoint(callback_id=callback_id, activity_input=activity_input)
        self._pool[callback_id] = _endpoints[callback_id] = endpoint
        waiting = _WAITING.get()
        if waiting is not None:
            waiting[1].append(endpoint)
        activity.add(endpoint)
        return endpoint

    adds = callback.CallbackPoolManager.add

    @patches.replaces(_CALLBACK, "CallbackPoolManager.add", "self", "callback_id")
    def add(self: Any, callback_id: str) -> Any:
        endpoint = _endpoints[callback_id] = adds(self, callback_id)
        return endpoint


_ending_waits()


class Activity:
    """The tasks of one activity that nobody has taken yet."""

    def __init__(self) -> None:
        self._tasks: deque[Any] = deque()
        self._changed = threading.Condition()

    def add(self, endpoint: Any) -> None:
        with self._changed:
            self._tasks.append(endpoint)
            self._changed.notify()

    def take(self, seconds: float) -> Any:
        """The oldest task that is still wanted; None when there is none within `seconds`."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                while self._tasks:
                    endpoint = self._tasks.popleft()
                    if not _is_over(endpoint):
                        return endpoint
                if not self._changed.wait(max(0, deadline - time.monotonic())):
                    return None


class Activities(dict[str, Activity]):
    """The activities of a backend, by ARN, in the form that moto's interpreter asks for them."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def get(self, arn: str, default: Any = None) -> Any:
        """The activity with this ARN, if it was created."""
        if arn not in self._backend.activities:
            return default
        return self.setdefault(arn, Activity())


def activities(backend: Any) -> Activities:
    """Those of `backend`."""
    found: Activities = backend.__dict__.setdefault("activity_store", Activities(backend))
    return found


@api.adds("responses", f"{_API}.get_activity_task")
def get_activity_task(self: Any) -> Any:
    """GetActivityTask: a task, or nothing after a minute."""
    arn = self._get_param("activityArn")
    activity = activities(self.stepfunction_backend).get(arn)
    if activity is None:
        raise refusal("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")
    endpoint = activity.take(_POLL_SECONDS)
    if endpoint is None:
        return result({})
    endpoint.notify_activity_task_start(self._get_param("workerName"))
    return result({"taskToken": endpoint.callback_id, "input": endpoint.get_activity_input()})


@api.replaces("responses", f"{_API}.send_task_success", "self")
def send_task_success(self: Any) -> Any:
    """SendTaskSuccess."""
    from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackOutcomeSuccess

    token, output = self._get_param("taskToken"), self._get_param("output")
    try:
        json.loads(output)
    except ValueError as error:
        raise refusal("InvalidOutput", f"Invalid Output: '{error}'") from error
    _endpoint(token).notify(CallbackOutcomeSuccess(callback_id=token, output=output))
    return result({})


@api.replaces("responses", f"{_API}.send_task_failure", "self")
def send_task_failure(self: Any) -> Any:
    """SendTaskFailure, with its cause."""
    from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackOutcomeFailure

    token = self._get_param("taskToken")
    error, cause = self._get_param("error"), self._get_param("cause")
    _endpoint(token).notify(CallbackOutcomeFailure(callback_id=token, error=error, cause=cause))
    return result({})


@api.replaces("responses", f"{_API}.send_task_heartbeat", "self")
def send_task_heartbeat(self: Any) -> Any:
    """SendTaskHeartbeat."""
    _endpoint(self._get_param("taskToken")).notify_heartbeat()
    return result({})


def _endpoint(token: str) -> Any:
    """Who waits for the answer to `token`."""
    endpoint = _endpoints.get(token)
    if endpoint is None:
        raise refusal("InvalidToken", "Invalid Token: 'Invalid token'")
    if _is_over(endpoint) or endpoint.get_outcome() is not None:
        raise refusal("TaskTimedOut", _GONE)
    return endpoint


def _is_over(endpoint: Any) -> bool:
    return bool(endpoint.__dict__.get("over"))
