"""The IAM policies of a state machine, made of its definition. Pure.

`execution_policy` is what its role may do: for every Task the actions of the row of integrations, on the ARNs that the
request names; the roles that it passes, to whom; the rules of EventBridge by which Step Functions hears of the end of
jobs; what Maps, nested executions, logs and traces need. What is only known at run time widens a resource, never an
action, and is said in the notes. `trust_policy` lets Step Functions take the role; `airflow_policy` is what Airflow's
own credentials need for a group.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_sfn_ml import asl
from airflow_sfn_ml.deploy.grants import Grant, grants_of
from airflow_sfn_ml.deploy.place import Place
from airflow_sfn_ml.deploy.stops import stop_grants

Document = dict[str, Any]

LOGGING = tuple(
    f"logs:{action}"
    for action in (
        "CreateLogDelivery",
        "GetLogDelivery",
        "UpdateLogDelivery",
        "DeleteLogDelivery",
        "ListLogDeliveries",
        "PutResourcePolicy",
        "DescribeResourcePolicies",
        "DescribeLogGroups",
    )
)
TRACING = tuple(
    f"xray:{action}" for action in ("PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets")
)
ON_MACHINE = (
    "states:CreateStateMachine",
    "states:DescribeStateMachine",
    "states:ListExecutions",
    "states:ListStateMachineVersions",
    "states:ListTagsForResource",
    "states:PublishStateMachineVersion",
    "states:StartExecution",
    "states:TagResource",
    "states:UpdateStateMachine",
)
DEPLOYS = (
    "states:CreateStateMachine",
    "states:PublishStateMachineVersion",
    "states:TagResource",
    "states:UpdateStateMachine",
)
ON_EXECUTION = (
    "states:DescribeExecution",
    "states:GetExecutionHistory",
    "states:RedriveExecution",
    "states:StopExecution",
)


@dataclass(frozen=True)
class Policy:
    """A policy document.

    :param notes: where it is wider than it could be, or what it cannot say.
    :param assumed: the documents of the roles that Tasks assume by their Credentials.
    """

    document: Document
    notes: tuple[str, ...] = ()
    assumed: Mapping[str, Document] = field(default_factory=dict)


def execution_policy(
    definition: Mapping[str, Any] | asl.StateMachine,
    place: Place | None = None,
    *,
    job_roles: Iterable[str] = (),
    logging: bool = False,
    tracing: bool = False,
) -> Policy:
    """What the role of a state machine with *definition* needs.

    :param place: where it runs, and its name.
    :param job_roles: the roles of jobs where the definition does not tell them.
    """
    where = place or Place()
    raw = asl.render(definition) if isinstance(definition, asl.StateMachine) else definition
    found = grants_of(raw, where, tuple(job_roles))
    grants = list(found.grants)
    grants += [Grant((action,), "*") for action in LOGGING if logging]
    grants += [Grant((action,), "*") for action in TRACING if tracing]
    return Policy(
        _document(grants), found.notes, {role: _document(theirs) for role, theirs in sorted(found.assumed.items())}
    )


def trust_policy(place: Place | None = None) -> Document:
    """Who may take the role: Step Functions, for this state machine of this account only."""
    where = place or Place()
    condition: dict[str, Any] = {"ArnLike": {"aws:SourceArn": where.machine_arn}}
    if where.account != "*":
        condition["StringEquals"] = {"aws:SourceAccount": where.account}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "states.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": condition,
            }
        ],
    }


def airflow_policy(
    place: Place, role_arn: str, *, deploys: bool = True, logs: bool = True, resources: Iterable[str] = ()
) -> Document:
    """What Airflow's credentials need to deploy, start, follow, redrive, repair and stop executions of one group.

    :param role_arn: the role of the state machine, which only a deployment passes.
    :param deploys: whether the group's ``deploy`` is ``auto``, or the CLI deploys with these credentials.
    :param logs: whether the last lines of a failed SageMaker job's log are read.
    :param resources: those of the Tasks of the definition: a task that is marked failed has its job stopped.
    """
    actions = [action for action in ON_MACHINE if deploys or action not in DEPLOYS]
    both = (place, place.of_repairs)
    grants = [
        Grant((action,), resource)
        for action in actions
        for one in both
        for resource in (one.machine_arn, f"{one.machine_arn}:*")
    ]
    grants += [Grant((action,), one.execution_arn) for action in ON_EXECUTION for one in both]
    if deploys:
        condition = json.dumps({"StringEquals": {"iam:PassedToService": "states.amazonaws.com"}})
        grants.append(Grant(("iam:PassRole",), role_arn, condition))
    if logs:
        group = f"arn:{place.partition}:logs:{place.region}:{place.account}:log-group:/aws/sagemaker/*"
        grants += [Grant((action,), group) for action in ("logs:DescribeLogStreams", "logs:GetLogEvents")]
    grants += [Grant((action,), resource) for action, resource in stop_grants(resources, place)]
    return _document(grants)


def _document(grants: Iterable[Grant]) -> Document:
    """*grants* as few statements: first the actions of each resource, then the resources with the same actions."""
    by_resource: dict[tuple[str, str], set[str]] = {}
    for grant in grants:
        by_resource.setdefault((grant.resource, grant.condition), set()).update(grant.actions)
    by_actions: dict[tuple[tuple[str, ...], str], set[str]] = {}
    for (resource, condition), actions in by_resource.items():
        by_actions.setdefault((tuple(sorted(actions)), condition), set()).add(resource)
    return {
        "Version": "2012-10-17",
        "Statement": [
            _statement(actions, sorted(resources), condition)
            for (actions, condition), resources in sorted(
                by_actions.items(), key=lambda item: (item[0], sorted(item[1]))
            )
        ],
    }


def _statement(actions: tuple[str, ...], resources: list[str], condition: str) -> Document:
    made: Document = {
        "Effect": "Allow",
        "Action": actions[0] if len(actions) == 1 else list(actions),
        "Resource": resources[0] if len(resources) == 1 else resources,
    }
    if condition:
        made["Condition"] = json.loads(condition)
    return made
