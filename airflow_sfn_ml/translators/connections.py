"""A task whose connection is not the group's.

Step Functions calls services itself: with the role of the state machine, in its own region. A connection that takes a
role can follow, since a state may take a role too (its ``Credentials``); which one is read by the start task, so a Dag
file never asks for a connection. Anything else of a connection cannot follow and is refused, at parse where it is
written out, else by the start task.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.asl.refs import Param
from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.translators.preparations import Action, Preparation, Start, Step

DEFAULT = "aws_default"
"""What the Amazon provider's operators have unless they are told otherwise: the group's connection counts."""
POINTER = "/credentials"
"""Where the role stands among the member's values."""


@dataclass(frozen=True)
class Follows:
    """How the connection of one task follows into its state.

    :param credentials: the state's Credentials, where it takes a role.
    """

    credentials: Any = None
    params: tuple[tuple[str, Any], ...] = ()
    preparations: tuple[tuple[str, tuple[Step, ...]], ...] = ()
    actions: tuple[Action, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def connection_of(operator: Any, name: str, conn_id: str | None, region: str | None) -> Follows:
    """What becomes of the connection of *operator*, whose state is *name*; *conn_id* and *region* are the group's."""
    own = getattr(operator, "aws_conn_id", None)
    warnings = tuple(_warnings(operator))
    actions, problems = _region(operator, region)
    if own in (None, DEFAULT, conn_id):
        return Follows(actions=actions, problems=problems, warnings=warnings)
    read = Preparation(_role_of)
    return Follows(
        {"RoleArn": Param(name, POINTER)},
        ((POINTER, own),),
        ((POINTER, (((), read),)),),
        actions,
        problems,
        warnings,
    )


def _warnings(operator: Any) -> Iterator[str]:
    for attribute in ("verify", "botocore_config"):
        if getattr(operator, attribute, None) not in (None, {}):
            yield (
                f"{operator.task_id}: {attribute} has no effect: Step Functions calls the service, not a client of "
                "boto3"
            )


def _region(operator: Any, region: str | None) -> tuple[tuple[Action, ...], tuple[str, ...]]:
    own = getattr(operator, "region_name", None)
    if own in (None, region):
        return (), ()
    written = isinstance(own, str) and "{{" not in own
    if written and region is not None:
        return (), (f"{operator.task_id}: {_wrong_region('region_name', own, region)}",)
    return (Action(own, _same_region),), ()


def _same_region(value: Any, start: Start) -> None:
    region = start.hook.region_name
    if value and value != region:
        raise TranslationError(_wrong_region("region_name", value, region))


def _wrong_region(what: str, own: Any, region: Any) -> str:
    return (
        f"{what} {own!r} differs from the group's {region!r}; a state machine calls services of its own region only, "
        "so put the task into a group of that region"
    )


def _role_of(conn_id: Any, start: Start) -> str:
    """The role that the connection takes."""
    from airflow.providers.amazon.aws.utils.connection_wrapper import AwsConnectionWrapper

    found = AwsConnectionWrapper(start.connection(conn_id))
    way_out = "or move the task out of the group"
    if not found.role_arn:
        raise TranslationError(
            f"aws_conn_id {conn_id!r} has credentials of its own, and a state machine calls services with roles only: "
            "leave aws_conn_id out if the role of the state machine may do it, set role_arn in the connection to a "
            f"role that the state machine's role may take, {way_out}"
        )
    if found.assume_role_method not in (None, "assume_role"):
        raise TranslationError(
            f"aws_conn_id {conn_id!r} takes its role by {found.assume_role_method}, which a state cannot; {way_out[3:]}"
        )
    if found.assume_role_kwargs:
        raise TranslationError(
            f"aws_conn_id {conn_id!r} takes its role with {', '.join(sorted(found.assume_role_kwargs))}, and a state "
            f"takes a role without; let the role's trust policy do without it, {way_out}"
        )
    if found.region_name:
        region = start.hook.region_name
        if found.region_name != region:
            raise TranslationError(_wrong_region(f"the region of aws_conn_id {conn_id!r},", found.region_name, region))
    return str(found.role_arn)
