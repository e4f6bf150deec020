"""Sensors as loops: what they look at, when they end, what they refuse; and some of them on the embedded AWS."""

from __future__ import annotations

import json
import time
import uuid
import warnings
from datetime import timedelta
from threading import Timer
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.operators.s3 import S3ListOperator
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerTrainingOperator
from airflow.providers.amazon.aws.sensors.athena import AthenaSensor
from airflow.providers.amazon.aws.sensors.athena_spark import AthenaSparkSensor
from airflow.providers.amazon.aws.sensors.batch import (
    BatchComputeEnvironmentSensor,
    BatchJobQueueSensor,
    BatchSensor,
)
from airflow.providers.amazon.aws.sensors.bedrock import (
    BedrockBatchInferenceSensor,
    BedrockCustomizeModelCompletedSensor,
    BedrockIngestionJobSensor,
    BedrockKnowledgeBaseActiveSensor,
    BedrockProvisionModelThroughputCompletedSensor,
)
from airflow.providers.amazon.aws.sensors.cloud_formation import (
    CloudFormationCreateStackSensor,
    CloudFormationDeleteStackSensor,
)
from airflow.providers.amazon.aws.sensors.comprehend import (
    ComprehendCreateDocumentClassifierCompletedSensor,
    ComprehendStartPiiEntitiesDetectionJobCompletedSensor,
)
from airflow.providers.amazon.aws.sensors.dms import DmsTaskBaseSensor, DmsTaskCompletedSensor
from airflow.providers.amazon.aws.sensors.dynamodb import DynamoDBValueSensor
from airflow.providers.amazon.aws.sensors.ec2 import EC2InstanceStateSensor
from airflow.providers.amazon.aws.sensors.ecs import (
    EcsClusterStateSensor,
    EcsTaskDefinitionStateSensor,
    EcsTaskStateSensor,
)
from airflow.providers.amazon.aws.sensors.eks import (
    EksClusterStateSensor,
    EksFargateProfileStateSensor,
    EksNodegroupStateSensor,
)
from airflow.providers.amazon.aws.sensors.emr import (
    EmrContainerSensor,
    EmrJobFlowSensor,
    EmrNotebookExecutionSensor,
    EmrServerlessApplicationSensor,
    EmrServerlessJobSensor,
    EmrStepSensor,
)
from airflow.providers.amazon.aws.sensors.glue import (
    GlueDataQualityRuleRecommendationRunSensor,
    GlueDataQualityRuleSetEvaluationRunSensor,
    GlueJobSensor,
)
from airflow.providers.amazon.aws.sensors.glue_catalog_partition import GlueCatalogPartitionSensor
from airflow.providers.amazon.aws.sensors.glue_crawler import GlueCrawlerSensor
from airflow.providers.amazon.aws.sensors.kinesis_analytics import (
    KinesisAnalyticsV2StartApplicationCompletedSensor,
    KinesisAnalyticsV2StopApplicationCompletedSensor,
)
from airflow.providers.amazon.aws.sensors.lambda_function import LambdaFunctionStateSensor
from airflow.providers.amazon.aws.sensors.opensearch_serverless import OpenSearchServerlessCollectionActiveSensor
from airflow.providers.amazon.aws.sensors.quicksight import QuickSightSensor
from airflow.providers.amazon.aws.sensors.rds import (
    RdsDbSensor,
    RdsExportTaskExistenceSensor,
    RdsSnapshotExistenceSensor,
)
from airflow.providers.amazon.aws.sensors.redshift_cluster import RedshiftClusterSensor
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor, S3KeysUnchangedSensor
from airflow.providers.amazon.aws.sensors.sagemaker import (
    SageMakerAutoMLSensor,
    SageMakerEndpointSensor,
    SageMakerPipelineSensor,
    SageMakerProcessingSensor,
    SageMakerTrainingSensor,
    SageMakerTransformSensor,
    SageMakerTuningSensor,
)
from airflow.providers.amazon.aws.sensors.sqs import SqsSensor
from airflow.providers.amazon.aws.sensors.ssm import SsmRunCommandCompletedSensor
from airflow.providers.amazon.aws.sensors.step_function import StepFunctionExecutionSensor
from airflow.sdk import DAG, task, task_group

from airflow_sfn_ml import StateMachineTaskGroup
from airflow_sfn_ml.exceptions import CompileError
from airflow_sfn_ml.triggers.verdict import Skipped, Succeeded, verdict
from tests.translators.machines import checked, context, group_of, member, refusal, rendered, run, states, warned

