"""What each call of a service acts on, as data: the ARNs that its IAM actions are allowed for, and the roles it passes.

An ARN is a template. ``{P}``, ``{R}`` and ``{A}`` are the partition, the region and the account; any other name is a
field of the request, ``{Field}`` or ``{Field=default}`` or ``{Field|reading}``. A value that is an ARN takes the
place of everything before the end of its braces. ``*`` alone stands where the service knows no resource for an action.

Source: the Service Authorization Reference, and AWS's page "IAM policies for integrated services", autumn 2025. Where
that page writes ``*`` though the service knows resources (Glue, ECS, EMR, SageMaker's tags), the resource stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class On:
    """Where actions are allowed.

    :param actions: of the row of integrations, or further ones; empty for all that no other entry names.
    """

    arns: tuple[str, ...]
    actions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Passed:
    """A role that a call hands to a service.

    :param path: the field of the request; ``*`` goes through lists. Empty where no request can tell.
    :param services: whom it is passed to.
    :param required: whether a request without it has one all the same, or cannot be.
    """

    path: str
    services: tuple[str, ...]
    required: bool = False


def _arn(service: str, rest: str) -> str:
    return f"arn:{{P}}:{service}:{{R}}:{{A}}:{rest}"


def _all(service: str, *rest: str) -> tuple[On, ...]:
    return (On(tuple(_arn(service, part) for part in rest)),)


def _some(service: str, rest: str, actions: str) -> On:
    return On((_arn(service, rest),), tuple(actions.split()))


def _any(actions: str) -> On:
    return On(("*",), tuple(actions.split()))


def _job(kind: str, name: str) -> tuple[On, ...]:
    arn = _arn("sagemaker", f"{kind}/{{{name}}}")
    return (On((arn,)), On((arn,), ("sagemaker:ListTags",)))


CLUSTER = _all("elasticmapreduce", "cluster/{ClusterId}")
PROJECT = _all("codebuild", "project/{Id|project}")
APPLICATION = "/applications/{ApplicationId}"
TABLE = _all("dynamodb", "table/{TableName}")
WORKGROUP = _all("athena", "workgroup/*")
NODES = "ec2:DescribeSubnets"

ON: Mapping[str, tuple[On, ...]] = {
    "sagemaker:createTrainingJob": _job("training-job", "TrainingJobName"),
    "sagemaker:createProcessingJob": _job("processing-job", "ProcessingJobName"),
    "sagemaker:createTransformJob": _job("transform-job", "TransformJobName"),
    "sagemaker:createHyperParameterTuningJob": _job("hyper-parameter-tuning-job", "HyperParameterTuningJobName"),
    "sagemaker:createLabelingJob": _job("labeling-job", "LabelingJobName"),
    "sagemaker:createModel": _all("sagemaker", "model/{ModelName}"),
    "sagemaker:createEndpointConfig": _all("sagemaker", "endpoint-config/{EndpointConfigName}"),
    "sagemaker:createEndpoint": _all("sagemaker", "endpoint/{EndpointName}", "endpoint-config/{EndpointConfigName}"),
    "sagemaker:updateEndpoint": _all("sagemaker", "endpoint/{EndpointName}", "endpoint-config/{EndpointConfigName}"),
    "lambda:invoke": _all("lambda", "function:{FunctionName|function}", "function:{FunctionName|function}:*"),
    "glue:startJobRun": _all("glue", "job/{JobName}"),
    "databrew:startJobRun": _all("databrew", "job/{Name}"),
    "batch:submitJob": (
        *_all("batch", "job-queue/{JobQueue}", "job-definition/{JobDefinition|family}"),
        _any("batch:DescribeJobs"),
        _some("batch", "job/*", "batch:TerminateJob"),
    ),
    "ecs:runTask": (
        *_all("ecs", "task-definition/{TaskDefinition|family}"),
        _some("ecs", "task/{Cluster=default|cluster}/*", "ecs:DescribeTasks ecs:StopTask"),
    ),
    **{f"dynamodb:{action}Item": TABLE for action in ("get", "put", "update", "delete")},
    "sns:publish": _all("sns", "{TopicArn/TargetArn}"),
    "sqs:sendMessage": _all("sqs", "{QueueUrl|queue}"),
    "events:putEvents": _all("events", "event-bus/{Entries.*.EventBusName=default}"),
    "elasticmapreduce:createCluster": (
        _any("elasticmapreduce:RunJobFlow"),
        *_all("elasticmapreduce", "cluster/*"),
    ),
    "elasticmapreduce:terminateCluster": CLUSTER,
    "elasticmapreduce:addStep": CLUSTER,
    "elasticmapreduce:cancelStep": CLUSTER,
    "elasticmapreduce:setClusterTerminationProtection": CLUSTER,
    "elasticmapreduce:modifyInstanceFleetByName": CLUSTER,
    "elasticmapreduce:modifyInstanceGroupByName": CLUSTER,
    "eks:createCluster": _all("eks", "cluster/{Name}"),
    "eks:deleteCluster": _all("eks", "cluster/{Name}"),
    "eks:createNodegroup": (
        _some("eks", "cluster/{ClusterName}", "eks:CreateNodegroup"),
        *_all("eks", "nodegroup/{ClusterName}/{NodegroupName}/*"),
        _any(NODES),
        On(("{NodeRole|role}",), ("iam:GetRole", "iam:ListAttachedRolePolicies")),
    ),
    "eks:deleteNodegroup": _all("eks", "nodegroup/{ClusterName}/{NodegroupName}/*"),
    "eks:createFargateProfile": (
        _some("eks", "cluster/{ClusterName}", "eks:CreateFargateProfile"),
        *_all("eks", "fargateprofile/{ClusterName}/{FargateProfileName}/*"),
    ),
    "eks:deleteFargateProfile": _all("eks", "fargateprofile/{ClusterName}/{FargateProfileName}/*"),
    "eks:runJob": (),
    "eks:call": (),
    "states:startExecution": (
        *_all("states", "stateMachine:{StateMachineArn}"),
        _some("states", "execution:{StateMachineArn|machine}:*", "states:DescribeExecution states:StopExecution"),
    ),
    "athena:startQueryExecution": (
        *_all("athena", "workgroup/{WorkGroup=primary}"),
        _some("athena", "datacatalog/{QueryExecutionContext.Catalog=AwsDataCatalog}", "athena:getDataCatalog"),
    ),
    "athena:stopQueryExecution": WORKGROUP,
    "athena:getQueryExecution": WORKGROUP,
    "athena:getQueryResults": WORKGROUP,
    "bedrock:invokeModel": (
        On(("{ModelId|model}", "{ModelId|base}")),
        On(("arn:{P}:s3:::{Input.S3Uri?|object}",), ("s3:GetObject",)),
        On(("arn:{P}:s3:::{Output.S3Uri?|object}",), ("s3:PutObject",)),
    ),
    "bedrock:createModelCustomizationJob": (
        On(
            (
                "{BaseModelIdentifier|model}",
                _arn("bedrock", "custom-model/*"),
                _arn("bedrock", "model-customization-job/*"),
            )
        ),
        _some(
            "bedrock",
            "model-customization-job/*",
            "bedrock:GetModelCustomizationJob bedrock:StopModelCustomizationJob",
        ),
    ),
    "bedrockagentcore:invokeHarness": _all("bedrock-agentcore", "harness/{HarnessArn}"),
    "codebuild:startBuild": _all("codebuild", "project/{ProjectName}"),
    "codebuild:startBuildBatch": _all("codebuild", "project/{ProjectName}"),
    "codebuild:retryBuildBatch": PROJECT,
    "codebuild:stopBuild": PROJECT,
    "codebuild:stopBuildBatch": PROJECT,
    "codebuild:deleteBuildBatch": PROJECT,
    "codebuild:batchDeleteBuilds": _all("codebuild", "project/{Ids.*|project}"),
    "codebuild:batchGetReports": _all("codebuild", "report-group/{ReportArns.*|report}"),
    "emr-containers:createVirtualCluster": (_any("emr-containers:CreateVirtualCluster"),),
    "emr-containers:deleteVirtualCluster": _all("emr-containers", "/virtualclusters/{Id}"),
    "emr-containers:startJobRun": (
        *_all("emr-containers", "/virtualclusters/{VirtualClusterId}"),
        _some(
            "emr-containers",
            "/virtualclusters/{VirtualClusterId}/jobruns/*",
            "emr-containers:DescribeJobRun emr-containers:CancelJobRun",
        ),
    ),
    "emr-serverless:createApplication": (
        _some("emr-serverless", "/*", "emr-serverless:CreateApplication"),
        *_all("emr-serverless", "/applications/*"),
    ),
    "emr-serverless:startApplication": _all("emr-serverless", APPLICATION),
    "emr-serverless:stopApplication": _all("emr-serverless", APPLICATION),
    "emr-serverless:deleteApplication": _all("emr-serverless", APPLICATION),
    "emr-serverless:startJobRun": (
        *_all("emr-serverless", APPLICATION),
        _some(
            "emr-serverless",
            f"{APPLICATION}/jobruns/*",
            "emr-serverless:GetJobRun emr-serverless:CancelJobRun",
        ),
    ),
    "emr-serverless:cancelJobRun": _all("emr-serverless", f"{APPLICATION}/jobruns/{{JobRunId}}"),
    "mediaconvert:createJob": (
        *_all("mediaconvert", "queues/{Queue=Default}", "jobTemplates/{JobTemplate=*}", "presets/*"),
        _some("mediaconvert", "jobs/*", "mediaconvert:GetJob mediaconvert:CancelJob"),
    ),
    "apigateway:invoke": _all("execute-api", "{ApiEndpoint|api}/{Stage=*}/{Method}/{Path=|path}"),
    "http:invoke": (
        On(("{machine}",), ("states:InvokeHTTPEndpoint",)),
        On(
            (
                _arn("events", "connection/{Authentication.ConnectionArn?}"),
                _arn("events", "connection/{InvocationConfig.ConnectionArn?}"),
            ),
            ("events:RetrieveConnectionCredentials",),
        ),
        _some(
            "secretsmanager",
            "secret:events!connection/*",
            "secretsmanager:GetSecretValue secretsmanager:DescribeSecret",
        ),
    ),
}
"""By integration. ``?`` after a field: nothing is allowed where the request does not have it."""

SAGEMAKER = ("sagemaker.amazonaws.com",)
EKS = ("eks.amazonaws.com",)

PASSED: Mapping[str, tuple[Passed, ...]] = {
    "sagemaker:createTrainingJob": (Passed("RoleArn", SAGEMAKER, required=True),),
    "sagemaker:createProcessingJob": (Passed("RoleArn", SAGEMAKER, required=True),),
    "sagemaker:createHyperParameterTuningJob": (
        Passed("TrainingJobDefinition.RoleArn", SAGEMAKER),
        Passed("TrainingJobDefinitions.*.RoleArn", SAGEMAKER),
    ),
    "sagemaker:createLabelingJob": (Passed("RoleArn", SAGEMAKER, required=True),),
    "sagemaker:createModel": (Passed("ExecutionRoleArn", SAGEMAKER),),
    "sagemaker:createEndpointConfig": (Passed("ExecutionRoleArn", SAGEMAKER),),
    "ecs:runTask": (
        Passed("", ("ecs-tasks.amazonaws.com",), required=True),
        Passed("Overrides.TaskRoleArn", ("ecs-tasks.amazonaws.com",)),
        Passed("Overrides.ExecutionRoleArn", ("ecs-tasks.amazonaws.com",)),
    ),
    "elasticmapreduce:createCluster": (
        Passed("ServiceRole", ("elasticmapreduce.amazonaws.com",), required=True),
        Passed("JobFlowRole", ("ec2.amazonaws.com",), required=True),
        Passed("AutoScalingRole", ("application-autoscaling.amazonaws.com",)),
    ),
    "elasticmapreduce:addStep": (Passed("ExecutionRoleArn", ("elasticmapreduce.amazonaws.com",)),),
    "emr-serverless:startJobRun": (Passed("ExecutionRoleArn", ("emr-serverless.amazonaws.com",), required=True),),
    "codebuild:startBuild": (Passed("ServiceRoleOverride", ("codebuild.amazonaws.com",)),),
    "codebuild:startBuildBatch": (Passed("ServiceRoleOverride", ("codebuild.amazonaws.com",)),),
    "mediaconvert:createJob": (Passed("Role", ("mediaconvert.amazonaws.com",), required=True),),
    "bedrock:createModelCustomizationJob": (Passed("RoleArn", ("bedrock.amazonaws.com",), required=True),),
    "eks:createCluster": (Passed("RoleArn", EKS, required=True),),
    "eks:createNodegroup": (Passed("NodeRole", EKS, required=True),),
    "eks:createFargateProfile": (
        Passed("PodExecutionRoleArn", ("eks.amazonaws.com", "eks-fargate-pods.amazonaws.com"), required=True),
    ),
}
"""By integration."""

_SAGEMAKER_RULE = "StepFunctionsGetEventsForSageMaker{}JobsRule"
_EMR_RULE = "StepFunctionsGetEventForEMR{}Rule"
_SERVERLESS_RULE = "StepFunctionsGetEventsForEMRServerless{}Rule"

RULES: Mapping[str, str] = {
    "sagemaker:createTrainingJob": _SAGEMAKER_RULE.format("Training"),
    "sagemaker:createProcessingJob": _SAGEMAKER_RULE.format("Processing"),
    "sagemaker:createTransformJob": _SAGEMAKER_RULE.format("Transform"),
    "sagemaker:createHyperParameterTuningJob": _SAGEMAKER_RULE.format("Tuning"),
    "batch:submitJob": "StepFunctionsGetEventsForBatchJobsRule",
    "ecs:runTask": "StepFunctionsGetEventsForECSTaskRule",
    "elasticmapreduce:addStep": _EMR_RULE.format("AddJobFlowSteps"),
    "elasticmapreduce:createCluster": _EMR_RULE.format("RunJobFlow"),
    "elasticmapreduce:terminateCluster": _EMR_RULE.format("TerminateJobFlows"),
    "emr-serverless:startJobRun": _SERVERLESS_RULE.format("Job"),
    "emr-serverless:cancelJobRun": _SERVERLESS_RULE.format("Job"),
    **{
        f"emr-serverless:{action}Application": _SERVERLESS_RULE.format("Application")
        for action in ("create", "start", "stop", "delete")
    },
    "codebuild:startBuild": "StepFunctionsGetEventForCodeBuildStartBuildRule",
    "codebuild:startBuildBatch": "StepFunctionsGetEventForCodeBuildStartBuildBatchRule",
    "mediaconvert:createJob": "StepFunctionsGetEventsForMediaConvertJobRule",
    "states:startExecution": "StepFunctionsGetEventsForStepFunctionsExecutionRule",
}
"""The rule of EventBridge by which Step Functions hears that a job has ended; the others are polled."""

CONDITIONS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "emr-containers:StartJobRun": (("StringLike", "emr-containers:ExecutionRoleArn", "{ExecutionRoleArn}"),),
    "mediaconvert:GetJob": (("StringEquals", "aws:ResourceTag/ManagedByService", "AWSStepFunctions"),),
    "mediaconvert:CancelJob": (("StringEquals", "aws:ResourceTag/ManagedByService", "AWSStepFunctions"),),
    "states:InvokeHTTPEndpoint": (
        ("StringLike", "states:HTTPMethod", "{Method}"),
        ("StringLike", "states:HTTPEndpoint", "{ApiEndpoint}"),
    ),
}
"""By action: operator, key and value of a condition; the value may be a field, and no condition if it is not known."""

SDK_ON: Mapping[str, tuple[On, ...]] = {
    "dynamodb": TABLE,
    "ecs": _all("ecs", "task-definition/{TaskDefinition?|family}", "cluster/{Cluster?|cluster}"),
    "glue": _all("glue", "job/{JobName?}", "crawler/{Name?}"),
    "lambda": _all("lambda", "function:{FunctionName?|function}", "function:{FunctionName?|function}:*"),
    "s3": (On(("arn:{P}:s3:::{Bucket?}/{Key?}",)),),
    "sagemaker": _all(
        "sagemaker",
        "automl-job/{AutoMLJobName?}",
        "model-package-group/{ModelPackageGroupName?}",
        "model-package/{ModelPackageGroupName?}/*",
        "pipeline/{PipelineName?}",
        "pipeline/{PipelineExecutionArn?}",
    ),
    "secretsmanager": _all("secretsmanager", "secret:{SecretId?|secret}"),
    "sns": _all("sns", "{TopicArn?}"),
    "sqs": _all("sqs", "{QueueUrl?|queue}"),
    "ssm": _all("ssm", "parameter/{Name?|path}"),
    "states": _all("states", "stateMachine:{StateMachineArn?}", "execution:{ExecutionArn?}"),
}
"""By IAM's name of a service: what calls of ``aws-sdk:`` act on, where the request tells."""

