"""EMR Serverless, and EMR on EKS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from airflow_sfn_ml.asl import Choice, ChoiceRule, Map, State, StateMachine, Task, Wait
from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.steps import loops
from airflow_sfn_ml.translators.naming import ATTEMPT, token
from airflow_sfn_ml.translators.phrases import LONGEST, ended, polling
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.table import OMIT, Call, Row, Until, add, attr, called, finished, looped, seconds, waits

_MODULE = "airflow.providers.amazon.aws.operators.emr"
_LINEAGE = "the operator adds it while it runs; put the properties of OpenLineage into the configuration"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_APPLICATION = {"applicationId": attr("application_id")}


def _token(operator: Any) -> Any:
    """A token that no other try has: the operator's own would bring back the job of the try before."""
    given = operator.client_request_token
    if not given or (isinstance(given, str) and _UUID.fullmatch(given)):
        return token()
    return Code(("$substring(", Given(given), f", 0, 40) & '-' & {ATTEMPT}"))


# Applications

_CREATED = (
    "$exists($states.result.Application) ? $states.result.Application.ApplicationId : $states.result.ApplicationId"
)
_NEW = {"applicationId": Code(("$p_id",))}

add(
    Row(
        f"{_MODULE}.EmrServerlessCreateApplicationOperator",
        calls=(
            Call(
                "emr-serverless:createApplication.sync",
                {"clientToken": _token, "releaseLabel": attr("release_label"), "type": attr("job_type")},
                more="config",
                name="createApplication",
                keep={"p_id": _CREATED},
            ),
            Call("emr-serverless:startApplication", _NEW, sync=True),
        ),
        seconds=(polling(),),
        output="$p_id",
        xcom="the application's id",
    ),
)


# Stopping, and before it the jobs that still run

_BUSY = ["PENDING", "RUNNING", "SCHEDULED", "SUBMITTED", "CANCELLING"]
_STOP = Call("emr-serverless:stopApplication", _APPLICATION, sync=True)
_STOP_ALWAYS = replace(_STOP, resource="emr-serverless:stopApplication.sync", name="stopApplication", sync=False)
_DELETE = Call("emr-serverless:deleteApplication", _APPLICATION, sync=True)
_JOBS = Call(
    "aws-sdk:emrserverless:listJobRuns",
    {**_APPLICATION, "states": _BUSY, "maxResults": 50},
    keep={"p_jobs": "[$states.result.JobRuns]"},
)


def _without_jobs(operator: Any) -> list[State]:
    """Cancel the jobs of the application, some at a time, until there are none: by force_stop."""
    if not waits(operator, "force_stop"):
        return []
    none: Any = Code(("$count($p_jobs) = 0",))
    over: Any = Code((f"{loops.ELAPSED} > {polling()(operator) or LONGEST}",))
    cancel = Task(
        "cancelJobRun",
        resource="aws-sdk:emrserverless:cancelJobRun",
        arguments={"ApplicationId": operator.application_id, "JobRunId": Code(("$states.input",))},
    )
    return [
        *called(_JOBS, operator, "jobs"),
        Choice(
            "jobs",
            choices=(ChoiceRule.when(none, "stopApplication"), ChoiceRule.when(over, "jobsLate")),
            default="cancelJobs",
        ),
        Map(
            "cancelJobs",
            items=Code(("[$p_jobs[State != 'CANCELLING'].Id]",)),
            item_processor=StateMachine("cancelJobRun", (cancel,)),
            max_concurrency=5,
            next="pause",
        ),
        Wait("pause", seconds=seconds(operator, "waiter_delay") or 60, next="listJobRuns"),
        loops.too_late("jobsLate", "jobs of the application still ran after the limit of waiting"),
    ]


def _stop(operator: Any) -> Translation:
    waiting = waits(operator, "wait_for_completion", "deferrable")
    limit = seconds(operator, polling()) if waiting else None
    states = [*_without_jobs(operator), *called(_STOP, operator, "done", waiting=waiting, limit=limit)]
    return Translation(finished(operator, states, None))


def _delete(operator: Any) -> Translation:
    waiting = waits(operator, "wait_for_delete_completion", "deferrable")
    limit = seconds(operator, polling())
    states = [
        *_without_jobs(operator),
        *called(_STOP_ALWAYS, operator, "deleteApplication", limit=limit),
        *called(_DELETE, operator, "done", waiting=waiting, limit=limit if waiting else None),
    ]
    return Translation(finished(operator, states, None))