ACCOUNT = "us-east-1:123456789012"
COMMAND = str(uuid.UUID(int=7))
SENSORS: list[tuple[Any, dict[str, Any], str, dict[str, Any]]] = [
    (SageMakerEndpointSensor, {"endpoint_name": "e"}, "sagemaker:describeEndpoint", {"EndpointName": "e"}),
    (SageMakerTransformSensor, {"job_name": "j"}, "sagemaker:describeTransformJob", {"TransformJobName": "j"}),
    (
        SageMakerTuningSensor,
        {"job_name": "j"},
        "sagemaker:describeHyperParameterTuningJob",
        {"HyperParameterTuningJobName": "j"},
    ),
    (SageMakerTrainingSensor, {"job_name": "j"}, "sagemaker:describeTrainingJob", {"TrainingJobName": "j"}),
    (SageMakerProcessingSensor, {"job_name": "j"}, "sagemaker:describeProcessingJob", {"ProcessingJobName": "j"}),
    (
        SageMakerPipelineSensor,
        {"pipeline_exec_arn": f"arn:aws:sagemaker:{ACCOUNT}:pipeline/p/execution/abcdefghijkl"},
        "sagemaker:describePipelineExecution",
        {"PipelineExecutionArn": f"arn:aws:sagemaker:{ACCOUNT}:pipeline/p/execution/abcdefghijkl"},
    ),
    (SageMakerAutoMLSensor, {"job_name": "j"}, "sagemaker:describeAutoMLJob", {"AutoMLJobName": "j"}),
    (GlueJobSensor, {"job_name": "j", "run_id": "r"}, "glue:getJobRun", {"JobName": "j", "RunId": "r"}),
    (
        GlueDataQualityRuleSetEvaluationRunSensor,
        {"evaluation_run_id": "r"},
        "glue:getDataQualityRulesetEvaluationRun",
        {"RunId": "r"},
    ),
    (
        GlueDataQualityRuleRecommendationRunSensor,
        {"recommendation_run_id": "r"},
        "glue:getDataQualityRuleRecommendationRun",
        {"RunId": "r"},
    ),
    (GlueCrawlerSensor, {"crawler_name": "c"}, "glue:getCrawler", {"Name": "c"}),
    (
        GlueCatalogPartitionSensor,
        {"table_name": "d.t", "expression": "ds='1'"},
        "glue:getPartitions",
        {"DatabaseName": "d", "TableName": "t", "Expression": "ds='1'", "MaxResults": 1, "ExcludeColumnSchema": True},
    ),
    (AthenaSensor, {"query_execution_id": "q"}, "athena:getQueryExecution", {"QueryExecutionId": "q"}),
    (
        AthenaSparkSensor,
        {"calculation_execution_id": "c"},
        "athena:getCalculationExecution",
        {"CalculationExecutionId": "c"},
    ),
    (EmrJobFlowSensor, {"job_flow_id": "f"}, "emr:describeCluster", {"ClusterId": "f"}),
    (EmrStepSensor, {"job_flow_id": "f", "step_id": "s"}, "emr:describeStep", {"ClusterId": "f", "StepId": "s"}),
    (
        EmrServerlessJobSensor,
        {"application_id": "a", "job_run_id": "b"},
        "emrserverless:getJobRun",
        {"ApplicationId": "a", "JobRunId": "b"},
    ),
    (EmrServerlessApplicationSensor, {"application_id": "a"}, "emrserverless:getApplication", {"ApplicationId": "a"}),
    (
        EmrContainerSensor,
        {"virtual_cluster_id": "v", "job_id": "j"},
        "emrcontainers:describeJobRun",
        {"VirtualClusterId": "v", "Id": "j"},
    ),
    (
        EmrNotebookExecutionSensor,
        {"notebook_execution_id": "n"},
        "emr:describeNotebookExecution",
        {"NotebookExecutionId": "n"},
    ),
    (BatchSensor, {"job_id": "j"}, "batch:describeJobs", {"Jobs": ["j"]}),
    (
        BatchComputeEnvironmentSensor,
        {"compute_environment": "c"},
        "batch:describeComputeEnvironments",
        {"ComputeEnvironments": ["c"]},
    ),
    (BatchJobQueueSensor, {"job_queue": "q"}, "batch:describeJobQueues", {"JobQueues": ["q"]}),
    (EcsClusterStateSensor, {"cluster_name": "c"}, "ecs:describeClusters", {"Clusters": ["c"]}),
    (EcsTaskDefinitionStateSensor, {"task_definition": "d"}, "ecs:describeTaskDefinition", {"TaskDefinition": "d"}),
    (EcsTaskStateSensor, {"cluster": "c", "task": "t"}, "ecs:describeTasks", {"Cluster": "c", "Tasks": ["t"]}),
    (EksClusterStateSensor, {"cluster_name": "c"}, "eks:describeCluster", {"Name": "c"}),
    (
        EksFargateProfileStateSensor,
        {"cluster_name": "c", "fargate_profile_name": "f"},
        "eks:describeFargateProfile",
        {"ClusterName": "c", "FargateProfileName": "f"},
    ),
    (
        EksNodegroupStateSensor,
        {"cluster_name": "c", "nodegroup_name": "n"},
        "eks:describeNodegroup",
        {"ClusterName": "c", "NodegroupName": "n"},
    ),
    (LambdaFunctionStateSensor, {"function_name": "f"}, "lambda:getFunction", {"FunctionName": "f"}),
    (
        StepFunctionExecutionSensor,
        {"execution_arn": f"arn:aws:states:{ACCOUNT}:execution:m:e"},
        "sfn:describeExecution",
        {"ExecutionArn": f"arn:aws:states:{ACCOUNT}:execution:m:e"},
    ),
    (
        ComprehendStartPiiEntitiesDetectionJobCompletedSensor,
        {"job_id": "j"},
        "comprehend:describePiiEntitiesDetectionJob",
        {"JobId": "j"},
    ),
    (
        ComprehendCreateDocumentClassifierCompletedSensor,
        {"document_classifier_arn": f"arn:aws:comprehend:{ACCOUNT}:document-classifier/c"},
        "comprehend:describeDocumentClassifier",
        {"DocumentClassifierArn": f"arn:aws:comprehend:{ACCOUNT}:document-classifier/c"},
    ),
    (
        BedrockCustomizeModelCompletedSensor,
        {"job_name": "j"},
        "bedrock:getModelCustomizationJob",
        {"JobIdentifier": "j"},
    ),
    (
        BedrockProvisionModelThroughputCompletedSensor,
        {"model_id": "m"},
        "bedrock:getProvisionedModelThroughput",
        {"ProvisionedModelId": "m"},
    ),
    (
        BedrockKnowledgeBaseActiveSensor,
        {"knowledge_base_id": "ABCDEFGHIJ"},
        "bedrockagent:getKnowledgeBase",
        {"KnowledgeBaseId": "ABCDEFGHIJ"},
    ),
    (
        BedrockIngestionJobSensor,
        {"knowledge_base_id": "ABCDEFGHIJ", "data_source_id": "ABCDEFGHIJ", "ingestion_job_id": "ABCDEFGHIJ"},
        "bedrockagent:getIngestionJob",
        {"KnowledgeBaseId": "ABCDEFGHIJ", "DataSourceId": "ABCDEFGHIJ", "IngestionJobId": "ABCDEFGHIJ"},
    ),
    (
        BedrockBatchInferenceSensor,
        {"job_arn": "abcdefghijkl"},
        "bedrock:getModelInvocationJob",
        {"JobIdentifier": "abcdefghijkl"},
    ),
    (RedshiftClusterSensor, {"cluster_identifier": "c"}, "redshift:describeClusters", {"ClusterIdentifier": "c"}),
    (RdsDbSensor, {"db_identifier": "d"}, "rds:describeDBInstances", {"DbInstanceIdentifier": "d"}),
    (
        RdsDbSensor,
        {"db_identifier": "d", "db_type": "cluster"},
        "rds:describeDBClusters",
        {"DbClusterIdentifier": "d"},
    ),
    (
        RdsSnapshotExistenceSensor,
        {"db_type": "instance", "db_snapshot_identifier": "s"},
        "rds:describeDBSnapshots",
        {"DbSnapshotIdentifier": "s"},
    ),
    (
        RdsSnapshotExistenceSensor,
        {"db_type": "cluster", "db_snapshot_identifier": "s"},
        "rds:describeDBClusterSnapshots",
        {"DbClusterSnapshotIdentifier": "s"},
    ),
    (
        RdsExportTaskExistenceSensor,
        {"export_task_identifier": "e"},
        "rds:describeExportTasks",
        {"ExportTaskIdentifier": "e"},
    ),
    (
        DmsTaskCompletedSensor,
        {"replication_task_arn": "a"},
        "databasemigration:describeReplicationTasks",
        {"Filters": [{"Name": "replication-task-arn", "Values": ["a"]}], "WithoutSettings": True},
    ),
    (
        EC2InstanceStateSensor,
        {"target_state": "running", "instance_id": "i"},
        "ec2:describeInstances",
        {"InstanceIds": ["i"]},
    ),
    (CloudFormationCreateStackSensor, {"stack_name": "s"}, "cloudformation:describeStacks", {"StackName": "s"}),
    (CloudFormationDeleteStackSensor, {"stack_name": "s"}, "cloudformation:describeStacks", {"StackName": "s"}),
    (SsmRunCommandCompletedSensor, {"command_id": COMMAND}, "ssm:listCommandInvocations", {"CommandId": COMMAND}),
    (
        QuickSightSensor,
        {"data_set_id": "d", "ingestion_id": "i"},
        "quicksight:describeIngestion",
        {
            "AwsAccountId": "{% $split($states.context.Execution.Id, ':')[4] %}",
            "DataSetId": "d",
            "IngestionId": "i",
        },
    ),
    (
        KinesisAnalyticsV2StartApplicationCompletedSensor,
        {"application_name": "a"},
        "kinesisanalyticsv2:describeApplication",
        {"ApplicationName": "a"},
    ),
    (
        KinesisAnalyticsV2StopApplicationCompletedSensor,
        {"application_name": "a"},
        "kinesisanalyticsv2:describeApplication",
        {"ApplicationName": "a"},
    ),
    (
        OpenSearchServerlessCollectionActiveSensor,
        {"collection_name": "abc"},
        "opensearchserverless:batchGetCollection",
        {"Names": ["abc"]},
    ),
    (S3KeySensor, {"bucket_key": "s3://bucket/a/b"}, "s3:headObject", {"Bucket": "bucket", "Key": "a/b"}),
    (
        S3KeysUnchangedSensor,
        {"bucket_name": "bucket", "prefix": "p"},
        "s3:listObjectsV2",
        {"Bucket": "bucket", "Prefix": "p"},
    ),
    (
        SqsSensor,
        {"sqs_queue": "https://q"},
        "sqs:receiveMessage",
        {"QueueUrl": "https://q", "MaxNumberOfMessages": 5, "WaitTimeSeconds": 1},
    ),
]


