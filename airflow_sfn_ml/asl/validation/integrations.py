"""The services that Step Functions calls itself, and how it can wait for them.

The table is that of AWS's page "Integrating services with Step Functions" as of autumn 2025, with the pages of the
single services. It knows names only; what a call sends and gives is the business of `steps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Service:
    """One optimised integration.

    :param actions: its API actions.
    :param sync: the actions that can be waited for with ``.sync``.
    :param token: whether ``.waitForTaskToken`` is supported; None where AWS's pages contradict each other.
    :param closed: whether an action beyond *actions* is certainly refused.
    """

    actions: tuple[str, ...]
    sync: tuple[str, ...] = ()
    token: bool | None = False
    closed: bool = True


SERVICES: Mapping[str, Service] = {
    "apigateway": Service(("invoke",), token=True),
    "athena": Service(
        ("startQueryExecution", "stopQueryExecution", "getQueryExecution", "getQueryResults"), ("startQueryExecution",)
    ),
    "batch": Service(("submitJob",), ("submitJob",)),
    "bedrock": Service(
        ("invokeModel", "createModelCustomizationJob"), ("createModelCustomizationJob",), token=True, closed=False
    ),
    "bedrockagentcore": Service(("invokeHarness",)),
    "codebuild": Service(
        ("startBuild", "stopBuild", "batchDeleteBuilds", "batchGetReports", "startBuildBatch", "stopBuildBatch",
         "retryBuildBatch", "deleteBuildBatch"),
        ("startBuild", "startBuildBatch", "retryBuildBatch"),
        closed=False,
    ),
    "databrew": Service(("startJobRun",), ("startJobRun",)),
    "dynamodb": Service(("getItem", "putItem", "deleteItem", "updateItem")),
    "ecs": Service(("runTask",), ("runTask",), token=True),
    "eks": Service(
        ("call", "runJob", "createCluster", "deleteCluster", "createFargateProfile", "deleteFargateProfile",
         "createNodegroup", "deleteNodegroup"),
        ("runJob", "createCluster", "deleteCluster", "createFargateProfile", "deleteFargateProfile", "createNodegroup",
         "deleteNodegroup"),
        token=None,
    ),
    "elasticmapreduce": Service(
        ("createCluster", "terminateCluster", "addStep", "cancelStep", "setClusterTerminationProtection",
         "modifyInstanceFleetByName", "modifyInstanceGroupByName"),
        ("createCluster", "terminateCluster", "addStep"),
    ),
    "emr-containers": Service(
        ("createVirtualCluster", "deleteVirtualCluster", "startJobRun"), ("deleteVirtualCluster", "startJobRun")
    ),
    "emr-serverless": Service(
        ("createApplication", "startApplication", "stopApplication", "deleteApplication", "startJobRun",
         "cancelJobRun"),
        ("createApplication", "startApplication", "stopApplication", "deleteApplication", "startJobRun",
         "cancelJobRun"),
    ),
    "events": Service(("putEvents",), token=True),
    "glue": Service(("startJobRun",), ("startJobRun",)),
    "http": Service(("invoke",)),
    "lambda": Service(("invoke",), token=True),
    "mediaconvert": Service(("createJob",), ("createJob",)),
    "sagemaker": Service(
        ("createEndpoint", "createEndpointConfig", "createHyperParameterTuningJob", "createLabelingJob", "createModel",
         "createProcessingJob", "createTrainingJob", "createTransformJob", "updateEndpoint"),
        ("createHyperParameterTuningJob", "createLabelingJob", "createProcessingJob", "createTrainingJob",
         "createTransformJob"),
    ),
    "sns": Service(("publish",), token=True),
    "sqs": Service(("sendMessage",), token=True),
    "states": Service(("startExecution",), ("startExecution",), token=True),
}  # fmt: skip
"""By the name that stands in the resource ARN."""