_FORCED = "With force_stop the jobs that still run are cancelled before."

add(
    Row(
        f"{_MODULE}.EmrServerlessStopApplicationOperator",
        calls=(_JOBS, Call("aws-sdk:emrserverless:cancelJobRun"), _STOP),
        build=_stop,
        note=_FORCED,
    ),
    Row(
        f"{_MODULE}.EmrServerlessDeleteApplicationOperator",
        calls=(_JOBS, Call("aws-sdk:emrserverless:cancelJobRun"), _STOP, _DELETE),
        waits=("wait_for_delete_completion", "deferrable"),
        build=_delete,
        note=_FORCED,
    ),
)


# Jobs

_KNOWN = {"applicationid", "clienttoken", "configurationoverrides", "executionrolearn", "executiontimeoutminutes"}
_KNOWN |= {"jobdriver", "name", "tags"}
"""What the optimised integration takes."""


def _job_name(operator: Any) -> Any:
    return operator.name or Code(("'emr_serverless_job_airflow_' & $uuid()",))


_STARTS_JOB = Call(
    "emr-serverless:startJobRun",
    {
        "clientToken": _token,
        **_APPLICATION,
        "executionRoleArn": attr("execution_role_arn"),
        "jobDriver": attr("job_driver", empty=True),
        "name": _job_name,
        "configurationOverrides": attr("configuration_overrides", empty=True),
    },
    more="config",
    sync=True,
)
_RUN = "($exists($states.result.JobRun) ? $states.result.JobRun : $states.result)"
_RAN = ended(f"{_RUN}.State", ["SUCCESS"], f"{_RUN}.JobRunId", "the job", f"{_RUN}.StateDetails")
_JOB_ENDS = Until(
    Call("aws-sdk:emrserverless:getJobRun", {**_APPLICATION, "jobRunId": Code(("$p_id",))}),
    status="$p_seen.JobRun.State",
    done=("SUCCESS",),
    failed=("FAILED", "CANCELLED"),
    reason="$p_seen.JobRun.StateDetails",
    every="waiter_delay",
    attempts="waiter_max_attempts",
)


def _job(operator: Any) -> Translation:
    """Start the application where it is not, then the job."""
    waiting = waits(operator, "wait_for_completion")
    config = operator.config
    beyond = isinstance(config, Mapping) and any(str(key).lower() not in _KNOWN for key in config)
    job = replace(_STARTS_JOB, keep={"p_id": _RAN if waiting and not beyond else "$states.result.JobRunId"})
    if beyond:
        job = replace(job, resource="aws-sdk:emrserverless:startJobRun", sync=False)
    looping = beyond and waiting
    look = Call(
        "aws-sdk:emrserverless:getApplication", _APPLICATION, keep={"p_app": "$states.result.Application.State"}
    )
    start = Call("emr-serverless:startApplication.sync", _APPLICATION, name="startApplication")
    ready: Any = Code(("$p_app in ['CREATED', 'STARTED']",))
    limit = seconds(operator, polling())
    states: list[State] = [
        *called(look, operator, "ready"),
        Choice("ready", choices=(ChoiceRule.when(ready, "startJobRun"),), default="startApplication"),
        *called(start, operator, "startJobRun", limit=limit),
        *called(job, operator, "look" if looping else "done", waiting=waiting, limit=None if looping else limit),
    ]
    if looping:
        states += looped(_JOB_ENDS, operator, "done")
    return Translation(finished(operator, states, "$p_id"))


_SESSION = {**_APPLICATION, "sessionId": attr("session_id")}


def _session(done: tuple[str, ...], failed: tuple[str, ...], which: Any) -> Until:
    return Until(
        Call("aws-sdk:emrserverless:getSession", {**_APPLICATION, "sessionId": which}),
        status="$p_seen.Session.State",
        done=done,
        failed=failed,
        reason="$p_seen.Session.StateDetails",
        every="waiter_delay",
        attempts="waiter_max_attempts",
    )


