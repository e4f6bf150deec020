"""Glue: jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from airflow_sfn_ml.asl import State, Task, Wait
from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.steps import loops
from airflow_sfn_ml.translators.phrases import deferred, ended, joined, merged, unknown_fields, written
from airflow_sfn_ml.translators.preparations import ROLE, Preparation, Start, prepared
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.table import Call, Row, Until, add, attr, called, finished, looped, seconds, waits

_GLUE = "airflow.providers.amazon.aws.operators.glue"
_KNOWN = frozenset(
    {
        "JobName",
        "JobRunQueuingEnabled",
        "JobRunId",
        "Arguments",
        "AllocatedCapacity",
        "Timeout",
        "MaxCapacity",
        "SecurityConfiguration",
        "NotificationProperty",
        "WorkerType",
        "NumberOfWorkers",
        "ExecutionClass",
    }
)
"""What the optimised integration takes."""
_LINEAGE = "the operator adds it while it runs; put the properties of OpenLineage into script_args"
_RUN = {"JobName": attr("job_name"), "Arguments": attr("script_args", empty=True)}
_GOOD = ("SUCCEEDED",)
_BAD = ("STOPPED", "FAILED", "ERROR", "TIMEOUT", "EXPIRED")
_REASON = "$states.result.ErrorMessage"

_STARTS = Call(
    "glue:startJobRun",
    _RUN,
    more="run_job_kwargs",
    sync=True,
    keep={"p_run": ended("$states.result.JobRunState", _GOOD, "$states.result.Id", "the job run", _REASON)},
)
_STARTS_ONLY = replace(_STARTS, sync=False, keep={"p_run": "$states.result.JobRunId"})
_STARTS_WITH_MORE = replace(_STARTS_ONLY, resource="aws-sdk:glue:startJobRun")
_LOOKS = Until(
    Call("aws-sdk:glue:getJobRun", {"JobName": attr("job_name"), "RunId": Code(("$p_run",))}),
    status="$p_seen.JobRun.JobRunState",
    done=_GOOD,
    failed=_BAD,
    reason="$p_seen.JobRun.ErrorMessage",
    every=lambda operator: operator.waiter_delay if operator.deferrable else operator.job_poll_interval,
    seconds=deferred(),
)


def _job(operator: Any) -> Translation:
    """Look for the job, create or update it, run it: only what can be needed."""
    waiting = waits(operator, "wait_for_completion", "deferrable")
    pause = seconds(operator, "sleep_before_return") if waiting and not operator.deferrable else None
    after = "pause" if pause else "done"
    more = bool(unknown_fields(operator.run_job_kwargs, _KNOWN))
    starts = _STARTS_WITH_MORE if more else _STARTS if waiting else _STARTS_ONLY
    loops_too = more and waiting
    states = list(_definition(operator, starts.short))
    limit = seconds(operator, deferred()) if waiting and not loops_too else None
    states += called(starts, operator, "look" if loops_too else after, waiting=waiting, limit=limit)
    if loops_too:
        states += looped(_LOOKS, operator, after)
    if pause:
        states.append(Wait("pause", seconds=pause, next="done"))
    return Translation(finished(operator, states, "$p_run"))


def _definition(operator: Any, following: str) -> list[State]:
    """The states before the run: nothing where the operator could not create the job anyway."""
    if not (operator.iam_role_name or operator.iam_role_arn):
        return []
    config = _config(operator)
    update = waits(operator, "update_config")
    catch, caught = loops.tolerant("EntityNotFound", "createJob", name="missing")
    states: list[State] = [
        Task(
            "getJob",
            resource="aws-sdk:glue:getJob",
            arguments={"JobName": operator.job_name},
            catch=catch,
            next="updateJob" if update else following,
        ),
        *caught,
        Task("createJob", resource="aws-sdk:glue:createJob", arguments=config, next=following),
    ]
    if update:
        arguments = {"JobName": operator.job_name, "JobUpdate": _without_name(config)}
        states.insert(1, Task("updateJob", resource="aws-sdk:glue:updateJob", arguments=arguments, next=following))
    return states


def _without_name(config: Any) -> Any:
    if isinstance(config, Mapping):
        return {key: value for key, value in config.items() if key != "Name"}
    return Code(("$sift(", Given(config), ", function($v, $k) { $k != 'Name' })"))


def _config(operator: Any) -> Any:
    """The definition of the job as the hook makes it."""
    more = operator.create_job_kwargs or {}
    script = _script(operator)
    config: dict[str, Any] = {
        "Name": operator.job_name,
        "Description": operator.job_desc,
        "Role": operator.iam_role_arn or prepared(operator.iam_role_name, ROLE),
        "ExecutionProperty": {"MaxConcurrentRuns": operator.concurrent_run_limit},
        "Command": {"Name": "glueetl", **({"ScriptLocation": script} if script is not None else {})},
        "MaxRetries": operator.retry_limit,
    }
    after: dict[str, Any] = {}
    if operator.s3_bucket is not None:
        after["LogUri"] = joined("s3://", operator.s3_bucket, "/logs/glue-logs/", operator.job_name)
    capacity = 10 if operator.num_of_dpus is None else operator.num_of_dpus
    if isinstance(more, Mapping):
        return merged(config, more, {} if "WorkerType" in more else {"MaxCapacity": capacity}, after)
    sized = Code(("($exists((", Given(more), f").WorkerType) ? {{}} : {{'MaxCapacity': {capacity}}})"))
    return merged(config, more, sized, after)


def _script(operator: Any) -> Any:
    """The address of the script in S3; one on the worker's disk is uploaded by the start task."""
    given = operator.script_location
    if given is None or (isinstance(given, str) and written(given) and given.startswith("s3://")):
        return given
    return prepared({"script": given, "bucket": operator.s3_bucket}, _upload(bool(operator.replace_script_file)))


