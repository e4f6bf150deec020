"""The optimised integrations of Step Functions, as data: one row for each call.

A row says what the call is in the service's own API (that is what requests are checked against, and where the shape of
the answer comes from), which patterns it offers, what the role must be allowed to do, and what Step Functions changes:
fields that are its own, fields that take JSON where the API takes text.

Source: AWS's pages "Integrating services with Step Functions" and "IAM policies for integrated services", autumn 2025.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from airflow_sfn_ml.steps.patterns import IntegrationPattern


@dataclass(frozen=True)
class Integration:
    """One call that Step Functions knows.

    :param resource: what follows ``arn:aws:states:::``, without the pattern.
    :param api: botocore's service and operation, ``glue.StartJobRun``; None where the call is Step Functions' own.
    :param actions: what the role needs for the call.
    :param sync: whether it can wait for completion.
    :param sync_actions: what the role needs to wait for the job and to stop it.
    :param sync_api: the operation whose answer the state gives when it has waited, and the field of it
        (``GetJobRun/JobRun``).
    :param token: whether it can wait for a task token.
    :param version: the version of the waiting form.
    :param fields: the fields of the request where the call is Step Functions' own; the first ones, up to the ``|``, are
        required.
    :param json: fields that take any JSON although the API takes text or bytes.
    """

    resource: str
    api: str | None = None
    actions: tuple[str, ...] = ()
    sync: bool = False
    sync_actions: tuple[str, ...] = ()
    sync_api: str | None = None
    token: bool = False
    version: str = ""
    fields: str = ""
    json: tuple[str, ...] = ()

    @property
    def patterns(self) -> tuple[IntegrationPattern, ...]:
        """The patterns that it offers."""
        offered = [IntegrationPattern.CallAndContinue]
        if self.sync:
            offered.insert(0, IntegrationPattern.WaitForCompletion)
        if self.token:
            offered.append(IntegrationPattern.WaitForTaskToken)
        return tuple(offered)

    def resource_of(self, pattern: IntegrationPattern) -> str:
        """What follows ``arn:aws:states:::`` for *pattern*."""
        if pattern is IntegrationPattern.CallAndContinue:
            return self.resource
        version = self.version if pattern is IntegrationPattern.WaitForCompletion else ""
        return f"{self.resource}.{pattern.value}{version}"

    def actions_of(self, pattern: IntegrationPattern) -> tuple[str, ...]:
        """What the role needs for *pattern*."""
        waits = pattern is IntegrationPattern.WaitForCompletion
        return self.actions + (self.sync_actions if waits else ())


def _call(
    resource: str,
    api: str | None = None,
    actions: str = "",
    sync: str | None = None,
    sync_api: str | None = None,
    *,
    token: bool = False,
    version: str = "",
    fields: str = "",
    json: str = "",
) -> Integration:
    return Integration(
        resource,
        api,
        tuple(actions.split()),
        sync is not None,
        tuple((sync or "").split()),
        sync_api,
        token,
        version,
        fields,
        tuple(json.split()),
    )


def _sagemaker_job(kind: str) -> Integration:
    return _call(
        f"sagemaker:create{kind}",
        f"sagemaker.Create{kind}",
        f"sagemaker:Create{kind} sagemaker:AddTags",
        f"sagemaker:Describe{kind} sagemaker:Stop{kind}",
        f"Describe{kind}",
    )


def _eks(operation: str, kind: str, *more: str) -> Integration:
    stops = f" eks:Delete{kind}" if operation == "Create" else ""
    return _call(
        f"eks:{operation.lower()}{kind}",
        f"eks.{operation}{kind}",
        " ".join([f"eks:{operation}{kind}", *more]),
        f"eks:Describe{kind}{stops}",
        f"Describe{kind}",
    )


def _emr_serverless(operation: str, kind: str, stop: str = "") -> Integration:
    actions = f"emr-serverless:Get{kind}" + (f" emr-serverless:{stop}" if stop else "")
    name = operation + kind
    return _call(
        f"emr-serverless:{name[0].lower()}{name[1:]}",
        f"emr-serverless.{name}",
        f"emr-serverless:{name}",
        actions,
        f"Get{kind}",
    )


_ROWS = (
    *map(_sagemaker_job, ("TrainingJob", "ProcessingJob", "TransformJob", "HyperParameterTuningJob", "LabelingJob")),
    _call("sagemaker:createModel", "sagemaker.CreateModel", "sagemaker:CreateModel sagemaker:AddTags"),
    _call(
        "sagemaker:createEndpointConfig",
        "sagemaker.CreateEndpointConfig",
        "sagemaker:CreateEndpointConfig sagemaker:AddTags",
    ),
    _call("sagemaker:createEndpoint", "sagemaker.CreateEndpoint", "sagemaker:CreateEndpoint sagemaker:AddTags"),
    _call("sagemaker:updateEndpoint", "sagemaker.UpdateEndpoint", "sagemaker:UpdateEndpoint"),
    _call("lambda:invoke", "lambda.Invoke", "lambda:InvokeFunction", token=True, json="Payload"),
    _call(
        "glue:startJobRun",
        "glue.StartJobRun",
        "glue:StartJobRun",
        "glue:GetJobRun glue:GetJobRuns glue:BatchStopJobRun",
        "GetJobRun/JobRun",
    ),
    _call(
        "databrew:startJobRun",
        "databrew.StartJobRun",
        "databrew:startJobRun",
        "databrew:listJobRuns databrew:stopJobRun",
        "DescribeJobRun",
    ),
    _call(
        "batch:submitJob",
        "batch.SubmitJob",
        "batch:SubmitJob",
        "batch:DescribeJobs batch:TerminateJob",
        "DescribeJobs/Jobs/0",
    ),
    _call(
        "ecs:runTask",
        "ecs.RunTask",
        "ecs:RunTask",
        "ecs:DescribeTasks ecs:StopTask",
        "DescribeTasks/Tasks/0",
        token=True,
    ),
    _call("dynamodb:getItem", "dynamodb.GetItem", "dynamodb:GetItem"),
    _call("dynamodb:putItem", "dynamodb.PutItem", "dynamodb:PutItem"),
    _call("dynamodb:updateItem", "dynamodb.UpdateItem", "dynamodb:UpdateItem"),
    _call("dynamodb:deleteItem", "dynamodb.DeleteItem", "dynamodb:DeleteItem"),
    _call("sns:publish", "sns.Publish", "sns:Publish", token=True, json="Message"),
    _call("sqs:sendMessage", "sqs.SendMessage", "sqs:SendMessage", token=True, json="MessageBody"),
    _call("events:putEvents", "events.PutEvents", "events:PutEvents", token=True, json="Entries"),
    _call(
        "elasticmapreduce:createCluster",
        "emr.RunJobFlow",
        "elasticmapreduce:RunJobFlow",
        "elasticmapreduce:DescribeCluster elasticmapreduce:TerminateJobFlows",
        "DescribeCluster/Cluster",
    ),
    _call(
        "elasticmapreduce:terminateCluster",
        None,
        "elasticmapreduce:TerminateJobFlows",
        "elasticmapreduce:DescribeCluster",
        fields="ClusterId",
    ),
    _call(
        "elasticmapreduce:addStep",
        None,
        "elasticmapreduce:AddJobFlowSteps",
        "elasticmapreduce:DescribeStep elasticmapreduce:CancelSteps",
        "emr.DescribeStep",
        fields="ClusterId Step | ExecutionRoleArn",
    ),
    _call("elasticmapreduce:cancelStep", None, "elasticmapreduce:CancelSteps", fields="ClusterId StepId"),
    _call(
        "elasticmapreduce:setClusterTerminationProtection",
        None,
        "elasticmapreduce:SetTerminationProtection",
        fields="ClusterId TerminationProtected",
    ),
    _call(
        "elasticmapreduce:modifyInstanceFleetByName",
        None,
        "elasticmapreduce:ModifyInstanceFleet elasticmapreduce:ListInstanceFleets",
        fields="ClusterId InstanceFleetName InstanceFleet",
    ),
    _call(
        "elasticmapreduce:modifyInstanceGroupByName",
        None,
        "elasticmapreduce:ModifyInstanceGroups elasticmapreduce:ListInstanceGroups",
        fields="ClusterId InstanceGroupName InstanceGroup",
    ),
    _eks("Create", "Cluster"),
    _eks("Delete", "Cluster"),
    _eks("Create", "Nodegroup", "ec2:DescribeSubnets"),
    _eks("Delete", "Nodegroup"),
    _eks("Create", "FargateProfile"),
    _eks("Delete", "FargateProfile"),
    _call(
        "eks:runJob",
        sync="",
        fields="ClusterName CertificateAuthority Endpoint Job | Namespace LogOptions",
    ),
    _call("eks:call", fields="ClusterName CertificateAuthority Endpoint Method Path | QueryParameters RequestBody"),
    _call(
        "states:startExecution",
        "stepfunctions.StartExecution",
        "states:StartExecution",
        "states:DescribeExecution states:StopExecution",
        "DescribeExecution",
        token=True,
        version=":2",
        json="Input",
    ),
    _call(
        "athena:startQueryExecution",
        "athena.StartQueryExecution",
        "athena:startQueryExecution athena:getDataCatalog",
        "athena:getQueryExecution athena:stopQueryExecution",
        "GetQueryExecution",
    ),
    _call("athena:stopQueryExecution", "athena.StopQueryExecution", "athena:stopQueryExecution"),
    _call("athena:getQueryExecution", "athena.GetQueryExecution", "athena:getQueryExecution"),
    _call("athena:getQueryResults", "athena.GetQueryResults", "athena:getQueryResults"),
    _call(
        "bedrock:invokeModel",
        None,
        "bedrock:InvokeModel",
        token=True,
        fields="ModelId | Accept Body ContentType GuardrailIdentifier GuardrailVersion Input Output "
        "PerformanceConfigLatency ServiceTier Trace",
    ),
    _call(
        "bedrock:createModelCustomizationJob",
        "bedrock.CreateModelCustomizationJob",
        "bedrock:CreateModelCustomizationJob",
        "bedrock:GetModelCustomizationJob bedrock:StopModelCustomizationJob",
        "GetModelCustomizationJob",
    ),
    _call("bedrockagentcore:invokeHarness", "bedrock-agentcore.InvokeHarness", "bedrock-agentcore:InvokeHarness"),
    _call(
        "codebuild:startBuild",
        "codebuild.StartBuild",
        "codebuild:StartBuild",
        "codebuild:BatchGetBuilds codebuild:StopBuild",
        "BatchGetBuilds/Builds/0",
    ),
    _call(
        "codebuild:startBuildBatch",
        "codebuild.StartBuildBatch",
        "codebuild:StartBuildBatch",
        "codebuild:BatchGetBuildBatches codebuild:StopBuildBatch",
        "BatchGetBuildBatches/BuildBatches/0",
    ),
    _call(
        "codebuild:retryBuildBatch",
        "codebuild.RetryBuildBatch",
        "codebuild:RetryBuildBatch",
        "codebuild:BatchGetBuildBatches codebuild:StopBuildBatch",
        "BatchGetBuildBatches/BuildBatches/0",
    ),
    _call("codebuild:stopBuild", "codebuild.StopBuild", "codebuild:StopBuild"),
    _call("codebuild:stopBuildBatch", "codebuild.StopBuildBatch", "codebuild:StopBuildBatch"),
    _call("codebuild:deleteBuildBatch", "codebuild.DeleteBuildBatch", "codebuild:DeleteBuildBatch"),
    _call("codebuild:batchGetReports", "codebuild.BatchGetReports", "codebuild:BatchGetReports"),
    _call("codebuild:batchDeleteBuilds", "codebuild.BatchDeleteBuilds", "codebuild:BatchDeleteBuilds"),
    _call(
        "emr-containers:createVirtualCluster",
        "emr-containers.CreateVirtualCluster",
        "emr-containers:CreateVirtualCluster",
    ),
    _call(
        "emr-containers:deleteVirtualCluster",
        "emr-containers.DeleteVirtualCluster",
        "emr-containers:DeleteVirtualCluster",
        "emr-containers:DescribeVirtualCluster",
        "DescribeVirtualCluster/VirtualCluster",
    ),
    _call(
        "emr-containers:startJobRun",
        "emr-containers.StartJobRun",
        "emr-containers:StartJobRun",
        "emr-containers:DescribeJobRun emr-containers:CancelJobRun",
        "DescribeJobRun/JobRun",
    ),
    _emr_serverless("Create", "Application", "DeleteApplication"),
    _emr_serverless("Start", "Application", "StopApplication"),
    _emr_serverless("Stop", "Application"),
    _emr_serverless("Delete", "Application"),
    _emr_serverless("Start", "JobRun", "CancelJobRun"),
    _emr_serverless("Cancel", "JobRun"),
    _call(
        "mediaconvert:createJob",
        "mediaconvert.CreateJob",
        "mediaconvert:CreateJob",
        "mediaconvert:GetJob mediaconvert:CancelJob",
        "GetJob/Job",
    ),
    _call(
        "apigateway:invoke",
        None,
        "execute-api:Invoke",
        token=True,
        fields="ApiEndpoint Method | AllowNullValues AuthType Headers Path QueryParameters RequestBody Stage",
    ),
    _call(
        "http:invoke",
        None,
        "states:InvokeHTTPEndpoint events:RetrieveConnectionCredentials secretsmanager:GetSecretValue "
        "secretsmanager:DescribeSecret",
        fields="ApiEndpoint Method | Authentication InvocationConfig Headers QueryParameters RequestBody Transform",
    ),
)

INTEGRATIONS: Mapping[str, Integration] = {row.resource: row for row in _ROWS}
"""The rows by their resource."""
