"""The resource of a Task: what is called, and how its end is waited for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from airflow_sfn_ml.asl.validation.integrations import SERVICES
from airflow_sfn_ml.asl.validation.model import Definition, State
from airflow_sfn_ml.asl.validation.rules import Finding, definition_rule, state_rule

_ARN = re.compile(r"arn:[^:\s]*:[^:\s]+:[^:\s]*:[^:\s]*:\S+")
_INTEGRATION = re.compile(r"arn:[^:\s]*:states:::(?:(aws-sdk):)?([^:\s]+):([^:.\s]+)(?:\.([^\s]+))?")
_PATTERNS = ("sync", "sync:2", "waitForTaskToken")


@dataclass(frozen=True)
class Call:
    """A resource ``arn:aws:states:::service:action.pattern``; *sdk* for an ``aws-sdk:`` one."""

    path: str
    service: str
    action: str
    pattern: str
    sdk: bool


def call_of(state: State) -> Call | None:
    """The service call of a Task; None for functions, activities and what cannot be read."""
    resource = state.body.get("Resource")
    match = _INTEGRATION.fullmatch(resource) if isinstance(resource, str) else None
    if not match:
        return None
    sdk, service, action, pattern = match.groups()
    return Call(f"{state.path}/Resource", service, action, pattern or "", bool(sdk))


def _optimised(state: State) -> Call | None:
    call = call_of(state)
    return call if call and not call.sdk and call.service in SERVICES else None


def is_activity(state: State) -> bool:
    """Whether the Task waits for an activity's worker."""
    resource = state.body.get("Resource")
    return isinstance(resource, str) and re.match(r"arn:[^:]*:states:[^:]+:[^:]*:activity:", resource) is not None


@state_rule("bad-resource", "Task")
def bad_resource(state: State) -> Iterator[Finding]:
    resource = state.body.get("Resource")
    if isinstance(resource, str) and not _ARN.fullmatch(resource) and "${" not in resource:
        yield f"{state.path}/Resource", f"{resource!r} is no ARN; name a service, as arn:aws:states:::sqs:sendMessage"


@state_rule("unknown-resource", "Task", severity="warning")
def unknown_resource(state: State) -> Iterator[Finding]:
    resource = state.body.get("Resource")
    if not isinstance(resource, str) or not _ARN.fullmatch(resource):
        return
    if call_of(state) is None and not is_activity(state) and resource.split(":")[2] != "lambda":
        yield f"{state.path}/Resource", f"{resource!r} is neither a service call, a function nor an activity"


@state_rule("unknown-service", "Task", severity="warning")
def unknown_service(state: State) -> Iterator[Finding]:
    call = call_of(state)
    if call and not call.sdk and call.service not in SERVICES:
        yield call.path, f"{call.service} is no known optimised service; others are aws-sdk:{call.service}:..."


@state_rule("unknown-action", "Task")
def unknown_action(state: State) -> Iterator[Finding]:
    call = _optimised(state)
    if call and SERVICES[call.service].closed and call.action not in SERVICES[call.service].actions:
        known = ", ".join(SERVICES[call.service].actions)
        yield call.path, f"{call.service} has {known}; call {call.action} as aws-sdk:{call.service}:{call.action}"


@state_rule("unlisted-action", "Task", severity="warning")
def unlisted_action(state: State) -> Iterator[Finding]:
    call = _optimised(state)
    if call and not SERVICES[call.service].closed and call.action not in SERVICES[call.service].actions:
        yield call.path, f"{call.action} is no known action of {call.service}; check its spelling"


@state_rule("unknown-pattern", "Task")
def unknown_pattern(state: State) -> Iterator[Finding]:
    call = call_of(state)
    if call and call.pattern and call.pattern not in _PATTERNS:
        yield call.path, f".{call.pattern} is no way to wait; there are .sync, .sync:2 and .waitForTaskToken"


@state_rule("no-sync", "Task")
def no_sync(state: State) -> Iterator[Finding]:
    call = _optimised(state)
    if call and call.pattern.startswith("sync"):
        service = SERVICES[call.service]
        if call.action in service.actions and call.action not in service.sync:
            can = f"only {', '.join(service.sync)} can" if service.sync else "no action of the service can"
            yield call.path, f"{call.service}:{call.action} cannot be waited for with .sync, {can}; remove .sync"


