"""Right requests, and ways to make them wrong."""

from __future__ import annotations

import copy
from typing import Any

from airflow_sfn_ml.steps.requests import check_request

TRAINING = {
    "TrainingJobName": "fit",
    "AlgorithmSpecification": {
        "TrainingImage": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/sklearn:1",
        "TrainingInputMode": "File",
    },
    "RoleArn": "arn:aws:iam::123456789012:role/sm",
    "InputDataConfig": [
        {
            "ChannelName": "train",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train"}},
        }
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    "HyperParameters": {"depth": "5"},
}
PROCESSING = {
    "ProcessingJobName": "clean",
    "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}},
    "AppSpecification": {"ImageUri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/sklearn:1"},
    "RoleArn": "arn:aws:iam::123456789012:role/sm",
    "ProcessingInputs": [
        {
            "InputName": "raw",
            "S3Input": {
                "S3Uri": "s3://bucket/raw",
                "LocalPath": "/opt/ml/processing/input",
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
            },
        }
    ],
    "ProcessingOutputConfig": {
        "Outputs": [
            {
                "OutputName": "train",
                "S3Output": {
                    "S3Uri": "s3://bucket/train",
                    "LocalPath": "/opt/ml/processing/train",
                    "S3UploadMode": "EndOfJob",
                },
            }
        ]
    },
}


def changed(request: dict[str, Any], *path: Any, to: Any) -> dict[str, Any]:
    """*request* with another value at *path*; ``...`` takes the field away."""
    made = copy.deepcopy(request)
    inner: Any = made
    for key in path[:-1]:
        inner = inner[key]
    if to is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = to
    return made


def training(*path: Any, to: Any, **kwargs: Any) -> list[str]:
    return [
        str(found)
        for found in check_request("sagemaker", "createTrainingJob", changed(TRAINING, *path, to=to), **kwargs)
    ]


def processing(*path: Any, to: Any, **kwargs: Any) -> list[str]:
    request = changed(PROCESSING, *path, to=to)
    return [str(found) for found in check_request("sagemaker", "CreateProcessingJob", request, **kwargs)]