@pytest.mark.parametrize(
    ("cls", "arguments", "call", "request_"), SENSORS, ids=[f"{s[0].__name__}-{s[2]}" for s in SENSORS]
)
def test_a_sensor_is_a_loop_of_look_judge_and_wait(
    cls: Any, arguments: dict[str, Any], call: str, request_: dict[str, Any]
) -> None:
    found = (
        states(cls, poke_interval=7, timeout=70, deferrable=False, **arguments)
        if _defers(cls)
        else states(cls, poke_interval=7, timeout=70, **arguments)
    )
    look = found["look"]
    assert look["Resource"] == f"arn:aws:states:::aws-sdk:{call}"
    assert look["Arguments"] == request_
    assert found["wait"]["Next"] == "t: look"
    assert found["late"]["Error"] == "AirflowSensorTimeout"
    assert "70 seconds" in found["late"]["Cause"]
    assert _reachable(found) == set(found) - {"begins"}


def _defers(cls: Any) -> bool:
    import inspect

    return any("deferrable" in inspect.signature(parent.__init__).parameters for parent in cls.__mro__[:-1])


def _reachable(found: dict[str, Any]) -> set[str]:
    seen, todo = set(), [found["begins"]]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        state = found[name]
        nexts = [state.get("Next"), state.get("Default"), *(c["Next"] for c in state.get("Choices", ()))]
        nexts += [c["Next"] for c in state.get("Catch", ())]
        todo += [item.removeprefix("t: ") for item in nexts if item]
    return seen


