"""SageMaker jobs as Step Functions runs them: created, waited for, described.

The integrations and what they return are those of AWS's page "Create and manage Amazon SageMaker AI jobs with Step
Functions"; the keys of the results are those under which Airflow's Amazon operators push the same documents.
"""

from __future__ import annotations

from dataclasses import dataclass

from airflow_sfn_ml.steps.base import ServiceStep


@dataclass(frozen=True)
class ProcessingStep(ServiceStep):
    """Run a processing job and wait for it.

    Its output is the document of DescribeProcessingJob; its XCom is that document under ``Processing``.
    """

    service = "sagemaker"
    operation = "createProcessingJob"
    integration = "sagemaker:createProcessingJob.sync"
    actions = (
        "sagemaker:CreateProcessingJob",
        "sagemaker:DescribeProcessingJob",
        "sagemaker:StopProcessingJob",
        "sagemaker:AddTags",
    )
    name_field = "ProcessingJobName"
    result_key = "Processing"
    status_field = "ProcessingJobStatus"


@dataclass(frozen=True)
class TrainingStep(ServiceStep):
    """Run a training job and wait for it.

    Its output is the document of DescribeTrainingJob; its XCom is that document under ``Training``.
    """

    service = "sagemaker"
    operation = "createTrainingJob"
    integration = "sagemaker:createTrainingJob.sync"
    actions = (
        "sagemaker:CreateTrainingJob",
        "sagemaker:DescribeTrainingJob",
        "sagemaker:StopTrainingJob",
        "sagemaker:AddTags",
    )
    name_field = "TrainingJobName"
    result_key = "Training"
    status_field = "TrainingJobStatus"
