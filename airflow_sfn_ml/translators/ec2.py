"""EC2 instances."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

from airflow_sfn_ml.asl import Task
from airflow_sfn_ml.asl.refs import Code
from airflow_sfn_ml.translators.phrases import polling
from airflow_sfn_ml.translators.preparations import INTEGER, Preparation, prepared
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.sensing import code
from airflow_sfn_ml.translators.sequences import as_list, cleaned, required
from airflow_sfn_ml.translators.table import Call, Row, Until, add, attr, called, finished, looped, procedure, waits

_OPERATORS = "airflow.providers.amazon.aws.operators.ec2"
_STATES = "[$p_seen.Reservations.Instances.State.Name]"
_LIMIT = polling("poll_interval", "max_attempts")


def _ids(operator: Any) -> Any:
    return as_list(operator.instance_ids)


def _until(ids: Any, done: str, failed: tuple[str, ...] = (), **more: Any) -> Until:
    """Wait until all instances are *done*; one that has *failed* is enough to fail."""
    listed = ", ".join(f"'{item}'" for item in failed)
    return Until(
        Call("aws-sdk:ec2:describeInstances", {"InstanceIds": ids}),
        status=f"$string({_STATES})",
        done=f"$count({_STATES}) > 0 and $count({_STATES}[$ != '{done}']) = 0",
        failed=f"$count({_STATES}[$ in [{listed}]]) > 0" if failed else (),
        **{"every": "poll_interval", "seconds": _LIMIT, **more},
    )


def _all(name: str, operation: str, done: str, failed: tuple[str, ...]) -> Row:
    return Row(
        f"{_OPERATORS}.{name}",
        calls=(Call(f"aws-sdk:ec2:{operation}", {"InstanceIds": _ids}),),
        until=_until(_ids, done, failed),
        waits=("wait_for_completion",),
        note="The instances are waited for together.",
    )


def _switched(name: str, operation: str, done: str) -> Row:
    def one(operator: Any) -> Any:
        return [operator.instance_id]

    return Row(
        f"{_OPERATORS}.{name}",
        calls=(Call(f"aws-sdk:ec2:{operation}", {"InstanceIds": one}),),
        until=_until(one, done, every="check_interval", seconds=None),
        waits=(),
    )


# Creation

_BASE64 = Preparation(
    lambda value, start: base64.b64encode(value if isinstance(value, bytes) else str(value).encode()).decode(),
    code=("$base64encode(", ")"),
)
"""User data as EC2 takes it; boto3 encodes it, the SDK of Step Functions does not."""
_RUN = Call(
    "aws-sdk:ec2:runInstances",
    {
        "ImageId": attr("image_id"),
        "MinCount": attr("min_count", INTEGER),
        "MaxCount": attr("max_count", INTEGER),
    },
    more=lambda operator: prepared(operator.config, (("UserData",), _BASE64)) if operator.config else None,
    keep={"p_ids": "[$states.result.Instances.InstanceId]"},
)


def _create(operator: Any) -> Translation:
    ids = Code(("$p_ids",))
    until = _until(ids, "running", ("shutting-down", "terminated", "stopping"))
    row = Row("", calls=(_RUN,), until=until, waits=("wait_for_completion",), output="$p_ids")
    found = procedure(row, operator)
    if not (waits(operator, "wait_for_completion") and operator.terminate_instance_on_failure):
        return Translation(found)
    terminate = Task("terminateInstances", resource="aws-sdk:ec2:terminateInstances", arguments={"InstanceIds": ids})
    return Translation(replace(found, states=tuple(cleaned(found.states, terminate))))


def _hibernate(operator: Any) -> Translation:
    look = Call("aws-sdk:ec2:describeInstances", {"InstanceIds": _ids}, name="state", keep={"p_seen": "$states.result"})
    stop = Call("aws-sdk:ec2:stopInstances", {"InstanceIds": _ids, "Hibernate": True})
    waiting = waits(operator, "wait_for_completion")
    instances = "$p_seen.Reservations.Instances"
    lacking = f"[{instances}[$not(HibernationOptions.Configured = true)].InstanceId]"
    states = called(look, operator, "configured?")
    states += required(
        "configured?",
        f"$count({lacking}) = 0",
        stop.short,
        f"'not configured for hibernation: ' & $string({lacking})",
    )
    states += called(stop, operator, "look" if waiting else "done")
    states += looped(_until(_ids, "stopped", ("pending", "terminated")), operator, "done") if waiting else []
    return Translation(finished(operator, states, None))


add(
    _switched("EC2StartInstanceOperator", "startInstances", "running"),
    _switched("EC2StopInstanceOperator", "stopInstances", "stopped"),
    Row(
        f"{_OPERATORS}.EC2CreateInstanceOperator",
        calls=(_RUN,),
        until=_until(code("$p_ids"), "running"),
        waits=("wait_for_completion",),
        build=_create,
        xcom="the ids of the instances",
        lost=("terminating the instances when the task is stopped",),
        note="The instances are waited for together; if they do not come up they are terminated, as upstream does "
        "(terminate_instance_on_failure).",
    ),
    _all("EC2TerminateInstanceOperator", "terminateInstances", "terminated", ("pending", "stopping")),
    _all("EC2RebootInstanceOperator", "rebootInstances", "running", ("shutting-down", "terminated", "stopping")),
    Row(
        f"{_OPERATORS}.EC2HibernateInstanceOperator",
        calls=(Call("aws-sdk:ec2:describeInstances"), Call("aws-sdk:ec2:stopInstances")),
        until=_until(_ids, "stopped"),
        waits=("wait_for_completion",),
        build=_hibernate,
    ),
)
