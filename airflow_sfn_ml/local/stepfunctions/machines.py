"""The API of state machines and their versions.

A *revision* is a state of the machine's configuration, a *version* a numbered revision that stays. Publishing a
revision twice gives the same version
(https://docs.aws.amazon.com/step-functions/latest/dg/concepts-state-machine-version.html).
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from airflow_sfn_ml.local.patching import Patches
from airflow_sfn_ml.local.stepfunctions import definition as rules
from airflow_sfn_ml.local.stepfunctions import lag
from airflow_sfn_ml.local.stepfunctions.answers import LOCK, check_name, page, refusal, result
from airflow_sfn_ml.local.stepfunctions.worker import abort

patches = Patches("moto.stepfunctions")

_API = "StepFunctionResponse"
_INITIAL = "INITIAL"
_CONFIGURATION = {
    "loggingConfiguration": "loggingConfiguration",
    "tracingConfiguration": "tracingConfiguration",
    "encryptionConfiguration": "encryptionConfiguration",
}


def check_definition(text: str, machine_type: str) -> None:
    """Refuse a definition as CreateStateMachine does."""
    from moto.stepfunctions.parser.api import ServiceException
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend

    if len(text.encode()) > 1_048_576:
        raise refusal("InvalidDefinition", "Invalid State Machine Definition: 'DEFINITION_TOO_LARGE'")
    try:
        rules.check(text, machine_type)
        StepFunctionsParserBackend._validate_definition(text)
    except rules.InvalidDefinitionError as error:
        raise refusal("InvalidDefinition", f"Invalid State Machine Definition: '{error}'") from error
    except ServiceException as error:
        message = f"SCHEMA_VALIDATION_FAILED: {error.message}"
        raise refusal("InvalidDefinition", f"Invalid State Machine Definition: '{message}'") from error


def base_arn(arn: str) -> str:
    """The ARN of the machine itself, without version or alias."""
    return ":".join(arn.split(":")[:7])


def find_machine(backend: Any, arn: str) -> Any:
    """The machine with exactly this ARN."""
    backend._validate_machine_arn(arn)
    with LOCK:
        for machine in backend.state_machines:
            if machine.arn == arn:
                return machine
    raise refusal("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")


def find_version(backend: Any, arn: str) -> Any:
    """The version with this ARN."""
    machine = find_machine(backend, base_arn(arn))
    number = arn.rpartition(":")[2]
    version = machine.versions.get(int(number)) if number.isdigit() else None
    if version is None:
        raise refusal("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    return version


def revision(machine: Any) -> str | None:
    """The id of the machine's current revision; None for the initial one."""
    found: str | None = machine.__dict__.get("revision_id")
    return found


def publish(machine: Any, description: str | None) -> Any:
    """The version of the machine's current revision, made if there is none."""
    current = revision(machine)
    for version in machine.versions.values():
        if version.__dict__.get("revision_id") == current:
            return version
    machine.publish(description)
    machine.latest_version.revision_id = current
    lag.note(machine.latest_version)
    return machine.latest_version


def _described(self: Any) -> str | None:
    description: str | None = self._get_param("versionDescription")
    if description and not self._get_param("publish"):
        raise refusal("ValidationException", "Version description can only be set when publish is true")
    _check_description(description)
    return description


def _check_description(description: str | None) -> None:
    if description is not None and len(description) > 256:
        raise refusal(
            "ValidationException",
            f"1 validation error detected: Value '{description}' at 'versionDescription' failed to satisfy "
            "constraint: Member must have length less than or equal to 256",
        )


