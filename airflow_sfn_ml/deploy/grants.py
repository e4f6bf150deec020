"""What one definition needs, call by call: actions, ARNs, conditions. Pure.

The definition is walked with everything that is nested in it. A Task's resource names the row of integrations (or, for
``aws-sdk:``, the operation), its request the resources.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_sfn_ml.deploy.place import Place
from airflow_sfn_ml.deploy.readings import READINGS
from airflow_sfn_ml.deploy.resources import CONDITIONS, ON, PASSED, REMARKS, RULES, On, Passed
from airflow_sfn_ml.deploy.sdk_calls import sdk_actions, sdk_on, sdk_passed
from airflow_sfn_ml.deploy.values import ANY, Value, values_at
from airflow_sfn_ml.steps.integrations import INTEGRATIONS

RULE_ACTIONS = ("events:DescribeRule", "events:PutRule", "events:PutTargets")
RESOURCE = re.compile(r"arn:[^:]+:states:::(?P<sdk>aws-sdk:)?(?P<call>[^:]+:[^:.]+)(?:\.(?P<pattern>.+))?")
FIELD = re.compile(r"\{(?P<fields>[\w.*/]+)(?P<optional>\?)?(?:=(?P<default>[^|}]*))?(?:\|(?P<reading>\w+))?\}")


@dataclass(frozen=True)
class Grant:
    """Actions on one resource.

    :param condition: as JSON; empty for none.
    """

    actions: tuple[str, ...]
    resource: str
    condition: str = ""


@dataclass
class Found:
    """What was collected; *assumed* are the grants of roles that Tasks assume."""

    grants: list[Grant] = field(default_factory=list)
    assumed: dict[str, list[Grant]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes, each once."""
        return tuple(dict.fromkeys(self.remarks))


def grants_of(definition: Mapping[str, Any], place: Place, job_roles: tuple[str, ...] = ()) -> Found:
    """Everything that *definition* needs, in *place*."""
    found = Found()
    for unknown in ("region", "account", "name"):
        if getattr(place, unknown) == ANY:
            found.remarks.append(f"the {unknown} of the state machine is not known: any is allowed")
    for name, state in _states(definition):
        if state.get("Type") == "Task":
            _task(name, state, place, job_roles, found)
        elif state.get("Type") == "Map":
            found.grants += _map(state, place)
    return found


