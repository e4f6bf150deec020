"""Steps that call services, with the names of ``stepfunctions.steps.service``, and those that came after the SDK."""

from __future__ import annotations

from airflow_sfn_ml.steps.base import CALL, CallbackStep, JobStep, PatternStep, ServiceStep

__all__ = [
    "DynamoDBGetItemStep",
    "DynamoDBPutItemStep",
    "DynamoDBUpdateItemStep",
    "DynamoDBDeleteItemStep",
    "EventBridgePutEventsStep",
    "SnsPublishStep",
    "SqsSendMessageStep",
    "StepFunctionsStartExecutionStep",
    "EmrCreateClusterStep",
    "EmrTerminateClusterStep",
    "EmrAddStepStep",
    "EmrCancelStepStep",
    "EmrSetClusterTerminationProtectionStep",
    "EmrModifyInstanceFleetByNameStep",
    "EmrModifyInstanceGroupByNameStep",
    "EksCreateClusterStep",
    "EksDeleteClusterStep",
    "EksCreateFargateProfileStep",
    "EksDeleteFargateProfileStep",
    "EksCreateNodegroupStep",
    "EksDeleteNodegroupStep",
    "EksRunJobStep",
    "EksCallStep",
    "GlueDataBrewStartJobRunStep",
    "AthenaStartQueryExecutionStep",
    "AthenaStopQueryExecutionStep",
    "AthenaGetQueryExecutionStep",
    "AthenaGetQueryResultsStep",
    "BedrockInvokeModelStep",
    "BedrockCreateModelCustomizationJobStep",
    "BedrockAgentCoreInvokeHarnessStep",
    "CodeBuildStartBuildStep",
    "CodeBuildStopBuildStep",
    "CodeBuildStartBuildBatchStep",
    "CodeBuildStopBuildBatchStep",
    "CodeBuildRetryBuildBatchStep",
    "CodeBuildDeleteBuildBatchStep",
    "CodeBuildBatchDeleteBuildsStep",
    "CodeBuildBatchGetReportsStep",
    "EmrContainersCreateVirtualClusterStep",
    "EmrContainersDeleteVirtualClusterStep",
    "EmrContainersStartJobRunStep",
    "EmrServerlessCreateApplicationStep",
    "EmrServerlessStartApplicationStep",
    "EmrServerlessStopApplicationStep",
    "EmrServerlessDeleteApplicationStep",
    "EmrServerlessStartJobRunStep",
    "EmrServerlessCancelJobRunStep",
    "MediaConvertCreateJobStep",
    "ApiGatewayInvokeStep",
    "HttpInvokeStep",
]


class DynamoDBGetItemStep(ServiceStep):
    """Read an item of a DynamoDB table."""

    row = "dynamodb:getItem"


class DynamoDBPutItemStep(ServiceStep):
    """Write an item of a DynamoDB table."""

    row = "dynamodb:putItem"


class DynamoDBUpdateItemStep(ServiceStep):
    """Change an item of a DynamoDB table."""

    row = "dynamodb:updateItem"


class DynamoDBDeleteItemStep(ServiceStep):
    """Delete an item of a DynamoDB table."""

    row = "dynamodb:deleteItem"


class EventBridgePutEventsStep(CallbackStep):
    """Put events on an EventBridge bus."""

    row = "events:putEvents"


class SnsPublishStep(CallbackStep):
    """Publish to an SNS topic."""

    row = "sns:publish"


class SqsSendMessageStep(CallbackStep):
    """Send a message to an SQS queue."""

    row = "sqs:sendMessage"


class StepFunctionsStartExecutionStep(PatternStep):
    """Execute another state machine; waiting, its ``Output`` is JSON that was read (``.sync:2``)."""

    row = "states:startExecution"


class EmrCreateClusterStep(JobStep):
    """Create an EMR cluster, which stays alive (``KeepJobFlowAliveWhenNoSteps``)."""

    row = "elasticmapreduce:createCluster"


class EmrTerminateClusterStep(JobStep):
    """Terminate an EMR cluster."""

    row = "elasticmapreduce:terminateCluster"


class EmrAddStepStep(JobStep):
    """Run a step on an EMR cluster."""

    row = "elasticmapreduce:addStep"


class EmrCancelStepStep(ServiceStep):
    """Cancel a step of an EMR cluster."""

    row = "elasticmapreduce:cancelStep"


class EmrSetClusterTerminationProtectionStep(ServiceStep):
    """Protect an EMR cluster from termination, or no longer."""

    row = "elasticmapreduce:setClusterTerminationProtection"


class EmrModifyInstanceFleetByNameStep(ServiceStep):
    """Resize an instance fleet of an EMR cluster."""

    row = "elasticmapreduce:modifyInstanceFleetByName"


class EmrModifyInstanceGroupByNameStep(ServiceStep):
    """Resize an instance group of an EMR cluster."""

    row = "elasticmapreduce:modifyInstanceGroupByName"


class EksCreateClusterStep(PatternStep):
    """Create an EKS cluster."""

    row = "eks:createCluster"


class EksDeleteClusterStep(PatternStep):
    """Delete an EKS cluster."""

    row = "eks:deleteCluster"