@state_rule("sync-version", "Task", severity="warning")
def sync_version(state: State) -> Iterator[Finding]:
    call = _optimised(state)
    if call and call.pattern == "sync:2" and call.service != "states":
        yield call.path, ".sync:2 is known only of states:startExecution; use .sync"


@state_rule("no-token", "Task")
def no_token(state: State) -> Iterator[Finding]:
    call = _optimised(state)
    if call and call.pattern == "waitForTaskToken" and SERVICES[call.service].token is False:
        yield call.path, f"{call.service} cannot be waited for with .waitForTaskToken; remove it"


@state_rule("doubtful-token", "Task", severity="warning")
def doubtful_token(state: State) -> Iterator[Finding]:
    call = _optimised(state)
    if call and call.pattern == "waitForTaskToken" and SERVICES[call.service].token is None:
        yield call.path, f"AWS's pages contradict each other on .waitForTaskToken with {call.service}; try it first"


@state_rule("sdk-sync", "Task")
def sdk_sync(state: State) -> Iterator[Finding]:
    call = call_of(state)
    if call and call.sdk and call.pattern.startswith("sync"):
        yield call.path, "an aws-sdk call cannot be waited for with .sync; poll for its end, or use another service"


@state_rule("sdk-action-case", "Task", severity="warning")
def sdk_action_case(state: State) -> Iterator[Finding]:
    call = call_of(state)
    if call and call.sdk and call.action[0].isupper():
        yield call.path, f"actions are written in camelCase: {call.action[0].lower()}{call.action[1:]}"


@state_rule("token-not-sent", "Task", severity="warning")
def token_not_sent(state: State) -> Iterator[Finding]:
    call = call_of(state)
    if call and call.pattern == "waitForTaskToken":
        sent = json.dumps([state.body.get("Parameters"), state.body.get("Arguments")], default=str)
        if "Task.Token" not in sent and "$$" not in sent and "$states.context" not in sent:
            yield call.path, "the call does not send the task token, so nobody can end the wait; send Task.Token"


@state_rule("credentials-without-role", "Task")
def credentials_without_role(state: State) -> Iterator[Finding]:
    given = state.body.get("Credentials")
    if isinstance(given, dict) and "RoleArn" not in given and "RoleArn.$" not in given:
        yield f"{state.path}/Credentials", "Credentials need RoleArn, the role to assume"


@state_rule("activity-credentials", "Task")
def activity_credentials(state: State) -> Iterator[Finding]:
    if is_activity(state) and "Credentials" in state.body:
        yield f"{state.path}/Credentials", "an activity has no Credentials; remove them"


@definition_rule("express-pattern")
def express_pattern(definition: Definition) -> Iterator[Finding]:
    for state in definition.states if definition.type == "EXPRESS" else ():
        call = call_of(state) if state.type == "Task" else None
        if call and call.pattern in _PATTERNS:
            yield call.path, f"an EXPRESS state machine cannot wait with .{call.pattern}; use a STANDARD one"


@definition_rule("express-activity")
def express_activity(definition: Definition) -> Iterator[Finding]:
    for state in definition.states if definition.type == "EXPRESS" else ():
        if state.type == "Task" and is_activity(state):
            yield f"{state.path}/Resource", "an EXPRESS state machine cannot wait for an activity; use a STANDARD one"


@definition_rule("express-distributed")
def express_distributed(definition: Definition) -> Iterator[Finding]:
    for machine in definition.machines if definition.type == "EXPRESS" else ():
        if machine.owner and machine.distributed:
            yield f"{machine.path}/ProcessorConfig/Mode", "an EXPRESS state machine has no distributed Map; use INLINE"


@definition_rule("express-child", severity="warning")
def express_child(definition: Definition) -> Iterator[Finding]:
    for machine in definition.machines:
        config = machine.body.get("ProcessorConfig")
        if machine.owner and isinstance(config, dict) and config.get("ExecutionType") == "EXPRESS":
            for state in machine.states.values():
                call = call_of(state) if state.type == "Task" else None
                if (call and call.pattern in _PATTERNS) or (state.type == "Task" and is_activity(state)):
                    yield f"{state.path}/Resource", "an EXPRESS child workflow cannot wait; make it STANDARD"