def _states(machine: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, state in machine.get("States", {}).items():
        yield name, state
        for inner in (*state.get("Branches", ()), state.get("ItemProcessor"), state.get("Iterator")):
            if inner:
                yield from _states(inner)


def _task(name: str, state: Mapping[str, Any], place: Place, job_roles: tuple[str, ...], found: Found) -> None:
    grants = found.grants
    role = _assumed(state)
    if role:
        if not role.known:
            found.remarks.append(f"{name}: which role it assumes is only known at run time: any is allowed")
        arn = role.pattern if role.pattern.startswith("arn:") else f"arn:{place.partition}:iam::*:role/*"
        found.grants.append(Grant(("sts:AssumeRole",), arn))
        grants = found.assumed.setdefault(arn, [])
    resource = str(state.get("Resource"))
    call = RESOURCE.fullmatch(resource)
    if call:
        grants += _Call(name, state, call, place, job_roles, found.remarks, waits_by_rule=role is None).grants()
    elif resource.split(":")[2:3] == ["lambda"]:
        function = READINGS["function"](resource, place)
        grants += [Grant(("lambda:InvokeFunction",), arn) for arn in (function, f"{function}:*")]
    elif ":activity:" not in resource:
        found.remarks.append(f"{name}: {resource!r} is no call that is known here: add what it needs")


def _assumed(state: Mapping[str, Any]) -> Value | None:
    values = values_at(state.get("Credentials"), "RoleArn")
    return values[0] if values else None


class _Call:
    """One Task that calls a service."""

    def __init__(
        self,
        name: str,
        state: Mapping[str, Any],
        call: re.Match[str],
        place: Place,
        job_roles: tuple[str, ...],
        remarks: list[str],
        *,
        waits_by_rule: bool,
    ) -> None:
        self.name = name
        self.key = call["call"]
        self.sdk = bool(call["sdk"])
        self.waits = (call["pattern"] or "").startswith("sync")
        self.request = state.get("Arguments", state.get("Parameters"))
        self.place = place
        self.job_roles = job_roles
        self.remarks = remarks
        self.waits_by_rule = waits_by_rule

    def grants(self) -> Iterator[Grant]:
        if self.sdk:
            actions, targets = sdk_actions(self.key), sdk_on(self.key, self.request)
            if self.key.startswith("sagemaker:create") and values_at(self.request, "Tags"):
                actions = tuple(dict.fromkeys((*actions, "sagemaker:AddTags")))
            if any(ANY in target.arns for target in targets):
                self._note(
                    f"{' and '.join(actions)} is allowed on any resource: the request names none that is known here"
                )
            passed = sdk_passed(self.key, self.request)
        elif self.key in INTEGRATIONS:
            row = INTEGRATIONS[self.key]
            actions = row.actions + (row.sync_actions if self.waits else ())
            targets, passed = ON[self.key], PASSED.get(self.key, ())
        else:
            self._note(f"{self.key} is no call that is known here: add what it needs")
            return
        if self.key in REMARKS:
            self._note(REMARKS[self.key])
        yield from self._on(actions, targets)
        for role in passed:
            yield from self._pass(role)
        if self.waits and self.waits_by_rule and self.key in RULES:
            place = self.place
            rule = f"arn:{place.partition}:events:{place.region}:{place.account}:rule/{RULES[self.key]}"
            yield Grant(RULE_ACTIONS, rule)

    def _on(self, actions: tuple[str, ...], targets: tuple[On, ...]) -> Iterator[Grant]:
        named = {action for target in targets for action in target.actions}
        for target in targets:
            allowed = tuple(a for a in target.actions if a in actions or self._is_extra(a)) or tuple(
                action for action in actions if not target.actions and action not in named
            )
            for action in allowed:
                for template in target.arns:
                    for arn in self._arns(template):
                        yield Grant((action,), arn, self._condition(action))

    def _is_extra(self, action: str) -> bool:
        """Whether *action* stands only with the resources: it is needed whether the call waits or not."""
        row = INTEGRATIONS.get(self.key)
        return row is not None and action not in row.actions + row.sync_actions

    def _arns(self, template: str) -> list[str]:
        if template == "{machine}":
            return [self.place.machine_arn]
        place = self.place
        if self.key == "sns:publish" and isinstance(self.request, Mapping) and _has(self.request, "PhoneNumber"):
            return [ANY]  # a telephone is no resource
        for letter, value in (("P", place.partition), ("R", place.region), ("A", place.account)):
            template = template.replace(f"{{{letter}}}", value)
        return list(dict.fromkeys(spelling for arn in self._filled(template) for spelling in _spellings(arn)))

    def _filled(self, template: str) -> Iterator[str]:
        found = FIELD.search(template)
        if found is None:
            yield template
            return
        for value in self._values(found):
            head = "" if value.startswith("arn:") else template[: found.start()]
            yield from self._filled(head + value + template[found.end() :])

    def _values(self, found: re.Match[str]) -> Iterator[str]:
        """What stands in the place of a field; a note where it is not known."""
        fields, reading = found["fields"].split("/"), READINGS.get(found["reading"] or "")
        values = next((values for path in fields if (values := values_at(self.request, path, found["default"]))), [])
        if not values:
            if found["optional"]:
                return
            default = found["default"]
            values = [Value(default)] if default is not None else [Value(ANY, known=False)]
            if default == ANY:
                yield ANY
                return
        for value in values:
            pattern = ANY if value.pattern == ANY else reading(value.pattern, self.place) if reading else value.pattern
            if not value.known:
                what = "any is allowed" if value.pattern == ANY else f"any that begins with {value.pattern[:-1]!r}"
                self._note(f"{fields[0]} is only known at run time: {what}")
            if pattern == ANY and reading is not None and found.start() == 0:
                pattern = self._any_of(found["reading"])
            yield pattern

    def _any_of(self, reading: str) -> str:
        """Any resource of a kind whose template is nothing but the field."""
        place = self.place
        match reading:
            case "role":
                return f"arn:{place.partition}:iam::{place.account}:role/*"
            case "base":
                return f"arn:{place.partition}:bedrock:{place.region}:{place.account}:inference-profile/*"
            case _:
                return f"arn:{place.partition}:bedrock:*::foundation-model/*"

    def _pass(self, role: Passed) -> Iterator[Grant]:
        values = values_at(self.request, role.path) if role.path else []
        if not values and not role.required:
            return
        condition = json.dumps(
            {
                "StringEquals": {
                    "iam:PassedToService": role.services[0] if len(role.services) == 1 else list(role.services)
                }
            }
        )
        for value in values or [Value(ANY, known=False)]:
            arns: tuple[str, ...]
            if value.known:
                arns = (READINGS["role"](value.pattern, self.place),)
            else:
                arns = self.job_roles or (READINGS["role"](ANY, self.place),)
                if not self.job_roles:
                    self._note(
                        f"the role that it passes ({role.path or 'of the task definition'}) is only known at run time: "
                        "any role of the account may be passed to " + " and ".join(role.services)
                    )
            for arn in arns:
                yield Grant(("iam:PassRole",), arn, condition)

    def _condition(self, action: str) -> str:
        made: dict[str, dict[str, str]] = {}
        for operator, key, template in CONDITIONS.get(action, ()):
            value = template
            if template.startswith("{"):
                values = values_at(self.request, template[1:-1])
                value = values[0].pattern if values else ANY
            if value != ANY:
                made.setdefault(operator, {})[key] = value
        return json.dumps(made) if made else ""

    def _note(self, text: str) -> None:
        self.remarks.append(f"{self.name}: {text}")


def _spellings(arn: str) -> list[str]:
    """*arn*, and as SageMaker makes it: it writes the names of resources in lower case, whatever they were given as."""
    head, slash, name = arn.partition("/")
    lowered = f"{head}{slash}{name.lower()}"
    return [arn, lowered] if ":sagemaker:" in head and lowered != arn else [arn]


def _has(request: Mapping[str, Any], name: str) -> bool:
    return name in request or f"{name}.$" in request


def _map(state: Mapping[str, Any], place: Place) -> Iterator[Grant]:
    """What a Map in distributed mode needs: executions of its own, and the objects that it reads and writes."""
    processor = state.get("ItemProcessor") or state.get("Iterator") or {}
    if processor.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED":
        yield Grant(("states:StartExecution",), place.machine_arn)
        children = place.execution_arn.removesuffix(":*") + f"/{state.get('Label') or ANY}:*"
        yield Grant(("states:DescribeExecution", "states:RedriveExecution", "states:StopExecution"), children)
    for part, writes in (("ItemReader", False), ("ResultWriter", True)):
        given = state.get(part)
        if isinstance(given, Mapping) and given.get("Resource"):
            yield from _objects(given, place, writes=writes)


def _objects(given: Mapping[str, Any], place: Place, *, writes: bool) -> Iterator[Grant]:
    request = given.get("Arguments", given.get("Parameters"))
    bucket = _first(request, "Bucket")
    arn = f"arn:{place.partition}:s3:::{bucket}"
    if writes:
        prefix = _first(request, "Prefix", "").strip("/")
        objects = f"{arn}/{prefix}/*" if prefix and prefix != ANY else f"{arn}/*"
        actions = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject")
        yield Grant(actions, objects)
    elif str(given["Resource"]).endswith("listObjectsV2"):
        yield Grant(("s3:ListBucket",), arn)
    else:
        manifest = "Manifest" in str((given.get("ReaderConfig") or {}).get("InputType", "")).title()
        yield Grant(("s3:GetObject",), f"{arn}/*" if manifest else f"{arn}/{_first(request, 'Key')}")


def _first(request: Any, path: str, default: str = ANY) -> str:
    values = values_at(request, path)
    return values[0].pattern if values else default