add(
    Row(
        f"{_MODULE}.EmrServerlessStartJobOperator",
        calls=(
            Call("aws-sdk:emrserverless:getApplication", _APPLICATION),
            Call("emr-serverless:startApplication", _APPLICATION),
            _STARTS_JOB,
        ),
        until=_JOB_ENDS,
        waits=("wait_for_completion",),
        xcom="the id of the job run",
        refused={"openlineage_inject_parent_job_info": _LINEAGE, "openlineage_inject_transport_info": _LINEAGE},
        warns={"enable_application_ui_links": "links to the application are not made"},
        build=_job,
        note="The application is started where it is not. Tokens get a suffix that no other try has.",
    ),
    Row(
        f"{_MODULE}.EmrServerlessStartSessionOperator",
        calls=(
            Call(
                "aws-sdk:emrserverless:startSession",
                {
                    **_APPLICATION,
                    "clientToken": token(),
                    "executionRoleArn": attr("execution_role_arn"),
                    "name": attr("name"),
                    "idleTimeoutMinutes": attr("idle_timeout_minutes"),
                    "configurationOverrides": attr("configuration_overrides", empty=True),
                },
                keep={"p_id": "$states.result.SessionId"},
            ),
        ),
        until=_session(("STARTED", "IDLE"), ("FAILED", "TERMINATING", "TERMINATED"), Code(("$p_id",))),
        waits=("wait_for_completion",),
        output={"application_id": attr("application_id"), "session_id": Code(("$p_id",))},
        xcom="{application_id, session_id}",
    ),
    Row(
        f"{_MODULE}.EmrServerlessStopSessionOperator",
        calls=(Call("aws-sdk:emrserverless:terminateSession", _SESSION),),
        until=_session(("TERMINATED",), ("FAILED",), attr("session_id")),
        waits=("wait_for_completion",),
    ),
)


# EMR on EKS


def _retries(operator: Any) -> Any:
    given = operator.job_retry_max_attempts
    return {"maxAttempts": given} if given else OMIT


_CONTAINER_JOB = {
    "name": attr("name"),
    "virtualClusterId": attr("virtual_cluster_id"),
    "executionRoleArn": attr("execution_role_arn"),
    "releaseLabel": attr("release_label"),
    "jobDriver": attr("job_driver", empty=True),
    "configurationOverrides": attr("configuration_overrides"),
    "tags": attr("tags"),
    "clientToken": _token,
}
_CONTAINER = f"{_MODULE}.EmrContainerOperator"


def _polled(operator: Any) -> int | None:
    return polling("poll_interval", "max_polling_attempts")(operator)


_SIMPLE = Row(
    _CONTAINER,
    calls=(Call("emr-containers:startJobRun", _CONTAINER_JOB, sync=True),),
    seconds=(_polled,),
    output=ended("$states.result.State", ["COMPLETED"], "$states.result.Id", "the job", "$states.result.FailureReason"),
    quick="$states.result.Id",
)
_WITH_RETRIES = replace(
    _SIMPLE,
    calls=(
        Call(
            "aws-sdk:emrcontainers:startJobRun",
            {**_CONTAINER_JOB, "retryPolicyConfiguration": _retries},
            keep={"p_id": "$states.result.Id"},
        ),
    ),
    until=Until(
        Call(
            "aws-sdk:emrcontainers:describeJobRun",
            {"virtualClusterId": attr("virtual_cluster_id"), "id": Code(("$p_id",))},
        ),
        status="$p_seen.JobRun.State",
        done=("COMPLETED",),
        failed=("FAILED", "CANCELLED", "CANCEL_PENDING"),
        reason="$p_seen.JobRun.FailureReason",
        every="poll_interval",
        attempts="max_polling_attempts",
    ),
    seconds=(),
    output="$p_id",
    quick="$p_id",
)


def _container(operator: Any) -> Translation:
    return (_WITH_RETRIES if operator.job_retry_max_attempts else _SIMPLE).translation(operator)


add(
    Row(
        _CONTAINER,
        calls=_SIMPLE.calls + _WITH_RETRIES.calls,
        until=_WITH_RETRIES.until,
        xcom="the id of the job run",
        refused={"openlineage_inject_parent_job_info": _LINEAGE, "openlineage_inject_transport_info": _LINEAGE},
        build=_container,
        note="With job_retry_max_attempts it is called through the SDK and waited for in a loop.",
    ),
    Row(
        f"{_MODULE}.EmrEksCreateClusterOperator",
        calls=(
            Call(
                "emr-containers:createVirtualCluster",
                {
                    "clientToken": token(),
                    "name": attr("virtual_cluster_name"),
                    "containerProvider": {
                        "id": attr("eks_cluster_name"),
                        "type": "EKS",
                        "info": {"eksInfo": {"namespace": attr("eks_namespace")}},
                    },
                    "tags": attr("tags"),
                },
            ),
        ),
        output="$states.result.Id",
        xcom="the id of the virtual cluster",
        lost=("tries while the connection to the cluster is being updated: give the task retries",),
    ),
)
