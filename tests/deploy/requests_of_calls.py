"""One request for each integration, with literal names."""

from __future__ import annotations

from typing import Any

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/jobs"
MACHINE = f"arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:child"
QUEUE = f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/letters"
TABLE = {"TableName": "table"}
CLUSTER = {"ClusterId": "j-1"}
APPLICATION = {"ApplicationId": "app"}
BUILD = {"Id": "project:11111111"}
NODES = {"ClusterName": "cluster", "NodegroupName": "nodes", "NodeRole": ROLE}
PODS = {"ClusterName": "cluster", "FargateProfileName": "pods", "PodExecutionRoleArn": ROLE}
ENDPOINT = {"EndpointName": "endpoint", "EndpointConfigName": "config"}

REQUESTS: dict[str, dict[str, Any]] = {
    "sagemaker:createTrainingJob": {"TrainingJobName": "train", "RoleArn": ROLE},
    "sagemaker:createProcessingJob": {"ProcessingJobName": "process", "RoleArn": ROLE},
    "sagemaker:createTransformJob": {"TransformJobName": "transform", "ModelName": "model"},
    "sagemaker:createHyperParameterTuningJob": {
        "HyperParameterTuningJobName": "tune",
        "TrainingJobDefinition": {"RoleArn": ROLE},
    },
    "sagemaker:createLabelingJob": {"LabelingJobName": "label", "RoleArn": ROLE},
    "sagemaker:createModel": {"ModelName": "model", "ExecutionRoleArn": ROLE},
    "sagemaker:createEndpointConfig": {"EndpointConfigName": "config"},
    "sagemaker:createEndpoint": ENDPOINT,
    "sagemaker:updateEndpoint": ENDPOINT,
    "lambda:invoke": {"FunctionName": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f:live"},
    "glue:startJobRun": {"JobName": "job"},
    "databrew:startJobRun": {"Name": "job"},
    "batch:submitJob": {"JobName": "j", "JobQueue": "queue", "JobDefinition": "definition:3"},
    "ecs:runTask": {"TaskDefinition": "task", "Cluster": "cluster", "Overrides": {"TaskRoleArn": ROLE}},
    "dynamodb:getItem": TABLE,
    "dynamodb:putItem": TABLE,
    "dynamodb:updateItem": TABLE,
    "dynamodb:deleteItem": TABLE,
    "sns:publish": {"TopicArn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:topic", "Message": "m"},
    "sqs:sendMessage": {"QueueUrl": QUEUE, "MessageBody": "m"},
    "events:putEvents": {"Entries": [{"EventBusName": "bus"}, {"Detail": {}}]},
    "elasticmapreduce:createCluster": {"Name": "c", "ServiceRole": "emr", "JobFlowRole": ROLE},
    "elasticmapreduce:terminateCluster": CLUSTER,
    "elasticmapreduce:addStep": CLUSTER,
    "elasticmapreduce:cancelStep": CLUSTER,
    "elasticmapreduce:setClusterTerminationProtection": CLUSTER,
    "elasticmapreduce:modifyInstanceFleetByName": CLUSTER,
    "elasticmapreduce:modifyInstanceGroupByName": CLUSTER,
    "eks:createCluster": {"Name": "cluster", "RoleArn": ROLE},
    "eks:deleteCluster": {"Name": "cluster"},
    "eks:createNodegroup": NODES,
    "eks:deleteNodegroup": NODES,
    "eks:createFargateProfile": PODS,
    "eks:deleteFargateProfile": PODS,
    "eks:runJob": {"ClusterName": "cluster"},
    "eks:call": {"ClusterName": "cluster"},
    "states:startExecution": {"StateMachineArn": MACHINE},
    "athena:startQueryExecution": {"QueryString": "select 1", "WorkGroup": "group"},
    "athena:stopQueryExecution": {"QueryExecutionId": "q"},
    "athena:getQueryExecution": {"QueryExecutionId": "q"},
    "athena:getQueryResults": {"QueryExecutionId": "q"},
    "bedrock:invokeModel": {"ModelId": "eu.maker.model-v1:0", "Input": {"S3Uri": "s3://bucket/in.json"}},
    "bedrock:createModelCustomizationJob": {"BaseModelIdentifier": "maker.model-v1:0", "RoleArn": ROLE},
    "bedrockagentcore:invokeHarness": {"HarnessArn": f"arn:aws:bedrock-agentcore:eu-west-1:{ACCOUNT}:harness/h"},
    "codebuild:startBuild": {"ProjectName": "project"},
    "codebuild:startBuildBatch": {"ProjectName": "project"},
    "codebuild:retryBuildBatch": BUILD,
    "codebuild:stopBuild": BUILD,
    "codebuild:stopBuildBatch": BUILD,
    "codebuild:deleteBuildBatch": BUILD,
    "codebuild:batchGetReports": {"ReportArns": [f"arn:aws:codebuild:eu-west-1:{ACCOUNT}:report/tests:1"]},
    "codebuild:batchDeleteBuilds": {"Ids": ["project:1", "other:2"]},
    "emr-containers:createVirtualCluster": {"Name": "v"},
    "emr-containers:deleteVirtualCluster": {"Id": "v1"},
    "emr-containers:startJobRun": {"VirtualClusterId": "v1", "ExecutionRoleArn": ROLE},
    "emr-serverless:createApplication": {"Name": "a"},
    "emr-serverless:startApplication": APPLICATION,
    "emr-serverless:stopApplication": APPLICATION,
    "emr-serverless:deleteApplication": APPLICATION,
    "emr-serverless:startJobRun": {**APPLICATION, "ExecutionRoleArn": ROLE},
    "emr-serverless:cancelJobRun": {**APPLICATION, "JobRunId": "run"},
    "mediaconvert:createJob": {"Role": ROLE, "Settings": {}},
    "apigateway:invoke": {
        "ApiEndpoint": "abc123.execute-api.eu-west-1.amazonaws.com",
        "Stage": "prod",
        "Method": "GET",
        "Path": "/bills",
    },
    "http:invoke": {
        "ApiEndpoint": "https://api.example.com/v1",
        "Method": "POST",
        "Authentication": {"ConnectionArn": f"arn:aws:events:eu-west-1:{ACCOUNT}:connection/c/1"},
    },
}
