"""Entering and leaving any state: its events, failed expressions in the history, locations for messages."""

from __future__ import annotations

import datetime
from typing import Any

from airflow_sfn_ml.local.patching import Patches
from airflow_sfn_ml.local.stepfunctions.attempts import record_failure
from airflow_sfn_ml.local.stepfunctions.progress import progress_of

patches = Patches("moto.stepfunctions.parser.asl")

_FIELDS = {
    "output": "Output",
    "assign_decl": "Assign",
    "parargs": "Arguments",
    "items": "Items",
    "wait_function": "Seconds",
    "timeout": "TimeoutSeconds",
    "heartbeat": "HeartbeatSeconds",
    "error": "Error",
    "cause": "Cause",
    "item_selector": "ItemSelector",
    "max_concurrency_decl": "MaxConcurrency",
}


@patches.replaces("component.state.state", "CommonStateField._eval_body", "self", "env")
def run_state(self: Any, env: Any) -> None:
    """Enter, run and leave a state."""
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
    from moto.stepfunctions.parser.asl.eval.states import StateData
    from moto.stepfunctions.parser.asl.utils.json_path import NoSuchJsonPathError

    progress = progress_of(env)
    if not progress.entered or type(self).__name__ == "StateFail":
        entered = env.event_manager.add_event(
            context=env.event_history_context,
            event_type=self.state_entered_event_type,
            event_details={"stateEnteredEventDetails": self._get_state_entered_event_details(env=env)},
        )
        progress.enter(entered)
    env.__dict__["_entered_event_id"] = progress.event
    env.states.context_object.context_object_data["State"] = StateData(
        EnteredTime=timestamp(datetime.datetime.now(datetime.UTC)), Name=self.name
    )
    try:
        self._eval_state_input(env=env)
        try:
            self._eval_state(env)
        except NoSuchJsonPathError as error:
            raise _no_such_path(env, error) from error
        if not env.is_running():
            return
        self._eval_state_output(env=env)
        self._verify_size_quota(env=env, value=env.states.get_input())
    except FailureEventException as error:
        if getattr(error.failure_event.error_name, "error_name", None) == "States.DataLimitExceeded":
            progress.parts.clear()
        if error.failure_event.event_type == "EvaluationFailed":
            record_failure(env, error.failure_event)
        raise
    with env._state_mutex:
        if not env.is_running():
            return
        self._set_next(env)
        following = env.next_state_name
    if self.state_exited_event_type is not None:
        env.event_manager.add_event(
            context=env.event_history_context,
            event_type=self.state_exited_event_type,
            event_details={"stateExitedEventDetails": self._get_state_exited_event_details(env=env)},
        )
    if following is None:
        progress.end(env.states.get_input())
    else:
        progress.move(env, following)


@patches.replaces("component.state.choice.state_choice", "StateChoice._eval_state", "self", "env")
def choose(self: Any, env: Any) -> None:
    """Find the first rule that holds, which evaluates its Assign and Output; else it is the default's turn."""
    env.__dict__["_took_default"] = False
    for rule in self.choices_decl.rules:
        rule.eval(env)
        if env.stack.pop() is True:
            env.stack.append(rule.next_stmt.name)
            return
    if self.default_state is None:
        cause = f"No choice of the state '{self.name}' matched, and it has no Default"
        raise _failure(env, "StatesNoChoiceMatched", cause)
    env.__dict__["_took_default"] = True
    env.stack.append(self.default_state.state_name)


@patches.replaces("component.state.choice.state_choice", "StateChoice._eval_state_output", "self", "env")
def leave_choice(self: Any, env: Any) -> None:
    """Evaluate the Assign and Output of the state itself, which are the default's only.

    moto takes every rule that leads to the same state as the default for the default.
    """
    following = env.stack.pop()
    if env.__dict__.pop("_took_default"):
        for part in (self.assign_decl, self.output):
            if part:
                part.eval(env=env)
    if self._is_language_query_jsonpath():
        if self.output_path:
            self.output_path.eval(env=env)
        else:
            env.states.reset(input_value=env.stack.pop())
    env.next_state_name = following


def timestamp(when: datetime.datetime) -> str:
    """ISO 8601 in UTC with milliseconds, the form of the context object."""
    return when.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


def _no_such_path(env: Any, error: Any) -> Exception:
    from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

    cause = (
        f"The JSONPath '{error.json_path}' specified for the field '{env.next_field_name}' "
        f"could not be found in the input '{to_json_str(error.data)}'"
    )
    return _failure(env, "StatesRuntime", cause)


def _failure(env: Any, kind: str, cause: str) -> Exception:
    from moto.stepfunctions.parser.asl.component.common.error_name import failure_event, states_error_name
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType

    name = states_error_name.StatesErrorName(typ=StatesErrorNameType[kind])
    failure: Exception = failure_event.FailureEventException(
        failure_event=failure_event.FailureEvent(
            env=env,
            error_name=name,
            event_type="TaskFailed",
            event_details={"taskFailedEventDetails": {"error": name.error_name, "cause": cause}},
        )
    )
    return failure


def mark_locations(program: Any) -> None:
    """Tell every JSONata string of a program the field that it stands in, for its error messages."""
    from moto.stepfunctions.parser.asl.component.component import Component
    from moto.stepfunctions.parser.asl.component.program.program import Program

    seen: set[int] = set()

    def visit(component: Any, location: str) -> None:
        if id(component) in seen:
            return
        seen.add(id(component))
        if type(component).__name__ == "StringJSONata":
            component.location = location
        for name, part in list(vars(component).items()):
            for child in part if isinstance(part, list) else [part]:
                if isinstance(child, Program):
                    mark_locations(child)
                elif isinstance(child, Component):
                    visit(child, _below(location, name, child))

    for state in program.states.states.values():
        for field, name in _FIELDS.items():
            if isinstance(part := getattr(state, field, None), Component):
                visit(part, name)
        visit(state, "")


def _below(location: str, attribute: str, child: Any) -> str:
    identifier = getattr(child, "identifier", None)
    if identifier:
        return f"{location}/{identifier}"
    return location or _FIELDS.get(attribute, "")
