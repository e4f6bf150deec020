"""How a Task, Parallel or Map runs: attempts, time-outs, Retry, Catch.

moto's loop is replaced, because:

- `Output` and `Assign` belong to the attempt: what fails in them can be retried and caught
  (`Output` and `Assign` see the variables as they were when the state was entered);
- a state that ends because its execution was stopped, or a sibling branch failed, is aborted, not failed;
- `States.ALL` does not match `States.DataLimitExceeded` and `States.Runtime`;
  `States.TaskFailed` matches everything but `States.Timeout`
  (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html);
- an attempt without `TimeoutSeconds` needs no thread of its own.
"""

from __future__ import annotations

import copy
import threading
from typing import Any

from airflow_sfn_ml.local.patching import Patches
from airflow_sfn_ml.local.stepfunctions.progress import progress_of
from airflow_sfn_ml.local.stepfunctions.variables import discard_assignments
from airflow_sfn_ml.local.stepfunctions.waiting import InterruptedWaitError, inherit

patches = Patches("moto.stepfunctions.parser.asl")

_EXECUTE = "component.state.exec.execute_state"
_NEVER_MATCHED = frozenset({"States.DataLimitExceeded", "States.Runtime"})


@patches.replaces(_EXECUTE, "ExecutionState._eval_state", "self", "env")
def run_task(self: Any, env: Any) -> None:
    """A Task: attempts until one succeeds, is caught, or there are no more."""
    _attempts(self, env, attempt=lambda: self._evaluate_with_timeout(env), failed=None)


@patches.replaces("component.state.exec.state_parallel.state_parallel", "StateParallel._eval_state", "self", "env")
def run_parallel(self: Any, env: Any) -> None:
    """A Parallel: every attempt runs all branches."""

    def attempt() -> None:
        if self.parargs is not None:
            self.parargs.eval(env=env)
        self._evaluate_with_timeout(env)

    _attempts(self, env, attempt=attempt, failed="ParallelStateFailed")


@patches.replaces("component.state.exec.state_map.state_map", "StateMap._eval_state", "self", "env")
def run_map(self: Any, env: Any) -> None:
    """A Map: every attempt runs all items."""
    _attempts(self, env, attempt=lambda: self._evaluate_with_timeout(env), failed="MapStateFailed")


def _attempts(self: Any, env: Any, attempt: Any, failed: str | None) -> None:
    """Run `attempt` under the state's Retry and Catch; `failed` is the event of a state that is not a Task."""
    context = env.states.context_object.context_object_data
    context["State"]["RetryCount"] = 0
    entry = copy.deepcopy(env.stack)
    while env.is_running():
        env.stack[:] = copy.deepcopy(entry)
        try:
            attempt()
            return
        except Exception as error:
            discard_assignments(env)
            if not env.is_running():
                break
            failure = self._from_error(env=env, ex=error)
            if failed is None or failure.event_type == "EvaluationFailed":
                record_failure(env, failure)
            output = self._construct_error_output_value(failure_event=failure)
            env.states.set_error_output(output)
            env.states.set_result(output)
        if self.retry and self._handle_retry(env=env, failure_event=failure).name == "CanRetry":
            progress_of(env).parts.clear()
            continue
        if not env.is_running():
            break
        if failed is not None and not _fails_execution(self, failure):
            env.event_manager.add_event(context=env.event_history_context, event_type=failed)
        if self.catch:
            self._handle_catch(env=env, failure_event=failure)
            if getattr(env.stack[-1], "name", None) == "Caught":
                return
        self._handle_uncaught(env=env, failure_event=failure)
    kind = self.state_entered_event_type.removesuffix("Entered")
    env.event_manager.add_event(context=env.event_history_context, event_type=f"{kind}Aborted")


def _fails_execution(self: Any, failure: Any) -> bool:
    """A Map whose settings cannot be computed fails without an event of its own."""
    return type(self).__name__ == "StateMap" and failure.event_type == "ExecutionFailed"