def test_the_wait_is_the_poke_interval_in_whole_seconds():
    found = states(GlueCrawlerSensor, crawler_name="c", poke_interval=timedelta(milliseconds=500), timeout=60)
    assert found["wait"]["Seconds"] == 1


def test_a_sensor_that_timed_out_is_not_tried_again():
    retry = member(GlueCrawlerSensor, crawler_name="c", retries=3, timeout=60)["Retry"]
    assert retry[0] == {"ErrorEquals": ["AirflowSensorTimeout"], "MaxAttempts": 0}
    assert retry[-1]["MaxAttempts"] == 3


def test_both_modes_are_the_same():
    arguments = {"crawler_name": "c", "timeout": 60}
    assert states(GlueCrawlerSensor, mode="reschedule", **arguments) == states(GlueCrawlerSensor, **arguments)


def test_exponential_backoff_lengthens_the_waits_up_to_max_wait():
    found = states(GlueCrawlerSensor, crawler_name="c", exponential_backoff=True, max_wait=300, timeout=600)
    assert found["count"]["Assign"]["p_turn"] == 0
    assert found["look"]["Assign"]["p_turn"] == "{% $p_turn + 1 %}"
    assert found["wait"]["Seconds"].startswith(
        "{% ($base := $max([$floor(60 * $power(2, $min([$p_turn, 40]) - 2)), 1])"
    )
    assert ", 300]" in found["wait"]["Seconds"]


def test_silent_fail_goes_on_looking():
    found = states(GlueJobSensor, job_name="j", run_id="r", silent_fail=True, timeout=60, deferrable=False)
    assert "failed" not in found
    assert found["look"]["Catch"][0]["Next"] == "t: look: refused"
    assert found["look: refused"]["Choices"][-1] == {"Condition": "{% true %}", "Next": "t: wait"}


MARK = "airflow: skipped"


def test_a_soft_failure_is_a_time_out_that_ends_the_task_as_skipped():
    found = states(GlueJobSensor, job_name="j", run_id="r", soft_fail=True, timeout=60, deferrable=False)
    assert found["late"] == {
        "Type": "Pass",
        "Output": {MARK: "what it waits for was not there after 60 seconds"},
        "End": True,
    }
    assert found["failed"]["Type"] == "Fail"
    assert found["done"]["Output"] == {}


def test_what_never_fails_is_skipped_after_a_failure_and_late_all_the_same():
    found = states(GlueJobSensor, job_name="j", run_id="r", never_fail=True, timeout=60, deferrable=False)
    assert found["late"]["Type"] == "Fail"
    assert found["failed"]["Type"] == "Pass"
    assert found["look"]["Catch"][0]["Next"] == "t: skipped"
    assert found["skipped"]["Output"] == {MARK: "{% $p_error.Error & ': ' & $string($p_error.Cause) %}"}


@pytest.mark.parametrize("name", ["soft_fail", "never_fail"])
def test_the_deferrable_form_skips_after_both(name: str):
    found = states(GlueJobSensor, job_name="j", run_id="r", deferrable=True, **{name: True})
    assert [found[end]["Type"] for end in ("late", "failed", "skipped")] == ["Pass", "Pass", "Pass"]


def test_errors_that_mean_not_yet_do_not_skip():
    found = states(RdsDbSensor, db_identifier="d", never_fail=True, timeout=60)
    assert found["look: refused"]["Choices"][-1]["Next"] == "t: wait"
    assert found["look: refused"]["Default"] == "t: skipped"


