"""The Amazon provider's sensors of jobs: SageMaker, Glue, Athena, EMR, Batch, ECS, Lambda, Step Functions, others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.translators.fusing import Own
from airflow_sfn_ml.translators.phrases import PRINTING
from airflow_sfn_ml.translators.sensing import Look, sensor
from airflow_sfn_ml.translators.table import Call, attr

_SENSORS = "airflow.providers.amazon.aws.sensors"
_RETRIED = ("poke_interval", "max_retries")
_ATTEMPTED = ("poke_interval", "max_attempts")
_FUSES = "Does nothing where the task of the group that began the job has waited for it."


# SageMaker

_BUSY = ("InProgress", "Stopping")


def _sagemaker(
    name: str,
    operation: str,
    arguments: Mapping[str, Any],
    status: str,
    own: Own,
    failed: tuple[str, ...] = ("Failed",),
    busy: tuple[str, ...] = _BUSY,
    **more: Any,
) -> None:
    """A sensor that is done with every status that is neither busy nor failed."""
    seen = f"$p_seen.{status}"
    named = ", ".join(f"'{item}'" for item in (*busy, *failed))
    sensor(
        f"{_SENSORS}.sagemaker.{name}",
        Look(
            Call(f"aws-sdk:sagemaker:{operation}", arguments, name="look"),
            status=seen,
            done=f"$exists({seen}) and $not({seen} in [{named}])",
            failed=failed,
            reason="$p_seen.FailureReason",
        ),
        own=own,
        **{"note": _FUSES, **more},
    )


def _job(kind: str, operator: str = "", answer: tuple[str, ...] = (), limit: int = 63) -> Own:
    return Own("job_name", (operator,) if operator else (), argument=f"{kind}JobName", answer=answer, limit=limit)


_sagemaker(
    "SageMakerEndpointSensor",
    "describeEndpoint",
    {"EndpointName": attr("endpoint_name")},
    "EndpointStatus",
    Own("endpoint_name", ("SageMakerEndpointOperator",)),
    busy=("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"),
)
_sagemaker(
    "SageMakerTransformSensor",
    "describeTransformJob",
    {"TransformJobName": attr("job_name")},
    "TransformJobStatus",
    _job("Transform", "SageMakerTransformOperator", ("Transform", "TransformJobName")),
)
_sagemaker(
    "SageMakerTuningSensor",
    "describeHyperParameterTuningJob",
    {"HyperParameterTuningJobName": attr("job_name")},
    "HyperParameterTuningJobStatus",
    _job("HyperParameterTuning", "SageMakerTuningOperator", ("Tuning", "HyperParameterTuningJobName"), 32),
)
_sagemaker(
    "SageMakerTrainingSensor",
    "describeTrainingJob",
    {"TrainingJobName": attr("job_name")},
    "TrainingJobStatus",
    _job("Training", "SageMakerTrainingOperator", ("Training", "TrainingJobName")),
    failed=("Failed", "Stopped"),
    lost=("the job's log (print_log); the task's log has its last lines if it fails",),
)
_sagemaker(
    "SageMakerProcessingSensor",
    "describeProcessingJob",
    {"ProcessingJobName": attr("job_name")},
    "ProcessingJobStatus",
    _job("Processing", "SageMakerProcessingOperator", ("Processing", "ProcessingJobName")),
    failed=("Failed", "Stopped"),
)
_sagemaker(
    "SageMakerPipelineSensor",
    "describePipelineExecution",
    {"PipelineExecutionArn": attr("pipeline_exec_arn")},
    "PipelineExecutionStatus",
    Own("pipeline_exec_arn", ("SageMakerStartPipelineOperator",)),
    busy=("Executing", "Stopping"),
    lost=("the list of steps in the log (verbose)",),
)
_sagemaker(
    "SageMakerAutoMLSensor",
    "describeAutoMLJob",
    {"AutoMLJobName": attr("job_name")},
    "AutoMLJobStatus",
    Own("job_name", ()),
    note="",
)


# Glue

sensor(
    f"{_SENSORS}.glue.GlueJobSensor",
    Look(
        Call("aws-sdk:glue:getJobRun", {"JobName": attr("job_name"), "RunId": attr("run_id")}, name="look"),
        status="$p_seen.JobRun.JobRunState",
        done=("SUCCEEDED",),
        failed=("FAILED", "STOPPED", "TIMEOUT"),
        reason="$p_seen.JobRun.ErrorMessage",
        deferred=_RETRIED,
    ),
    own=Own("run_id", ("GlueJobOperator",)),
    lost=("the job's log (verbose)",),
    note=_FUSES,
)


def _quality(name: str, operation: str, attribute: str, own: Own, verified: bool) -> None:
    checked = Call(
        "aws-sdk:glue:batchGetDataQualityResult",
        {"ResultIds": Code(("[$p_seen.ResultIds]",))},
        keep={"p_rules": "[$states.result.Results.RuleResults[Result in ['FAIL', 'ERROR']]]"},
        when=lambda operator: operator.verify_result_status,
    )
    sensor(
        f"{_SENSORS}.glue.{name}",
        Look(
            Call(f"aws-sdk:glue:{operation}", {"RunId": attr(attribute)}, name="look"),
            status="$p_seen.Status",
            done=("SUCCEEDED",),
            failed=("FAILED", "STOPPED", "STOPPING", "TIMEOUT"),
            reason="$p_seen.ErrorString",
            deferred=_RETRIED,
            then=(checked,) if verified else (),
            refused=("$count($p_rules) > 0", "one or more rules of the evaluation run failed") if verified else None,
        ),
        own=own,
        lost=("the table of results in the log (show_results)",),
        note=_FUSES if own.producers else "",
    )


_quality(
    "GlueDataQualityRuleSetEvaluationRunSensor",
    "getDataQualityRulesetEvaluationRun",
    "evaluation_run_id",
    Own(
        "evaluation_run_id",
        ("GlueDataQualityRuleSetEvaluationRunOperator",),
        unless=(("verify_result_status", True),),
    ),
    True,
)
_quality(
    "GlueDataQualityRuleRecommendationRunSensor",
    "getDataQualityRuleRecommendationRun",
    "recommendation_run_id",
    Own("recommendation_run_id", ("GlueDataQualityRuleRecommendationRunOperator",)),
    False,
)
sensor(
    f"{_SENSORS}.glue_crawler.GlueCrawlerSensor",
    Look(
        Call("aws-sdk:glue:getCrawler", {"Name": attr("crawler_name")}, name="look"),
        status="$p_seen.Crawler.LastCrawl.Status",
        done="$p_seen.Crawler.State = 'READY' and $p_seen.Crawler.LastCrawl.Status = 'SUCCEEDED'",
        failed="$p_seen.Crawler.State = 'READY'",
        reason="$p_seen.Crawler.LastCrawl.ErrorMessage",
    ),
    own=Own("crawler_name", ("GlueCrawlerOperator",)),
    note=_FUSES,
)


def _table(operator: Any) -> tuple[Any, Any]:
    """The database and the table, which the name of the table may hold both."""
    name = operator.table_name
    if isinstance(name, str) and "{" not in name:
        database, dot, table = name.rpartition(".")
        return (database, table) if dot else (operator.database_name, name)
    dotted = Given(name)
    return (
        Code(("$contains(", dotted, ", '.') ? $substringBefore(", dotted, ", '.') : ", Given(operator.database_name))),
        Code(("$contains(", dotted, ", '.') ? $substringAfter(", dotted, ", '.') : ", dotted)),
    )


sensor(
    f"{_SENSORS}.glue_catalog_partition.GlueCatalogPartitionSensor",
    Look(
        Call(
            "aws-sdk:glue:getPartitions",
            {
                "DatabaseName": lambda operator: _table(operator)[0],
                "TableName": lambda operator: _table(operator)[1],
                "Expression": attr("expression", empty=True),
                "MaxResults": 1,
                "ExcludeColumnSchema": True,
            },
            name="look",
        ),
        status="$count($p_seen.Partitions)",
        done="$count($p_seen.Partitions) > 0",
    ),
)


# Athena

sensor(
    f"{_SENSORS}.athena.AthenaSensor",
    Look(
        Call("aws-sdk:athena:getQueryExecution", {"QueryExecutionId": attr("query_execution_id")}, name="look"),
        status="$p_seen.QueryExecution.Status.State",
        done=("SUCCEEDED",),
        failed=("FAILED", "CANCELLED"),
        reason="$p_seen.QueryExecution.Status.StateChangeReason",
        every="sleep_time",
    ),
    own=Own("query_execution_id", ("AthenaOperator",), waits=()),
    note="It looks every `sleep_time` seconds, as the operator does within one poke. " + _FUSES,
)
sensor(
    f"{_SENSORS}.athena_spark.AthenaSparkSensor",
    Look(
        Call(
            "aws-sdk:athena:getCalculationExecution",
            {"CalculationExecutionId": attr("calculation_execution_id")},
            name="look",
        ),
        status="$p_seen.Status.State",
        done=("COMPLETED",),
        busy=("CREATING", "CREATED", "QUEUED", "RUNNING", "CANCELING"),
        reason="$p_seen.Status.StateChangeReason",
    ),
)


# EMR


def _targets(name: str, producer: str, *ordinary: str) -> Own:
    return Own(name, (producer,), unless=(("target_states", sorted(ordinary)),))


def _deferred(target: str, failing: list[str]) -> Callable[[Any], list[str]]:
    """The deferrable forms look for these once, and then for the ordinary ones only."""

    def check(operator: Any) -> list[str]:
        if operator.deferrable is not True:
            return []
        other = [
            name
            for name, ordinary in (("target_states", [target]), ("failed_states", failing))
            if list(getattr(operator, name)) != ordinary
        ]
        return [f"{name} with deferrable=True (use deferrable=False: no worker waits here)" for name in other]

    return check


sensor(
    f"{_SENSORS}.emr.EmrJobFlowSensor",
    Look(
        Call("aws-sdk:emr:describeCluster", {"ClusterId": attr("job_flow_id")}, name="look"),
        status="$p_seen.Cluster.Status.State",
        done=lambda operator: operator.target_states,
        failed=lambda operator: operator.failed_states,
        reason="$p_seen.Cluster.Status.StateChangeReason.Message",
        deferred=_ATTEMPTED,
    ),
    check=_deferred("TERMINATED", ["TERMINATED_WITH_ERRORS"]),
)
sensor(
    f"{_SENSORS}.emr.EmrStepSensor",
    Look(
        Call("aws-sdk:emr:describeStep", {"ClusterId": attr("job_flow_id"), "StepId": attr("step_id")}, name="look"),
        status="$p_seen.Step.Status.State",
        done=lambda operator: operator.target_states,
        failed=lambda operator: operator.failed_states,
        reason="$p_seen.Step.Status.FailureDetails.Message",
        deferred=_ATTEMPTED,
    ),
    own=_targets("step_id", "EmrAddStepsOperator", "COMPLETED"),
    check=_deferred("COMPLETED", ["CANCELLED", "FAILED", "INTERRUPTED"]),
    note=_FUSES,
)
sensor(
    f"{_SENSORS}.emr.EmrServerlessJobSensor",
    Look(
        Call(
            "aws-sdk:emrserverless:getJobRun",
            {"ApplicationId": attr("application_id"), "JobRunId": attr("job_run_id")},
            name="look",
        ),
        status="$p_seen.JobRun.State",
        done=lambda operator: set(operator.target_states) - {"FAILED", "CANCELLING", "CANCELLED"},
        failed=("FAILED", "CANCELLING", "CANCELLED"),
        reason="$p_seen.JobRun.StateDetails",
    ),
    own=_targets("job_run_id", "EmrServerlessStartJobOperator", "SUCCESS"),
    note=_FUSES,
)
sensor(
    f"{_SENSORS}.emr.EmrServerlessApplicationSensor",
    Look(
        Call("aws-sdk:emrserverless:getApplication", {"ApplicationId": attr("application_id")}, name="look"),
        status="$p_seen.Application.State",
        done=lambda operator: set(operator.target_states) - {"STOPPED", "TERMINATED"},
        failed=("STOPPED", "TERMINATED"),
        reason="$p_seen.Application.StateDetails",
    ),
    own=_targets("application_id", "EmrServerlessCreateApplicationOperator", "CREATED", "STARTED"),
    note=_FUSES,
)
sensor(
    f"{_SENSORS}.emr.EmrContainerSensor",
    Look(
        Call(
            "aws-sdk:emrcontainers:describeJobRun",
            {"VirtualClusterId": attr("virtual_cluster_id"), "Id": attr("job_id")},
            name="look",
        ),
        status="$p_seen.JobRun.State",
        done=("COMPLETED",),
        failed=("FAILED", "CANCELLED", "CANCEL_PENDING"),
        reason="$p_seen.JobRun.StateDetails",
        every="poll_interval",
        deferred=("poll_interval", "max_retries"),
    ),
    own=Own("job_id", ("EmrContainerOperator",)),
    note="It looks every `poll_interval` seconds, as the operator does within one poke. " + _FUSES,
)
sensor(
    f"{_SENSORS}.emr.EmrNotebookExecutionSensor",
    Look(
        Call(
            "aws-sdk:emr:describeNotebookExecution",
            {"NotebookExecutionId": attr("notebook_execution_id")},
            name="look",
        ),
        status="$p_seen.NotebookExecution.Status",
        done=lambda operator: operator.target_states,
        failed=lambda operator: operator.failed_states,
        reason="$p_seen.NotebookExecution.LastStateChangeReason",
    ),
)


# Batch

sensor(
    f"{_SENSORS}.batch.BatchSensor",
    Look(
        Call("aws-sdk:batch:describeJobs", {"Jobs": lambda operator: [operator.job_id]}, name="look"),
        status="$p_seen.Jobs[0].Status",
        done=("SUCCEEDED",),
        busy=("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"),
        reason="$p_seen.Jobs[0].StatusReason",
        deferred=_RETRIED,
    ),
    own=Own("job_id", ("BatchOperator",)),
    note=_FUSES,
)
sensor(
    f"{_SENSORS}.batch.BatchComputeEnvironmentSensor",
    Look(
        Call(
            "aws-sdk:batch:describeComputeEnvironments",
            {"ComputeEnvironments": lambda operator: [operator.compute_environment]},
            name="look",
        ),
        status="$p_seen.ComputeEnvironments[0].Status",
        done=("VALID", "DELETED"),
        busy=("CREATING", "UPDATING", "DELETING"),
        reason="$p_seen.ComputeEnvironments[0].StatusReason",
    ),
)


def _queue_done(operator: Any) -> str:
    gone = " or $count($p_seen.JobQueues) = 0" if operator.treat_non_existing_as_deleted else ""
    return f"$p_seen.JobQueues[0].Status in ['VALID', 'DELETED']{gone}"


sensor(
    f"{_SENSORS}.batch.BatchJobQueueSensor",
    Look(
        Call("aws-sdk:batch:describeJobQueues", {"JobQueues": lambda operator: [operator.job_queue]}, name="look"),
        status="$p_seen.JobQueues[0].Status",
        done=_queue_done,
        busy=("CREATING", "UPDATING", "DELETING"),
        reason="$p_seen.JobQueues[0].StatusReason",
    ),
)


# ECS


def _other(failures: str) -> Any:
    """The states that fail an ECS sensor: those it names, except the one it waits for."""

    def states(operator: Any) -> list[Any]:
        target = getattr(operator.target_state, "value", operator.target_state)
        return [item for item in _values(getattr(operator, failures)) if item != target]

    return states


def _values(items: Any) -> list[Any]:
    return sorted(getattr(item, "value", item) for item in items)


sensor(
    f"{_SENSORS}.ecs.EcsClusterStateSensor",
    Look(
        Call("aws-sdk:ecs:describeClusters", {"Clusters": lambda operator: [operator.cluster_name]}, name="look"),
        status="$p_seen.Clusters[0].Status",
        done=lambda operator: [operator.target_state],
        failed=_other("failure_states"),
    ),
)
sensor(
    f"{_SENSORS}.ecs.EcsTaskDefinitionStateSensor",
    Look(
        Call("aws-sdk:ecs:describeTaskDefinition", {"TaskDefinition": attr("task_definition")}, name="look"),
        status="$p_seen.TaskDefinition.Status",
        done=lambda operator: [operator.target_state],
    ),
    note="Waits until `timeout` in every other state: the operator compares a set with a state, so it never fails.",
)
sensor(
    f"{_SENSORS}.ecs.EcsTaskStateSensor",
    Look(
        Call(
            "aws-sdk:ecs:describeTasks",
            {"Cluster": attr("cluster"), "Tasks": lambda operator: [operator.task]},
            name="look",
        ),
        status="$p_seen.Tasks[0].LastStatus",
        done=lambda operator: [operator.target_state],
        failed=_other("failure_states"),
        reason="$p_seen.Tasks[0].StoppedReason",
    ),
)


# EKS


def _eks(name: str, operation: str, arguments: Mapping[str, Any], field: str, *ends: str) -> None:
    """A sensor that fails in every final state but the one it waits for; what is not there is `NONEXISTENT`."""

    def look(operator: Any) -> Look:
        target = operator.target_state.value
        return Look(
            Call(f"aws-sdk:eks:{operation}", arguments, name="look"),
            status=f"$p_seen.{field}.Status",
            done=(target,),
            failed=tuple(end for end in ("ACTIVE", *ends) if end != target),
            gone="ResourceNotFound" if target == "NONEXISTENT" else "",
        )

    sensor(f"{_SENSORS}.eks.{name}", look)


_CLUSTER = {"clusterName": attr("cluster_name")}
_eks("EksClusterStateSensor", "describeCluster", {"name": attr("cluster_name")}, "Cluster", "FAILED")
_eks(
    "EksFargateProfileStateSensor",
    "describeFargateProfile",
    {**_CLUSTER, "fargateProfileName": attr("fargate_profile_name")},
    "FargateProfile",
    "CREATE_FAILED",
    "DELETE_FAILED",
)
_eks(
    "EksNodegroupStateSensor",
    "describeNodegroup",
    {**_CLUSTER, "nodegroupName": attr("nodegroup_name")},
    "Nodegroup",
    "CREATE_FAILED",
    "DELETE_FAILED",
)


# Lambda

sensor(
    f"{_SENSORS}.lambda_function.LambdaFunctionStateSensor",
    Look(
        Call(
            "aws-sdk:lambda:getFunction",
            {"FunctionName": attr("function_name"), "Qualifier": attr("qualifier")},
            name="look",
            keep={"p_seen": "$states.result.Configuration.{'State': State, 'Reason': StateReason}"},
        ),
        status="$p_seen.State",
        done=lambda operator: [item for item in operator.target_states if item != "Failed"],
        failed=("Failed",),
        reason="$p_seen.Reason",
    ),
)


# Step Functions

sensor(
    f"{_SENSORS}.step_function.StepFunctionExecutionSensor",
    Look(
        Call("aws-sdk:sfn:describeExecution", {"ExecutionArn": attr("execution_arn")}, name="look"),
        status="$p_seen.Status",
        done=("SUCCEEDED", "PENDING_REDRIVE"),
        failed=("FAILED", "TIMED_OUT", "ABORTED"),
        reason="$p_seen.Cause",
        output="$exists($p_seen.Output) ? $parse($p_seen.Output) : null",
    ),
    xcom="the output of the execution; the operator pushes it under the key output instead",
    key="output",
)


# Comprehend

sensor(
    f"{_SENSORS}.comprehend.ComprehendStartPiiEntitiesDetectionJobCompletedSensor",
    Look(
        Call("aws-sdk:comprehend:describePiiEntitiesDetectionJob", {"JobId": attr("job_id")}, name="look"),
        status="$p_seen.PiiEntitiesDetectionJobProperties.JobStatus",
        done=("SUBMITTED", "COMPLETED"),
        failed=("FAILED", "STOP_REQUESTED", "STOPPED"),
        reason="$p_seen.PiiEntitiesDetectionJobProperties.Message",
        deferred=_RETRIED,
    ),
    own=Own("job_id", ("ComprehendStartPiiEntitiesDetectionJobOperator",)),
    note=_FUSES,
)


def _trained(operator: Any) -> tuple[str, ...]:
    return ("TRAINED",) if operator.fail_on_warnings else ("TRAINED", "TRAINED_WITH_WARNING")


def _untrained(operator: Any) -> tuple[str, ...]:
    warning = ("TRAINED_WITH_WARNING",) if operator.fail_on_warnings else ()
    return ("DELETING", "STOP_REQUESTED", "STOPPED", "IN_ERROR", *warning)


sensor(
    f"{_SENSORS}.comprehend.ComprehendCreateDocumentClassifierCompletedSensor",
    Look(
        Call(
            "aws-sdk:comprehend:describeDocumentClassifier",
            {"DocumentClassifierArn": attr("document_classifier_arn")},
            name="look",
        ),
        status="$p_seen.DocumentClassifierProperties.Status",
        done=_trained,
        failed=_untrained,
        reason="$p_seen.DocumentClassifierProperties.Message",
        deferred=_RETRIED,
    ),
    own=Own(
        "document_classifier_arn",
        ("ComprehendCreateDocumentClassifierOperator",),
        unless=(("fail_on_warnings", False),),
    ),
    lost=(PRINTING,),
    note=_FUSES,
)


# Bedrock


def _bedrock(
    name: str,
    resource: str,
    arguments: Mapping[str, Any],
    status: str,
    busy: Any,
    failed: tuple[str, ...],
    own: Own,
    reason: str = "",
) -> None:
    """A sensor that is done with every status that is neither busy nor failed."""

    def done(operator: Any) -> str:
        waiting = busy(operator) if callable(busy) else busy
        return f"$exists({status}) and $not({status} in [{', '.join(repr(item) for item in (*waiting, *failed))}])"

    sensor(
        f"{_SENSORS}.bedrock.{name}",
        Look(
            Call(resource, arguments, name="look"),
            status=status,
            done=done,
            failed=failed,
            reason=reason,
            deferred=_RETRIED,
        ),
        own=own,
        note=_FUSES if own.producers else "",
    )


_bedrock(
    "BedrockCustomizeModelCompletedSensor",
    "aws-sdk:bedrock:getModelCustomizationJob",
    {"JobIdentifier": attr("job_name")},
    "$p_seen.Status",
    ("InProgress",),
    ("Failed", "Stopping", "Stopped"),
    Own("job_name", ("BedrockCustomizeModelOperator",)),
    "$p_seen.FailureMessage",
)
_bedrock(
    "BedrockProvisionModelThroughputCompletedSensor",
    "aws-sdk:bedrock:getProvisionedModelThroughput",
    {"ProvisionedModelId": attr("model_id")},
    "$p_seen.Status",
    ("Creating", "Updating"),
    ("Failed",),
    Own("model_id", ("BedrockCreateProvisionedModelThroughputOperator",)),
    "$p_seen.FailureMessage",
)
_bedrock(
    "BedrockKnowledgeBaseActiveSensor",
    "aws-sdk:bedrockagent:getKnowledgeBase",
    {"KnowledgeBaseId": attr("knowledge_base_id")},
    "$p_seen.KnowledgeBase.Status",
    ("CREATING", "UPDATING"),
    ("DELETING", "FAILED"),
    Own("knowledge_base_id", ("BedrockCreateKnowledgeBaseOperator",)),
    "$join([$p_seen.KnowledgeBase.FailureReasons], '; ')",
)
_bedrock(
    "BedrockIngestionJobSensor",
    "aws-sdk:bedrockagent:getIngestionJob",
    {
        "KnowledgeBaseId": attr("knowledge_base_id"),
        "DataSourceId": attr("data_source_id"),
        "IngestionJobId": attr("ingestion_job_id"),
    },
    "$p_seen.IngestionJob.Status",
    ("STARTING", "IN_PROGRESS"),
    ("FAILED",),
    Own("ingestion_job_id", ("BedrockIngestDataOperator",)),
    "$join([$p_seen.IngestionJob.FailureReasons], '; ')",
)


def _batch_busy(operator: Any) -> tuple[str, ...]:
    scheduled = ("Scheduled",) if operator.success_state == "completed" else ()
    return ("Submitted", "InProgress", "Stopping", "Validating", *scheduled)


_bedrock(
    "BedrockBatchInferenceSensor",
    "aws-sdk:bedrock:getModelInvocationJob",
    {"JobIdentifier": attr("job_arn")},
    "$p_seen.Status",
    _batch_busy,
    ("Failed", "Stopped", "PartiallyCompleted", "Expired"),
    Own("job_arn", ()),
    "$p_seen.Message",
)