def record_failure(env: Any, failure: Any) -> None:
    """Put the event of `failure` into the history, once."""
    if failure.__dict__.get("recorded"):
        return
    failure.recorded = True
    details = failure.event_details
    if failure.event_type == "EvaluationFailed":
        evaluation = details["evaluationFailedEventDetails"]
        details = {
            "evaluationFailedEventDetails": {
                **evaluation,
                "cause": decorated(failure, evaluation["cause"]),
                "state": failure.state_name,
            }
        }
    env.event_manager.add_event(context=env.event_history_context, event_type=failure.event_type, event_details=details)


def decorated(failure: Any, cause: str) -> str:
    """The cause as AWS words it for errors of the interpreter itself."""
    return (
        f"An error occurred while executing the state '{failure.state_name}' "
        f"(entered at the event id #{failure.source_event_id}). {cause}"
    )


@patches.replaces(_EXECUTE, "ExecutionState._evaluate_with_timeout", "self", "env")
def run_attempt(self: Any, env: Any) -> None:
    """One attempt: run within TimeoutSeconds, then compute Assign and Output from its result."""
    seconds = None
    if not self.timeout.is_default_value():
        self.timeout.eval(env=env)
        seconds = env.stack.pop()
    frame = inherit(env.open_frame(), env)
    frame.states.reset(input_value=env.states.get_input())
    frame.stack = copy.deepcopy(env.stack)
    frame.__dict__["_entered_event_id"] = env.__dict__.get("_entered_event_id")
    try:
        result = _run(self, frame, seconds)
    finally:
        frame.set_ended()
        env.close_frame(frame)
    if not env.is_running():
        raise InterruptedWaitError
    env.stack.append(result)
    if self._is_language_query_jsonpath():
        _jsonpath_output(self, env)
    else:
        _jsonata_output(self, env, result)


def _run(self: Any, frame: Any, seconds: int | None) -> Any:
    from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError

    if seconds is None:
        self._eval_execution(frame)
        return frame.stack.pop()
    outcome: list[Any] = []

    def run() -> None:
        try:
            self._eval_execution(frame)
            outcome.append(("result", frame.stack.pop()))
        except Exception as error:
            outcome.append(("error", error))

    worker = threading.Thread(target=run, daemon=True, name=f"attempt of {self.name}")
    worker.start()
    worker.join(seconds)
    if not outcome:
        raise EvalTimeoutError
    kind, value = outcome[0]
    if kind == "error":
        raise value
    return value


def _jsonpath_output(self: Any, env: Any) -> None:
    if self.assign_decl:
        self.assign_decl.eval(env=env)
    if self.result_selector:
        self.result_selector.eval(env=env)
    self.result_path.eval(env)


def _jsonata_output(self: Any, env: Any, result: Any) -> None:
    env.states.set_result(result)
    if self.output:
        self.output.jsonata_template_value.eval(env=env)
    output = env.stack.pop()
    if self.assign_decl:
        self.assign_decl.eval(env=env)
    env.stack.append(output)
    self._verify_size_quota(env=env, value=output)


@patches.replaces(_EXECUTE, "ExecutionState._eval_state_output", "self", "env")
def leave(self: Any, env: Any) -> None:
    """Make the attempt's output the state's; a caught error already did so."""
    from moto.stepfunctions.parser.asl.component.common.catch.catch_outcome import CatchOutcome
    from moto.stepfunctions.parser.asl.component.state.state import CommonStateField

    if isinstance(env.stack[-1], CatchOutcome):
        return
    if self._is_language_query_jsonpath():
        CommonStateField._eval_state_output(self, env=env)
    else:
        env.states.reset(input_value=env.stack.pop())


@patches.replaces("component.common.error_name.error_equals_decl", "ErrorEqualsDecl._eval_body", "self", "env")
def matches(self: Any, env: Any) -> None:
    """Whether the error on the stack is one of ErrorEquals."""
    error = env.stack.pop()
    name = error.error_name if error is not None else None
    wanted = {each.error_name for each in self.error_names}
    env.stack.append(_matches(name, wanted))


def _matches(name: str | None, wanted: set[str]) -> bool:
    if name in wanted:
        return True
    if name in _NEVER_MATCHED:
        return False
    if "States.ALL" in wanted:
        return True
    return "States.TaskFailed" in wanted and name != "States.Timeout"