@patches.replaces("responses", f"{_API}.create_state_machine", "self")
def create(self: Any) -> Any:
    """CreateStateMachine: idempotent for the same definition and settings."""
    backend, name = self.stepfunction_backend, self._get_param("name")
    text, role = self._get_param("definition"), self._get_param("roleArn")
    kind = self._get_param("type") or "STANDARD"
    description = _described(self)
    settings = {key: self._get_param(key) for key in _CONFIGURATION}
    check_name(name)
    backend._validate_role_arn(role)
    check_definition(text, kind)
    made_with = (kind, json.dumps(settings, sort_keys=True), bool(self._get_param("publish")), description)
    with LOCK:
        arn = f"arn:{backend.partition}:states:{backend.region_name}:{backend.account_id}:stateMachine:{name}"
        machine = next((each for each in backend.state_machines if each.arn == arn), None)
        if machine is None:
            machine = _new_machine(backend, arn, name, text, role, kind, settings)
            machine.made_with = made_with
            if tags := self._get_param("tags"):
                backend.tagger.tag_resource(arn, tags)
            if self._get_param("publish"):
                publish(machine, description)
        elif machine.made_with != made_with or json.loads(machine.definition) != json.loads(text):
            raise refusal("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
    version = publish(machine, description) if self._get_param("publish") else None
    return result(
        {
            "stateMachineArn": arn,
            "creationDate": machine.creation_date,
            "stateMachineVersionArn": version.arn if version else None,
        }
    )


def _new_machine(backend: Any, arn: str, name: str, text: str, role: str, kind: str, settings: dict[str, Any]) -> Any:
    from moto.stepfunctions.models import StateMachine

    machine = StateMachine(arn, name, text, role, backend, sm_type=kind, **settings)
    machine.sm_type = kind
    backend.state_machines.append(machine)
    lag.note(machine)
    return machine


@patches.replaces("responses", f"{_API}.update_state_machine", "self")
def update(self: Any) -> Any:
    """UpdateStateMachine: a change makes a new revision; `publish` gives its version."""
    backend = self.stepfunction_backend
    machine = find_machine(backend, self._get_param("stateMachineArn"))
    text, role = self._get_param("definition"), self._get_param("roleArn")
    description = _described(self)
    changes = {"definition": text, "roleArn": role, **{key: self._get_param(key) for key in _CONFIGURATION}}
    if not any(changes.values()):
        raise refusal(
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration, the EncryptionConfiguration or the "
            "TracingConfiguration must be specified",
        )
    if text is not None:
        check_definition(text, machine.type)
    if role is not None:
        backend._validate_role_arn(role)
    with LOCK:
        if _differs(machine, changes):
            machine.update(**changes)
            machine.revision_id = str(uuid.uuid4())
            lag.note(machine)
        version = publish(machine, description) if self._get_param("publish") else None
    return result(
        {
            "updateDate": machine.update_date,
            "revisionId": revision(machine),
            "stateMachineVersionArn": version.arn if version else None,
        }
    )


def _differs(machine: Any, changes: dict[str, Any]) -> bool:
    for name, value in changes.items():
        if value is None:
            continue
        current = getattr(machine, name)
        if name == "definition" and json.loads(current) == json.loads(value):
            continue
        if current != value:
            return True
    return False


@patches.replaces("responses", f"{_API}._describe_state_machine", "self", "state_machine_arn")
def describe(self: Any, state_machine_arn: str) -> Any:
    """DescribeStateMachine, of a machine or a version."""
    backend = self.stepfunction_backend
    qualified = state_machine_arn.count(":") > 6
    machine = lag.seen((find_version if qualified else find_machine)(backend, state_machine_arn))
    if machine is None:
        raise refusal("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{state_machine_arn}'")
    return result(
        {
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "status": "ACTIVE",
            "definition": machine.definition,
            "roleArn": machine.roleArn,
            "type": machine.type,
            "creationDate": machine.creation_date,
            "loggingConfiguration": machine.loggingConfiguration,
            "tracingConfiguration": machine.tracingConfiguration,
            "encryptionConfiguration": machine.encryptionConfiguration,
            "revisionId": revision(machine),
            "description": machine.description,
        }
    )


@patches.adds("responses", f"{_API}.publish_state_machine_version")
def publish_version(self: Any) -> Any:
    """PublishStateMachineVersion, of the current revision only."""
    machine = find_machine(self.stepfunction_backend, self._get_param("stateMachineArn"))
    wanted, description = self._get_param("revisionId"), self._get_param("description")
    _check_description(description)
    with LOCK:
        current = revision(machine) or _INITIAL
        if wanted is not None and wanted != current:
            raise refusal(
                "ConflictException",
                f"Failed to publish the State Machine version for revision {wanted}. "
                f"The current State Machine revision is {current}.",
            )
        version = publish(machine, description)
    return result({"stateMachineVersionArn": version.arn, "creationDate": version.creation_date})


@patches.adds("responses", f"{_API}.list_state_machine_versions")
def list_versions(self: Any) -> Any:
    """ListStateMachineVersions, newest first."""
    machine = find_machine(self.stepfunction_backend, self._get_param("stateMachineArn"))
    newest = sorted(machine.versions.values(), key=lambda version: version.version, reverse=True)
    versions, token = page(newest, self._get_param("maxResults"), self._get_param("nextToken"))
    entries = [{"stateMachineVersionArn": each.arn, "creationDate": each.creation_date} for each in versions]
    return result({"stateMachineVersions": entries, "nextToken": token})


@patches.adds("responses", f"{_API}.delete_state_machine_version")
def delete_version(self: Any) -> Any:
    """DeleteStateMachineVersion; refused while an alias points to it."""
    arn = self._get_param("stateMachineVersionArn")
    machine = find_machine(self.stepfunction_backend, base_arn(arn))
    with LOCK:
        for alias in machine.aliases.values():
            if any(route["stateMachineVersionArn"] == arn for route in alias.routing_configuration):
                raise refusal(
                    "ConflictException",
                    "Version to be deleted must not be referenced by an alias. Current list of aliases referencing "
                    f"this version: [{alias.name}]",
                )
        machine.versions.pop(int(arn.rpartition(":")[2]), None)
    return result({})


@patches.replaces("responses", f"{_API}.delete_state_machine", "self")
def delete(self: Any) -> Any:
    """DeleteStateMachine: its running executions end."""
    backend, arn = self.stepfunction_backend, self._get_param("stateMachineArn")
    backend._validate_machine_arn(arn)
    with LOCK:
        machine = next((each for each in backend.state_machines if each.arn == arn), None)
        if machine is not None:
            backend.state_machines.remove(machine)
    for execution in list(machine.executions) if machine is not None else ():
        abort(execution, None, None)
    return result({})


@patches.adds("responses", f"{_API}.validate_state_machine_definition")
def validate(self: Any) -> Any:
    """ValidateStateMachineDefinition, with what CreateStateMachine would refuse."""
    try:
        check_definition(self._get_param("definition"), self._get_param("type") or "STANDARD")
    except Exception as error:
        diagnostic = {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": str(error)}
        return result({"result": "FAIL", "diagnostics": [diagnostic], "truncated": False})
    return result({"result": "OK", "diagnostics": [], "truncated": False})