def test_what_comes_after_a_skipped_sensor_is_skipped_or_runs_by_its_rule(local_aws: Any, bucket: str):
    def build() -> Any:
        sensor = S3KeySensor(
            task_id="t", bucket_name=bucket, bucket_key="k", poke_interval=1, timeout=1, soft_fail=True, retries=2
        )
        other = S3ListOperator(task_id="other", bucket=bucket)
        [sensor, other] >> S3ListOperator(task_id="all", bucket=bucket)
        [sensor, other] >> S3ListOperator(task_id="none_failed", bucket=bucket, trigger_rule="none_failed")

    view = run(local_aws, group_of(build))
    assert view.status == "SUCCEEDED", (view.error, view.cause)
    assert verdict(view, "t") == Skipped("what it waits for was not there after 1 seconds")
    assert str(view.state("all").status) == "not_entered"
    assert str(view.state("none_failed").status) == "succeeded"


def test_a_mapped_sensor_cannot_skip():
    group = group_of(
        lambda: GlueCrawlerSensor.partial(task_id="t", soft_fail=True, timeout=60).expand(crawler_name=["a", "b"])
    )
    with pytest.raises(CompileError, match="g.t: soft_fail and never_fail cannot be mapped in a state machine"):
        group.compiled()


def test_a_sensor_in_a_mapped_group_cannot_skip():
    with DAG("d"), StateMachineTaskGroup("g", role_arn="arn:aws:iam::123456789012:role/states") as group:

        @task_group
        def each(name: str) -> None:
            GlueCrawlerSensor(task_id="t", crawler_name=name, soft_fail=True, timeout=60)

        each.expand(name=["a", "b"])
    with pytest.raises(CompileError, match="soft_fail and never_fail cannot be in the mapped group"):
        group.compiled()


def test_a_sensor_that_may_skip_and_does_not_pushes_nothing(local_aws: Any, bucket: str):
    local_aws.client("s3").put_object(Bucket=bucket, Key="k", Body=b"")
    group = group_of(
        lambda: S3KeySensor(task_id="t", bucket_name=bucket, bucket_key="k", poke_interval=1, timeout=5, soft_fail=True)
    )
    view = run(local_aws, group)
    assert verdict(view, "t") == Succeeded({})
    assert not group.has_output("t")


def test_a_sensor_that_could_fill_the_history_is_warned_of():
    assert warned(GlueCrawlerSensor, crawler_name="c") == [
        "g.t: it may look 10,080 times, every 60 s for 604,800 s, which takes 90,720 of the 25,000 events that an "
        "execution may have; raise poke_interval, lower timeout, or move the sensor before the group"
    ]
    assert warned(GlueCrawlerSensor, crawler_name="c", timeout=3600) == []


def test_the_deferrable_form_has_the_limit_of_its_trigger():
    found = states(GlueJobSensor, job_name="j", run_id="r", deferrable=True, poke_interval=10, max_retries=6)
    assert found["late"] == {
        "Type": "Fail",
        "Error": "TimedOut",
        "Cause": "what it waits for was not there after 60 seconds",
    }


def test_the_deferrable_form_of_ec2_has_no_limit():
    found = states(EC2InstanceStateSensor, target_state="stopped", instance_id="i", deferrable=True)
    assert "late" not in found


def test_statuses_may_be_templates():
    found = states(EmrJobFlowSensor, job_flow_id="f", target_states=["{{ params.a }}", "WAITING"], timeout=60)
    condition = found["judge"]["Choices"][0]["Condition"]
    assert "$p_seen.Cluster.Status.State in " in condition
    assert "$states.context.Execution.Input.values.t.`/judge/choices/0/Condition/1/0`" in condition
    assert "'WAITING'" in condition


def test_emr_looks_for_other_states_only_without_deferral():
    assert refusal(EmrJobFlowSensor, job_flow_id="f", target_states=["WAITING"], deferrable=True) == (
        "g.t: cannot do in a state machine: target_states with deferrable=True (use deferrable=False: no worker waits "
        "here)"
    )


def test_an_rds_sensor_has_to_know_what_it_looks_at():
    assert refusal(RdsDbSensor, db_identifier="d", db_type="{{ params.x }}") == (
        "g.t: db_type must be 'instance' or 'cluster' inside of a state machine, not '{{ params.x }}': it decides "
        "which states there are"
    )


def test_an_ecs_sensor_does_not_fail_in_the_state_it_waits_for():
    found = states(EcsClusterStateSensor, cluster_name="c", target_state="INACTIVE", timeout=60)
    assert [choice["Condition"] for choice in found["judge"]["Choices"][:2]] == [
        "{% $p_seen.Clusters[0].Status in ['INACTIVE'] %}",
        "{% $p_seen.Clusters[0].Status in ['FAILED'] %}",
    ]


def test_what_is_waited_for_to_be_gone_is_gone_when_it_is_not_found():
    found = states(EksClusterStateSensor, cluster_name="c", target_state="NONEXISTENT", timeout=60)
    assert "ResourceNotFound" in found["look: refused"]["Choices"][0]["Condition"]
    assert found["look: refused"]["Choices"][0]["Next"] == "t: done"
    assert "['ACTIVE', 'FAILED']" in found["judge"]["Choices"][1]["Condition"]
    assert "look: refused" not in states(EksClusterStateSensor, cluster_name="c", timeout=60)


