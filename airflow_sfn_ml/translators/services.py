"""Services of which a call, or a call and a loop, is all: CloudFormation, DataSync, AppFlow, SSM, ECR, QuickSight,
OpenSearch Serverless, Managed Service for Apache Flink.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from airflow_sfn_ml.asl import Catch, Map, Pass, State, StateMachine, Task, Wait
from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.translators.phrases import polling
from airflow_sfn_ml.translators.preparations import Preparation, prepared
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.sensing import code
from airflow_sfn_ml.translators.sensors_resources import ACCOUNT
from airflow_sfn_ml.translators.sequences import as_boto, cleaned, required
from airflow_sfn_ml.translators.table import (
    Call,
    Row,
    Until,
    add,
    attr,
    called,
    finished,
    looped,
    number,
    procedure,
    seconds,
    waits,
)

_OPERATORS = "airflow.providers.amazon.aws.operators"


# CloudFormation


def _stack(name: str, operation: str) -> Row:
    return Row(
        f"{_OPERATORS}.cloud_formation.{name}",
        calls=(
            Call(
                f"aws-sdk:cloudformation:{operation}",
                {"StackName": attr("stack_name")},
                more="cloudformation_parameters",
            ),
        ),
        waits=(),
        note="As upstream, it does not wait: use the sensor.",
    )


add(
    _stack("CloudFormationCreateStackOperator", "createStack"),
    _stack("CloudFormationDeleteStackOperator", "deleteStack"),
)


# DataSync

_TASK = {"TaskArn": attr("task_arn")}
_EXECUTION = {"TaskExecutionArn": Code(("$p_execution",))}


def _sync(operator: Any) -> Translation:
    waiting = waits(operator, "wait_for_completion")
    every = seconds(operator, "wait_interval_seconds") or 1
    update = Call(
        "aws-sdk:datasync:updateTask",
        _TASK,
        more="update_task_kwargs",
        when=lambda operator: bool(operator.update_task_kwargs),
    )
    delete = Call(
        "aws-sdk:datasync:deleteTask", _TASK, when=lambda operator: bool(operator.delete_task_after_execution)
    )
    start = Call(
        "aws-sdk:datasync:startTaskExecution",
        _TASK,
        more="task_execution_kwargs",
        keep={"p_execution": "$states.result.TaskExecutionArn"},
    )
    row = Row(
        "",
        calls=(update, start),
        until=Until(
            Call("aws-sdk:datasync:describeTaskExecution", _EXECUTION),
            "$p_seen.Status",
            ("SUCCESS",),
            ("ERROR",),
            reason="$p_seen.Result.ErrorDetail",
            every=2 * every,
            seconds=2 * every * (number(operator, "max_iterations") or 1),
        ),
        then=(delete,),
        waits=("wait_for_completion",),
        output={"TaskArn": Code((Given(attr("task_arn")),)), "TaskExecutionArn": Code(("$p_execution",))},
    )
    found = procedure(row, operator)
    if not waiting:
        return Translation(found)
    cancel = Task("cancelTaskExecution", resource="aws-sdk:datasync:cancelTaskExecution", arguments={**_EXECUTION})
    return Translation(replace(found, states=tuple(cleaned(found.states, cancel, ("late",)))))


def _sync_problems(operator: Any) -> list[str]:
    found = []
    if not operator.task_arn:
        found.append(
            "source_location_uri and destination_location_uri without task_arn (the task would be looked for among all "
            "of the account: find it or create it in a task before the group, and give its ARN)"
        )
    return found


add(
    Row(
        f"{_OPERATORS}.datasync.DataSyncOperator",
        calls=(Call("aws-sdk:datasync:startTaskExecution"),),
        until=Until(Call("aws-sdk:datasync:describeTaskExecution")),
        waits=("wait_for_completion",),
        build=_sync,
        check=_sync_problems,
        xcom="{TaskArn, TaskExecutionArn}",
        lost=("finding and creating tasks and locations", "cancelling when the task is stopped"),
        note="It looks every second wait_interval_seconds, as upstream does, and cancels what takes too long.",
    )
)


# AppFlow

_FLOW = {"FlowName": attr("flow_name")}
_RUN = "$p_seen.FlowExecutions[ExecutionId = $p_execution]"
_CONNECTOR = "$p_flow.SourceFlowConfig.ConnectorType"
_KEY = (
    "its execution's id is not under the key 'execution_id' but, as all that tasks of a group push, under "
    "'return_value'"
)


def _epoch(shift: timedelta) -> Preparation:
    def do(value: Any, start: Any) -> str:
        moment = datetime.fromisoformat(str(value)) + shift
        return str(int(moment.timestamp() * 1000))

    return Preparation(
        do,
        code=("$string($toMillis(", f") + {int(shift.total_seconds() * 1000)})"),
        at_start=lambda value: datetime.fromisoformat(value).tzinfo is None,
    )


def _flow(comparison: str = "", *, updates: bool = True) -> Any:
    """Run a flow; before that, let it read only what *comparison* says of its filter date."""

    def build(operator: Any) -> Translation:
        waiting = waits(operator, "wait_for_completion")
        start = Call("aws-sdk:appflow:startFlow", _FLOW, keep={"p_execution": "$states.result.ExecutionId"})
        until = Until(
            Call("aws-sdk:appflow:describeFlowExecutionRecords", _FLOW),
            f"{_RUN}.ExecutionStatus",
            ("Successful",),
            ("Error",),
            reason=f"{_RUN}.ExecutionResult.ErrorInfo.ExecutionMessage",
            every="poll_interval",
            seconds=polling("poll_interval", "max_attempts"),
        )
        states = _updated(operator, comparison, start.short) if updates else []
        states += called(start, operator, "look" if waiting else "done")
        states += looped(until, operator, "done") if waiting else []
        return Translation(finished(operator, states, "$p_execution"), warnings=(_KEY,))

    return build


def _updated(operator: Any, comparison: str, following: str) -> list[State]:
    """Replace the filters of the flow, set it to run on demand, and let that take effect."""
    describe = Call("aws-sdk:appflow:describeFlow", _FLOW, keep={"p_flow": "$states.result"})
    kept = "$p_flow.Tasks[$not(TaskType = 'Filter' and $not($lookup(ConnectorOperator, $type) = 'PROJECTION'))]"
    tasks: list[Any] = [f"($type := {_CONNECTOR}; [{kept}"]
    if comparison:
        tasks += [
            ", {'TaskType': 'Filter', 'ConnectorOperator': {$type: '" + comparison + "'}, 'SourceFields': [",
            Given(operator.source_field),
            "], 'TaskProperties': ",
            Given(_bounds(operator, comparison)),
            "}",
        ]
    update = Task(
        "updateFlow",
        resource="aws-sdk:appflow:updateFlow",
        arguments={
            "FlowName": code("$p_flow.FlowName"),
            "DestinationFlowConfigList": code("$p_flow.DestinationFlowConfigList"),
            "SourceFlowConfig": code("$p_flow.SourceFlowConfig"),
            "TriggerConfig": code("$sift($p_flow.TriggerConfig, function($v, $k) { $k != 'TriggerProperties' })"),
            "Description": code("$exists($p_flow.Description) ? $p_flow.Description : 'Flow description.'"),
            "Tasks": Code((*tasks, "])")),
        },
        next="settle",
    )
    fits = f"$lowercase({_CONNECTOR}) = '{operator.source}'"
    return [
        *called(describe, operator, "source?"),
        *required("source?", fits, update.name, f"'the connector of the flow is ' & {_CONNECTOR}"),
        update,
        Wait("settle", seconds=15, next=following),
    ]


def _bounds(operator: Any, comparison: str) -> dict[str, Any]:
    date = operator.filter_date
    if comparison == "BETWEEN":
        return {
            "DATA_TYPE": "datetime",
            "LOWER_BOUND": prepared(date, _epoch(timedelta(milliseconds=-1))),
            "UPPER_BOUND": prepared(date, _epoch(timedelta(days=1))),
        }
    return {"DATA_TYPE": "datetime", "VALUE": prepared(date, _epoch(timedelta()))}


def _flow_problems(*sources: str, dated: bool) -> Any:
    def check(operator: Any) -> list[str]:
        found = []
        if operator.source not in sources:
            found.append(f"source={operator.source!r} (it must be one of {', '.join(sources)}, written out)")
        if dated and not operator.filter_date:
            found.append("filter_date is missing")
        if dated and not operator.source_field:
            found.append("source_field is missing")
        return found

    return check


def _flow_row(name: str, build: Any, check: Any = None, note: str = "") -> Row:
    return Row(
        f"{_OPERATORS}.appflow.{name}",
        calls=(Call("aws-sdk:appflow:startFlow"),),
        until=Until(Call("aws-sdk:appflow:describeFlowExecutionRecords")),
        waits=("wait_for_completion",),
        build=build,
        check=check,
        xcom="the execution's id; the operator pushes it under the key execution_id instead",
        note=note,
    )


_UPDATES = "The flow is described and updated before it runs."
add(
    _flow_row("AppflowRunOperator", _flow(updates=False)),
    _flow_row("AppflowRunFullOperator", _flow(), _flow_problems("salesforce", "zendesk", dated=False), _UPDATES),
    _flow_row("AppflowRunBeforeOperator", _flow("LESS_THAN"), _flow_problems("salesforce", dated=True), _UPDATES),
    _flow_row(
        "AppflowRunAfterOperator",
        _flow("GREATER_THAN"),
        _flow_problems("salesforce", "zendesk", dated=True),
        _UPDATES,
    ),
    _flow_row("AppflowRunDailyOperator", _flow("BETWEEN"), _flow_problems("salesforce", dated=True), _UPDATES),
)


# SSM

_SENT = Call(
    "aws-sdk:ssm:sendCommand",
    {"DocumentName": attr("document_name")},
    more="run_command_kwargs",
    keep={"p_id": "$states.result.Command.CommandId", "p_instances": "[$states.result.Command.InstanceIds]"},
)
_INVOCATIONS = "$p_seen.CommandInvocations[InstanceId in $p_instances]"


def _command(operator: Any) -> Translation:
    fails = ["Cancelled", "TimedOut", "Cancelling", *(["Failed"] if operator.fail_on_nonzero_exit else [])]
    under_way = "['Pending', 'Delayed', 'InProgress']"
    ended = f"$count({_INVOCATIONS}[$not(Status in {under_way})]) >= $count($p_instances)"
    failed = f"$count({_INVOCATIONS}[Status in {fails}]) > 0"
    until = Until(
        Call("aws-sdk:ssm:listCommandInvocations", {"CommandId": Code(("$p_id",))}),
        f"$string([{_INVOCATIONS}.(InstanceId & ' ' & Status)])",
        f"{ended} and $not({failed})",
        failed,
        every="waiter_delay",
        seconds=polling(),
    )
    return Translation(procedure(Row("", calls=(_SENT,), until=until, output="$p_id"), operator))


_FIELDS = {
    "status": "Status",
    "response_code": "ResponseCode",
    "standard_output": "StandardOutputContent",
    "standard_error": "StandardErrorContent",
    "execution_start_time": "ExecutionStartDateTime",
    "execution_end_time": "ExecutionEndDateTime",
    "document_name": "DocumentName",
    "comment": "Comment",
}


def _invocations(operator: Any) -> Translation:
    """The output of a command on one instance, or on all that it ran on."""
    details = ", ".join(
        f"'{name}': $exists($states.result.{field}) ? $states.result.{field} : ''" for name, field in _FIELDS.items()
    )
    get = Task(
        "getCommandInvocation",
        resource="aws-sdk:ssm:getCommandInvocation",
        arguments={"CommandId": operator.command_id, "InstanceId": code("$states.input")},
        output=code(f"{{'instance_id': $states.input, {details}}}"),
        catch=(
            Catch(
                error_equals=("States.TaskFailed",),
                next="not told",
                output=code("{'instance_id': $states.input, 'error': $states.errorOutput.Cause}"),
            ),
        ),
    )
    inner = StateMachine(get.name, (get, Pass("not told")), processor_config={"Mode": "INLINE"})
    each = Map(
        "each", items=code("$p_on"), item_processor=inner, assign={"p_all": code("[$states.result]")}, next="done"
    )
    listed = Call(
        "aws-sdk:ssm:listCommandInvocations",
        {"CommandId": attr("command_id")},
        keep={"p_on": "[$states.result.CommandInvocations.InstanceId]"},
    )
    one = Pass("begin", assign={"p_on": [operator.instance_id]}, next=each.name)
    states: list[State] = [one, each] if operator.instance_id else [*called(listed, operator, each.name), each]
    output = {"command_id": Code((Given(operator.command_id),)), "invocations": code("$p_all")}
    return Translation(finished(operator, states, output))


add(
    Row(
        f"{_OPERATORS}.ssm.SsmRunCommandOperator",
        calls=(_SENT,),
        until=Until(Call("aws-sdk:ssm:listCommandInvocations")),
        build=_command,
        xcom="the id of the command",
        note="The instances are waited for together.",
    ),
    Row(
        f"{_OPERATORS}.ssm.SsmGetCommandInvocationOperator",
        calls=(Call("aws-sdk:ssm:getCommandInvocation"),),
        waits=(),
        build=_invocations,
        xcom="{command_id, invocations: [{instance_id, status, response_code, standard_output, ...}]}",
    ),
)


# ECR


def _repository(name: str, operation: str, fields: dict[str, str]) -> Row:
    resource = f"aws-sdk:ecr:{operation}"
    return Row(
        f"{_OPERATORS}.ecr.{name}",
        calls=(Call(resource, {field: attr(attribute, empty=True) for field, attribute in fields.items()}),),
        waits=(),
        output=as_boto(resource, "$states.result"),
        xcom="the answer of the call, without ResponseMetadata",
    )


_REPOSITORY = {"repositoryName": "repository_name", "registryId": "registry_id"}
add(
    _repository(
        "EcrCreateRepositoryOperator",
        "createRepository",
        {
            **_REPOSITORY,
            "tags": "tags",
            "imageTagMutability": "image_tag_mutability",
            "imageTagMutabilityExclusionFilters": "image_tag_mutability_exclusion_filters",
            "imageScanningConfiguration": "image_scanning_configuration",
            "encryptionConfiguration": "encryption_configuration",
        },
    ),
    _repository(
        "EcrSetRepositoryPolicyOperator",
        "setRepositoryPolicy",
        {**_REPOSITORY, "policyText": "policy_text", "force": "force"},
    ),
    _repository("EcrDeleteRepositoryOperator", "deleteRepository", {**_REPOSITORY, "force": "force"}),
)


# Managed Service for Apache Flink

_APPLICATION = {"ApplicationName": attr("application_name")}
_DETAIL = Call(
    "aws-sdk:kinesisanalyticsv2:describeApplication",
    _APPLICATION,
    keep={"p_arn": "$states.result.ApplicationDetail.ApplicationARN"},
)
_ARN = {"ApplicationARN": Code(("$p_arn",))}


def _flink(name: str, call: Call, done: str, failed: tuple[str, ...]) -> Row:
    return Row(
        f"{_OPERATORS}.kinesis_analytics.{name}",
        calls=(call, _DETAIL),
        until=Until(
            Call(_DETAIL.resource, _APPLICATION),
            "$p_seen.ApplicationDetail.ApplicationStatus",
            (done,),
            failed,
            every="waiter_delay",
            seconds=polling(),
        ),
        output=_ARN,
        xcom="{ApplicationARN}",
    )


add(
    Row(
        f"{_OPERATORS}.kinesis_analytics.KinesisAnalyticsV2CreateApplicationOperator",
        calls=(
            Call(
                "aws-sdk:kinesisanalyticsv2:createApplication",
                {
                    **_APPLICATION,
                    "ApplicationDescription": attr("application_description", empty=True),
                    "RuntimeEnvironment": attr("runtime_environment"),
                    "ServiceExecutionRole": attr("service_execution_role"),
                },
                more="create_application_kwargs",
                keep={"p_arn": "$states.result.ApplicationDetail.ApplicationARN"},
            ),
        ),
        waits=(),
        output=_ARN,
        xcom="{ApplicationARN}",
    ),
    _flink(
        "KinesisAnalyticsV2StartApplicationOperator",
        Call(
            "aws-sdk:kinesisanalyticsv2:startApplication",
            {**_APPLICATION, "RunConfiguration": attr("run_configuration", empty=True)},
        ),
        "RUNNING",
        ("DELETING", "STOPPING", "READY", "FORCE_STOPPING", "ROLLING_BACK", "MAINTENANCE", "ROLLED_BACK"),
    ),
    _flink(
        "KinesisAnalyticsV2StopApplicationOperator",
        Call("aws-sdk:kinesisanalyticsv2:stopApplication", {**_APPLICATION, "Force": attr("force")}),
        "READY",
        ("DELETING", "ROLLING_BACK", "MAINTENANCE", "ROLLED_BACK"),
    ),
)


# OpenSearch Serverless


def _collection(operator: Any) -> Translation:
    create = Call(
        "aws-sdk:opensearchserverless:createCollection",
        {
            "name": attr("collection_name"),
            "type": attr("collection_type"),
            "description": attr("description", empty=True),
            "standbyReplicas": attr("standby_replicas"),
            "tags": attr("tags", empty=True),
        },
        keep={"p_id": "$states.result.CreateCollectionDetail.Id"},
    )
    states = called(create, operator, "done")
    if operator.if_exists == "skip":
        find = Call(
            "aws-sdk:opensearchserverless:batchGetCollection",
            {"names": lambda operator: [operator.collection_name]},
            keep={"p_id": "$states.result.CollectionDetails[0].Id"},
        )
        exists = Catch(error_equals=("OpenSearchServerless.ConflictException",), next=find.short)
        assert isinstance(states[0], Task)
        states = [replace(states[0], catch=(exists,)), *called(find, operator, "done")]
    return Translation(finished(operator, states, "$p_id"))


add(
    Row(
        f"{_OPERATORS}.opensearch_serverless.OpenSearchServerlessCreateCollectionOperator",
        calls=(Call("aws-sdk:opensearchserverless:createCollection"),),
        waits=(),
        build=_collection,
        xcom="the id of the collection",
    )
)


# QuickSight


def _delay(operator: Any) -> int | None:
    return seconds(operator, "waiter_delay" if operator.check_interval is None else "check_interval")


def _ingestion_limit(operator: Any) -> int | None:
    times = number(operator, "waiter_max_attempts")
    delay = _delay(operator)
    return delay * times if delay and times else None


_INGESTION = {
    "AwsAccountId": Code((ACCOUNT,)),
    "DataSetId": attr("data_set_id"),
    "IngestionId": attr("ingestion_id"),
}
add(
    Row(
        f"{_OPERATORS}.quicksight.QuickSightCreateIngestionOperator",
        calls=(
            Call(
                "aws-sdk:quicksight:createIngestion",
                {**_INGESTION, "IngestionType": attr("ingestion_type")},
                keep={"p_answer": "$states.result"},
            ),
        ),
        until=Until(
            Call("aws-sdk:quicksight:describeIngestion", _INGESTION),
            "$p_seen.Ingestion.IngestionStatus",
            ("COMPLETED",),
            ("FAILED", "CANCELLED"),
            reason="$p_seen.Ingestion.ErrorInfo.Message",
            every=_delay,
            seconds=_ingestion_limit,
        ),
        output="$p_answer",
        xcom="the answer of CreateIngestion, without ResponseMetadata",
        note="The account is that of the state machine.",
    )
)