def _upload(replaces: bool) -> Preparation:
    def do(value: Any, start: Start) -> str:
        location, bucket = str(value["script"]), str(value["bucket"])
        if location.startswith("s3://"):
            return location
        key = f"artifacts/glue-scripts/{location.rpartition('/')[2]}"
        client = start.client("s3")
        there = _stored(client, bucket, key)
        if there is not None and not replaces and there != Path(location).read_bytes():
            raise ValueError(f"s3://{bucket}/{key} is there already; set replace_script_file to replace it")
        client.upload_file(location, bucket, key)
        return f"s3://{bucket}/{key}"

    return Preparation(
        do,
        at_start=lambda value: True,
        refuses="script_location is uploaded at the start of the execution, before a task of the group has run; give "
        "an address in S3",
    )


def _stored(client: Any, bucket: str, key: str) -> bytes | None:
    """What is in S3 under *key*: a try of the start task before this one may have put it there."""
    listed = client.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents", [])
    if not any(item["Key"] == key for item in listed):
        return None
    return bytes(client.get_object(Bucket=bucket, Key=key)["Body"].read())


def _problems(operator: Any) -> list[str]:
    found = []
    more = operator.create_job_kwargs or {}
    if operator.iam_role_name and operator.iam_role_arn:
        found.append("iam_role_arn and iam_role_name are both given (give one)")
    if operator.update_config and not (operator.iam_role_name or operator.iam_role_arn):
        found.append("update_config without a role (give iam_role_arn or iam_role_name)")
    if isinstance(more, Mapping):
        if operator.update_config and "Tags" in more:
            found.append("update_config with Tags in create_job_kwargs (set tags where the job is deployed)")
        if ("WorkerType" in more) != ("NumberOfWorkers" in more):
            found.append("WorkerType and NumberOfWorkers go together in create_job_kwargs (give both)")
        if "WorkerType" in more and operator.num_of_dpus is not None:
            found.append("num_of_dpus with a WorkerType in create_job_kwargs (give one of them)")
    location = operator.script_location
    if isinstance(location, str) and written(location) and not location.startswith("s3://") and not operator.s3_bucket:
        found.append("script_location is a file, and s3_bucket does not say where to upload it")
    return found


add(
    Row(
        f"{_GLUE}.GlueJobOperator",
        calls=(Call("aws-sdk:glue:getJob"), Call("aws-sdk:glue:createJob"), Call("aws-sdk:glue:updateJob"), _STARTS),
        xcom="the id of the job run",
        check=_problems,
        refused={"openlineage_inject_parent_job_info": _LINEAGE, "openlineage_inject_transport_info": _LINEAGE},
        lost=(
            "job_poll_interval and waiter_delay: AWS itself waits for the job",
            "durable, stop_job_run_on_kill: the machine never loses a run, and stops it when it is stopped",
        ),
        warns={"verbose": "the logs of the job are in CloudWatch, not in the task's log"},
        build=_job,
        note="Without a role the job has to exist; with one it is created where it does not exist, or updated with "
        "update_config. A script on the worker's disk is uploaded by the start task. A run that is stopped fails.",
    ),
)