class EksCreateFargateProfileStep(PatternStep):
    """Create a Fargate profile of an EKS cluster."""

    row = "eks:createFargateProfile"


class EksDeleteFargateProfileStep(PatternStep):
    """Delete a Fargate profile of an EKS cluster."""

    row = "eks:deleteFargateProfile"


class EksCreateNodegroupStep(PatternStep):
    """Create a node group of an EKS cluster."""

    row = "eks:createNodegroup"


class EksDeleteNodegroupStep(PatternStep):
    """Delete a node group of an EKS cluster."""

    row = "eks:deleteNodegroup"


class EksRunJobStep(PatternStep):
    """Run a Kubernetes job on an EKS cluster."""

    row = "eks:runJob"


class EksCallStep(PatternStep):
    """Call the Kubernetes API of an EKS cluster."""

    row = "eks:call"
    default_pattern = CALL


class GlueDataBrewStartJobRunStep(PatternStep):
    """Run a Glue DataBrew job."""

    row = "databrew:startJobRun"


class AthenaStartQueryExecutionStep(JobStep):
    """Run a query in Athena."""

    row = "athena:startQueryExecution"


class AthenaStopQueryExecutionStep(ServiceStep):
    """Stop a query in Athena."""

    row = "athena:stopQueryExecution"


class AthenaGetQueryExecutionStep(ServiceStep):
    """Describe a query in Athena."""

    row = "athena:getQueryExecution"


class AthenaGetQueryResultsStep(ServiceStep):
    """Read the first page of a query's results in Athena."""

    row = "athena:getQueryResults"


class BedrockInvokeModelStep(CallbackStep):
    """Invoke a Bedrock model; ``Input`` and ``Output`` may be objects in S3."""

    row = "bedrock:invokeModel"


class BedrockCreateModelCustomizationJobStep(JobStep):
    """Fine-tune a Bedrock model."""

    row = "bedrock:createModelCustomizationJob"


class BedrockAgentCoreInvokeHarnessStep(ServiceStep):
    """Invoke an agent in a harness of Bedrock AgentCore."""

    row = "bedrockagentcore:invokeHarness"


class CodeBuildStartBuildStep(JobStep):
    """Run a CodeBuild build."""

    row = "codebuild:startBuild"


class CodeBuildStopBuildStep(ServiceStep):
    """Stop a CodeBuild build."""

    row = "codebuild:stopBuild"


class CodeBuildStartBuildBatchStep(JobStep):
    """Run a batch of CodeBuild builds."""

    row = "codebuild:startBuildBatch"


class CodeBuildStopBuildBatchStep(ServiceStep):
    """Stop a batch of CodeBuild builds."""

    row = "codebuild:stopBuildBatch"


class CodeBuildRetryBuildBatchStep(JobStep):
    """Run the failed builds of a batch again."""

    row = "codebuild:retryBuildBatch"


class CodeBuildDeleteBuildBatchStep(ServiceStep):
    """Delete a batch of CodeBuild builds."""

    row = "codebuild:deleteBuildBatch"


class CodeBuildBatchDeleteBuildsStep(ServiceStep):
    """Delete CodeBuild builds."""

    row = "codebuild:batchDeleteBuilds"


class CodeBuildBatchGetReportsStep(ServiceStep):
    """Read CodeBuild reports."""

    row = "codebuild:batchGetReports"


class EmrContainersCreateVirtualClusterStep(ServiceStep):
    """Create a virtual cluster of EMR on EKS."""

    row = "emr-containers:createVirtualCluster"


class EmrContainersDeleteVirtualClusterStep(JobStep):
    """Delete a virtual cluster of EMR on EKS."""

    row = "emr-containers:deleteVirtualCluster"


class EmrContainersStartJobRunStep(JobStep):
    """Run a job on EMR on EKS."""

    row = "emr-containers:startJobRun"


class EmrServerlessCreateApplicationStep(JobStep):
    """Create an application of EMR Serverless."""

    row = "emr-serverless:createApplication"


class EmrServerlessStartApplicationStep(JobStep):
    """Start an application of EMR Serverless."""

    row = "emr-serverless:startApplication"


class EmrServerlessStopApplicationStep(JobStep):
    """Stop an application of EMR Serverless."""

    row = "emr-serverless:stopApplication"


class EmrServerlessDeleteApplicationStep(JobStep):
    """Delete an application of EMR Serverless."""

    row = "emr-serverless:deleteApplication"


class EmrServerlessStartJobRunStep(JobStep):
    """Run a job of EMR Serverless."""

    row = "emr-serverless:startJobRun"


class EmrServerlessCancelJobRunStep(JobStep):
    """Cancel a job of EMR Serverless."""

    row = "emr-serverless:cancelJobRun"


class MediaConvertCreateJobStep(JobStep):
    """Run a MediaConvert job."""

    row = "mediaconvert:createJob"


class ApiGatewayInvokeStep(CallbackStep):
    """Call an API of API Gateway."""

    row = "apigateway:invoke"


class HttpInvokeStep(ServiceStep):
    """Call any HTTPS endpoint with the authorisation of an EventBridge connection."""

    row = "http:invoke"