def test_a_dms_task_that_is_not_there_fails():
    found = states(DmsTaskBaseSensor, replication_task_arn="a", target_statuses=["x"], timeout=60)
    status = "$p_seen.ReplicationTasks[0].Status"
    assert found["judge"]["Choices"][1] == {
        "Condition": f"{{% $not($exists({status})) or {status} in [] %}}",
        "Next": "t: failed",
    }


def test_data_quality_rules_that_failed_fail_the_sensor_unless_it_does_not_verify():
    arguments = {"evaluation_run_id": "r", "timeout": 60, "deferrable": False}
    found = states(GlueDataQualityRuleSetEvaluationRunSensor, **arguments)
    assert found["batchGetDataQualityResult"]["Next"] == "t: check"
    assert found["check"]["Choices"] == [{"Condition": "{% $count($p_rules) > 0 %}", "Next": "t: refused"}]
    plain = states(GlueDataQualityRuleSetEvaluationRunSensor, verify_result_status=False, **arguments)
    assert "check" not in plain


def test_a_subclass_that_looks_in_its_own_way_is_not_guessed_at():
    class Mine(GlueCrawlerSensor):
        def poke(self, context: Any) -> bool:
            return True

    assert "Mine overrides poke() of GlueCrawlerSensor, so what it does is not known" in refusal(Mine, crawler_name="c")


def test_the_output_of_an_execution_is_the_xcom_and_that_is_told():
    arn = f"arn:aws:states:{ACCOUNT}:execution:m:e"
    found = states(StepFunctionExecutionSensor, execution_arn=arn, timeout=60)
    assert found["done"]["Output"] == "{% $exists($p_seen.Output) ? $parse($p_seen.Output) : null %}"
    assert warned(StepFunctionExecutionSensor, execution_arn=arn, timeout=60) == [
        "g.t: its XCom is not under the key 'output' but, as of all tasks of a group, under 'return_value'"
    ]


# A job of another task of the group


