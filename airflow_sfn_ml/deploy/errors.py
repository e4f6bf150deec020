"""What AWS answers to a deployment, mapped once: what was asked, what was refused, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow_sfn_ml.exceptions import AccessDenied, DefinitionError, DeployError, NotDeployed

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "KmsAccessDeniedException"})


@contextmanager
def translated(client: Any, action: str, resource: str) -> Iterator[None]:
    """Turn what boto3 raises into this package's errors.

    :raises AccessDenied: the credentials lack a permission.
    :raises DefinitionError: AWS refuses the definition.
    :raises NotDeployed: there is no such state machine.
    :raises DeployError: anything else, also that AWS cannot be reached.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _of_answer(error.response["Error"], action, resource) from error
    except BotoCoreError as error:
        raise DeployError(f"{action} at {client.meta.endpoint_url}: {error}") from error


def code(error: BaseException) -> str:
    """The code of AWS's error behind *error*; empty if there is none."""
    response = getattr(error.__cause__, "response", None)
    return str(response["Error"]["Code"]) if isinstance(response, dict) else ""


def _of_answer(answer: Any, action: str, resource: str) -> Exception:
    kind, message = str(answer.get("Code")), str(answer.get("Message"))
    if kind in DENIED:
        told = re.search(r"perform: (\S+)(?: on resource: (\S+))?", message)
        lacking, on = (told.group(1), told.group(2) or resource) if told else (action, resource)
        return AccessDenied(f"the credentials lack {lacking} on {on} (asked for {action}): {message}")
    if kind == "InvalidDefinition":
        return DefinitionError(f"{resource}: AWS refuses the definition: {message}")
    if kind == "StateMachineDoesNotExist":
        return NotDeployed(f"{resource} does not exist: {message}")
    if kind == "StateMachineDeleting":
        return DeployError(
            f"{resource} is being deleted, which lasts until its executions have ended; try again later, or give the "
            "group another machine_name"
        )
    return DeployError(f"{action} on {resource}: {kind}: {message}")