SDK_KINDS = frozenset(
    {
        "CompilationJob",
        "Endpoint",
        "EndpointConfig",
        "Experiment",
        "FeatureGroup",
        "HyperParameterTuningJob",
        "LabelingJob",
        "Model",
        "ModelPackageGroup",
        "NotebookInstance",
        "Pipeline",
        "ProcessingJob",
        "TrainingJob",
        "TransformJob",
        "Trial",
    }
)
"""Kinds of SageMaker's resources whose ARN is the kind in kebab case and the name."""

SDK_SERVICES: Mapping[str, str] = {
    "apigatewayv2": "apigateway",
    "bedrockagent": "bedrock",
    "bedrockagentcore": "bedrock-agentcore",
    "bedrockagentcorecontrol": "bedrock-agentcore",
    "bedrockagentruntime": "bedrock",
    "bedrockruntime": "bedrock",
    "cloudwatchlogs": "logs",
    "cognitoidentity": "cognito-identity",
    "cognitoidentityprovider": "cognito-idp",
    "costexplorer": "ce",
    "databasemigration": "dms",
    "elasticloadbalancingv2": "elasticloadbalancing",
    "elasticsearch": "es",
    "emr": "elasticmapreduce",
    "emrcontainers": "emr-containers",
    "emrserverless": "emr-serverless",
    "eventbridge": "events",
    "kinesisanalyticsv2": "kinesisanalytics",
    "neptune": "rds",
    "neptunegraph": "neptune-graph",
    "opensearchserverless": "aoss",
    "rdsdata": "rds-data",
    "redshiftdata": "redshift-data",
    "redshiftserverless": "redshift-serverless",
    "resourcegroupstaggingapi": "tag",
    "sagemakerfeaturestoreruntime": "sagemaker",
    "sagemakerruntime": "sagemaker",
    "servicediscovery": "servicediscovery",
    "sesv2": "ses",
    "sfn": "states",
    "applicationautoscaling": "application-autoscaling",
}
"""IAM's names of services where they are not those of Step Functions."""

SDK_ACTIONS: Mapping[str, str] = {
    "bedrock:Converse": "bedrock:InvokeModel",
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:CopyObject": "s3:PutObject",
    "s3:DeleteBucketTagging": "s3:PutBucketTagging",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:UploadPart": "s3:PutObject",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject",
    "s3:DeleteObjects": "s3:DeleteObject",
    "sns:PublishBatch": "sns:Publish",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
}
"""IAM's actions where they are not named after the operation."""

REMARKS: Mapping[str, str] = {
    "eks:runJob": "needs no IAM action, but the role has to be known to the cluster's Kubernetes RBAC",
    "eks:call": "needs no IAM action, but the role has to be known to the cluster's Kubernetes RBAC",
    "athena:startQueryExecution": "Athena reads with the same role: add S3, the Glue catalog and Lake Formation for "
    "the data that is queried, and S3 for the results",
    "athena:getQueryResults": "Athena reads with the same role: add s3:GetObject for where the results are",
    "emr-containers:createVirtualCluster": "the first one of an account also needs iam:CreateServiceLinkedRole",
    "emr-serverless:createApplication": "the first one of an account also needs iam:CreateServiceLinkedRole",
}
"""What a policy cannot say."""