def training(**more: Any) -> SageMakerTrainingOperator:
    return SageMakerTrainingOperator(
        task_id="train",
        config={
            "TrainingJobName": "job",
            "RoleArn": "arn:aws:iam::123456789012:role/x",
            "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
            "OutputDataConfig": {"S3OutputPath": "s3://b/o"},
            "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        },
        **more,
    )


def after(producer: Any, sensor: Any) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        group = group_of(lambda: producer() >> sensor())
        return checked(group)["States"]["t"]


NAMED = "{{ ti.xcom_pull(task_ids='g.train')['Training']['TrainingJobName'] }}"


def test_a_sensor_of_a_job_that_was_waited_for_does_nothing():
    state = after(training, lambda: SageMakerTrainingSensor(task_id="t", job_name=NAMED))
    assert state["Type"] == "Pass"
    state = after(
        lambda: GlueJobOperator(task_id="job", job_name="j", script_location="s3://b/s", iam_role_arn="a/b"),
        lambda: GlueJobSensor(task_id="t", job_name="j", run_id="{{ ti.xcom_pull(task_ids='g.job') }}"),
    )
    assert state["Type"] == "Pass"
    state = after(
        lambda: AthenaOperator(task_id="q", query="select 1", database="d", output_location="s3://b/o"),
        lambda: AthenaSensor(task_id="t", query_execution_id="{{ ti.xcom_pull('g.q') }}"),
    )
    assert state["Type"] == "Pass"


def test_a_sensor_of_a_job_that_was_not_waited_for_is_the_loop():
    state = after(
        lambda: training(wait_for_completion=False), lambda: SageMakerTrainingSensor(task_id="t", job_name=NAMED)
    )
    assert state["Type"] == "Parallel"


def test_a_sensor_that_has_to_run_after_a_failure_looks():
    state = after(
        training, lambda: SageMakerTrainingSensor(task_id="t", job_name=NAMED, trigger_rule="all_done", timeout=60)
    )
    assert state["Type"] == "Parallel"


def test_a_job_that_is_named_as_the_task_before_named_it_is_looked_for_by_its_whole_name():
    state = after(
        lambda: training(wait_for_completion=False),
        lambda: SageMakerTrainingSensor(task_id="t", job_name="job", timeout=60),
    )
    look = state["Branches"][0]["States"]["t: look"]
    assert look["Arguments"]["TrainingJobName"] == (
        "{% ($base := 'job' & '-'; $own := [($t0_train).Training.TrainingJobName]"
        "[$substring($, 0, $length($base)) = $base][0]; $exists($own) ? $own : 'job') %}"
    )


def test_a_job_whose_name_a_task_outside_made_is_looked_for_by_its_whole_name_too():
    def build() -> Any:
        @task
        def setup() -> str:
            return "job"

        named = setup()
        with StateMachineTaskGroup("g", role_arn="arn:aws:iam::123456789012:role/states") as group:
            begun = training(wait_for_completion=False)
            begun >> SageMakerTrainingSensor(task_id="t", job_name=named, timeout=60)
        return group

    with DAG("d"):
        group = build()
    state = checked(group)["States"]["t"]
    asked = state["Branches"][0]["States"]["t: look"]["Arguments"]["TrainingJobName"]
    assert "$own := [($t0_train).Training.TrainingJobName]" in asked
    told = rendered(group, context({"setup": "my job"}))["t"]
    assert sorted(told.values()) == ["my job", "my-job"]


# On the embedded AWS


@pytest.fixture
def bucket(local_aws: Any) -> str:
    name = f"sensed-{uuid.uuid4().hex[:8]}"
    local_aws.client("s3").create_bucket(Bucket=name)
    return name


def status(view: Any) -> tuple[str, Any]:
    state = view.state("t")
    return str(state.status), state.error


def test_a_key_is_waited_for(local_aws: Any, bucket: str):
    s3 = local_aws.client("s3")
    s3.put_object(Bucket=bucket, Key="first", Body=b"x")

    def build() -> Any:
        return S3KeySensor(
            task_id="t",
            bucket_key=["first", "{{ ds }}/second"],
            bucket_name=bucket,
            poke_interval=1,
            timeout=30,
        )

    Timer(1.5, lambda: s3.put_object(Bucket=bucket, Key="2026-01-01/second", Body=b"x")).start()
    began = time.monotonic()
    view = run(local_aws, group_of(build), context(ds="2026-01-01"))
    assert status(view) == ("succeeded", None), view
    assert time.monotonic() - began > 1


def test_a_key_that_does_not_come_ends_in_airflows_time_out(local_aws: Any, bucket: str):
    view = run(
        local_aws,
        group_of(
            lambda: S3KeySensor(task_id="t", bucket_key=f"s3://{bucket}/k", poke_interval=1, timeout=2, retries=2)
        ),
    )
    assert status(view) == ("failed", "AirflowSensorTimeout")
    assert len(view.state("t").attempts) <= 1


@pytest.mark.parametrize(
    ("pattern", "found"), [("{{ ds }}/*.csv", True), ("{{ ds }}/p?rt-[!a].csv", True), ("{{ ds }}/*.txt", False)]
)
def test_a_key_may_be_a_pattern(local_aws: Any, bucket: str, pattern: str, found: bool):
    local_aws.client("s3").put_object(Bucket=bucket, Key="2026-01-01/part-1.csv", Body=b"x")
    view = run(
        local_aws,
        group_of(
            lambda: S3KeySensor(
                task_id="t", bucket_key=f"s3://{bucket}/{pattern}", wildcard_match=True, poke_interval=1, timeout=1
            )
        ),
        context(ds="2026-01-01"),
    )
    assert status(view) == (("succeeded", None) if found else ("failed", "AirflowSensorTimeout"))


def test_a_pattern_is_looked_for_on_every_page(local_aws: Any, bucket: str):
    s3 = local_aws.client("s3")
    for number in range(1001):
        s3.put_object(Bucket=bucket, Key=f"{number:05}", Body=b"")
    view = run(
        local_aws,
        group_of(
            lambda: S3KeySensor(
                task_id="t", bucket_name=bucket, bucket_key="0+1000$", use_regex=True, poke_interval=1, timeout=5
            )
        ),
    )
    assert status(view) == ("succeeded", None)


def test_keys_are_waited_for_until_they_no_longer_change(local_aws: Any, bucket: str):
    s3 = local_aws.client("s3")
    s3.put_object(Bucket=bucket, Key="p/1", Body=b"")
    Timer(1, lambda: s3.put_object(Bucket=bucket, Key="p/2", Body=b"")).start()

    def build() -> Any:
        return S3KeysUnchangedSensor(
            task_id="t",
            bucket_name=bucket,
            prefix="p/",
            inactivity_period=2,
            min_objects=2,
            poke_interval=1,
            timeout=30,
        )

    began = time.monotonic()
    assert status(run(local_aws, group_of(build))) == ("succeeded", None)
    assert time.monotonic() - began > 3


def test_keys_that_vanish_fail_a_sensor_that_does_not_allow_it(local_aws: Any, bucket: str):
    def build() -> Any:
        return S3KeysUnchangedSensor(
            task_id="t",
            bucket_name=bucket,
            prefix="p/",
            previous_objects={"p/gone"},
            allow_delete=False,
            poke_interval=1,
            timeout=30,
        )

    assert status(run(local_aws, group_of(build))) == ("failed", "JobFailed")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"bucket_key": "k"}, "bucket_key must be a URL such as s3://bucket/key, since no bucket is given: 'k'"),
        (
            {"bucket_key": "s3://b/k", "bucket_name": "b"},
            "bucket_key must be a key, not a URL, since bucket_name is given: 's3://b/k'",
        ),
        ({"bucket_key": []}, "bucket_key must be one key or a list that is written out"),
        (
            {"bucket_key": "s3://b/*/{{ ds }}", "wildcard_match": True},
            "has a template after its first wildcard, and a pattern must be known when the Dag is parsed",
        ),
        (
            {"bucket_key": "(?P<a>x)", "bucket_name": "b", "use_regex": True},
            "must be written out, and in what Python and JavaScript have in common",
        ),
        (
            {"bucket_key": "s3://b/k", "check_fn": lambda files: True},
            "check_fn (a function runs on a worker only; look at the objects in a task after the sensor)",
        ),
        (
            {"bucket_key": "s3://b/k", "wildcard_match": True, "use_regex": True},
            "wildcard_match together with use_regex (give one of them)",
        ),
    ],
)
def test_what_a_key_sensor_cannot_do_is_told(arguments: dict[str, Any], told: str):
    assert told in refusal(S3KeySensor, **arguments)


def test_messages_are_received_deleted_and_the_xcom(local_aws: Any):
    sqs = local_aws.client("sqs")
    url = sqs.create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    for body in ("one", "two"):
        sqs.send_message(QueueUrl=url, MessageBody=body)

    def build() -> Any:
        return SqsSensor(
            task_id="t",
            sqs_queue=url,
            max_messages=10,
            message_filtering="literal",
            message_filtering_match_values=["two"],
            visibility_timeout=0,
            poke_interval=1,
            timeout=30,
            deferrable=False,
        )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        view = run(local_aws, group_of(build))
    assert status(view) == ("succeeded", None), view
    (message,) = view.state("t").output
    assert message["Body"] == "two"
    assert "MD5OfBody" in message
    left = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [item["Body"] for item in left] == ["one"]


def test_what_an_sqs_sensor_cannot_do_is_told():
    told = refusal(SqsSensor, sqs_queue="q", num_batches=2, message_filtering="jsonpath", message_filtering_config="x")
    assert "num_batches (raise max_messages, of which one look receives up to 10)" in told
    assert "message_filtering='jsonpath' (JSONPath over the messages' bodies cannot be evaluated there" in told


@pytest.mark.parametrize(
    ("wanted", "item", "found"),
    [
        ("yes", {"S": "yes"}, True),
        (["no", "yes"], {"S": "yes"}, True),
        ("5", {"N": "5"}, False),
        ([5], {"N": "5"}, True),
    ],
)
def test_a_value_in_dynamodb_is_waited_for(local_aws: Any, wanted: Any, item: dict[str, str], found: bool):
    dynamodb = local_aws.client("dynamodb")
    table = f"t-{uuid.uuid4().hex[:8]}"
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "n", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName=table, Item={"id": {"S": "2026-01-01"}, "n": {"N": "1"}, "state": item})

    def build() -> Any:
        return DynamoDBValueSensor(
            task_id="t",
            table_name=table,
            partition_key_name="id",
            partition_key_value="{{ ds }}",
            sort_key_name="n",
            sort_key_value=1,
            attribute_name="state",
            attribute_value=wanted,
            poke_interval=1,
            timeout=1,
            deferrable=False,
        )

    view = run(local_aws, group_of(build), context(ds="2026-01-01"))
    assert status(view) == (("succeeded", None) if found else ("failed", "AirflowSensorTimeout"))


def test_an_instance_is_waited_for(local_aws: Any):
    ec2 = local_aws.client("ec2")
    instance = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]

    def build() -> Any:
        return EC2InstanceStateSensor(
            task_id="t", target_state="running", instance_id=instance, poke_interval=1, timeout=5, deferrable=False
        )

    assert status(run(local_aws, group_of(build))) == ("succeeded", None)


def test_a_database_that_is_not_there_yet_is_waited_for(local_aws: Any):
    rds = local_aws.client("rds")
    name = f"d-{uuid.uuid4().hex[:8]}"

    def create() -> None:
        rds.create_db_instance(
            DBInstanceIdentifier=name,
            DBInstanceClass="db.t3.micro",
            Engine="postgres",
            MasterUsername="u",
            MasterUserPassword="long-enough",
            AllocatedStorage=20,
        )

    Timer(1.5, create).start()

    def build() -> Any:
        return RdsDbSensor(task_id="t", db_identifier=name, poke_interval=1, timeout=30)

    began = time.monotonic()
    assert status(run(local_aws, group_of(build))) == ("succeeded", None)
    assert time.monotonic() - began > 1


def test_a_stack_that_is_gone_is_deleted_and_one_that_never_comes_is_late(local_aws: Any):
    gone = group_of(lambda: CloudFormationDeleteStackSensor(task_id="t", stack_name="none", poke_interval=1, timeout=5))
    assert status(run(local_aws, gone)) == ("succeeded", None)
    never = group_of(lambda: CloudFormationCreateStackSensor(task_id="t", stack_name="no", poke_interval=1, timeout=1))
    assert status(run(local_aws, never)) == ("failed", "AirflowSensorTimeout")


def test_an_execution_is_waited_for_and_its_output_is_the_xcom(local_aws: Any):
    sfn = local_aws.client("stepfunctions")
    role = "arn:aws:iam::123456789012:role/x"

    def execution(state: dict[str, Any]) -> str:
        definition = {"StartAt": "A", "States": {"A": state}}
        machine = sfn.create_state_machine(
            name=f"m-{uuid.uuid4().hex[:8]}", definition=json.dumps(definition), roleArn=role
        )
        return str(sfn.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"])

    def build(arn: str) -> Any:
        return StepFunctionExecutionSensor(task_id="t", execution_arn=arn, poke_interval=1, timeout=20)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        good = execution({"Type": "Pass", "Result": {"a": 1}, "End": True})
        view = run(local_aws, group_of(lambda: build(good)))
        assert status(view) == ("succeeded", None), view
        assert view.state("t").output == {"a": 1}
        bad = execution({"Type": "Fail", "Error": "E", "Cause": "because"})
        view = run(local_aws, group_of(lambda: build(bad)))
    assert status(view) == ("failed", "JobFailed")
    assert view.state("t").cause == "ended as FAILED: because"
