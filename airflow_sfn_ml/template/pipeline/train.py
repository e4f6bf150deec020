"""Train an estimator and deploy its model."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from airflow_sfn_ml.steps import Chain, EndpointConfigStep, EndpointStep, ModelStep, TrainingStep
from airflow_sfn_ml.template.pipeline.common import (
    StepId,
    WorkflowTemplate,
    artifacts,
    requests_from_input,
    serve,
    timestamp,
)
from airflow_sfn_ml.workflow import Workflow


class TrainingPipeline(WorkflowTemplate):
    """Training, Create Model, Configure Endpoint, Deploy.

    :param estimator: an estimator.
    :param role: the ARN of the role that the state machine works with.
    :param inputs: the training data, whatever ``fit()`` takes.
    :param s3_bucket: models go to ``s3://{s3_bucket}/{pipeline_name}/models``.
    :param client: boto3's ``stepfunctions`` client.
    :param pipeline_name: the name of the state machine; with the time in it, if not given.
    """

    prefix = "training-pipeline"

    def __init__(
        self,
        estimator: Any,
        role: str,
        inputs: Any,
        s3_bucket: str,
        client: Any = None,
        pipeline_name: str | None = None,
    ) -> None:
        self.estimator = estimator
        self.data = inputs
        self.pipeline_name = pipeline_name or f"{self.prefix}-{timestamp()}"
        self.definition = self.build_workflow_definition()
        self.input_template = requests_from_input(self.definition)
        super().__init__(s3_bucket, Workflow(self.pipeline_name, self.definition, role, client=client), role, client)

    def build_workflow_definition(self) -> Chain:
        """The four states, each with its request."""
        name, estimator = self.pipeline_name, self.estimator
        train = TrainingStep(StepId.Train.value, estimator, name, self.data)
        model = train.get_expected_model(name)
        model.model_data = ""  # known when an execution is
        return Chain(
            [
                train,
                ModelStep(StepId.CreateModel.value, model, name, estimator.instance_type),
                EndpointConfigStep(
                    StepId.ConfigureEndpoint.value, name, name, estimator.instance_count, estimator.instance_type
                ),
                EndpointStep(StepId.Deploy.value, name, name),
            ]
        )

    def inputs(self, job_name: str, hyperparameters: dict[str, Any] | None = None) -> dict[str, Any]:
        """The input of an execution: a request for each state."""
        inputs = deepcopy(self.input_template)
        train = inputs[StepId.Train]
        if hyperparameters is not None:
            train["HyperParameters"] = {key: str(value) for key, value in hyperparameters.items()}
        train["TrainingJobName"] = f"estimator-{job_name}"
        train["OutputDataConfig"]["S3OutputPath"] = f"s3://{self.s3_bucket}/{self.workflow.name}/models"
        inputs[StepId.CreateModel]["ModelName"] = job_name
        inputs[StepId.CreateModel]["PrimaryContainer"]["ModelDataUrl"] = artifacts(train)
        serve(inputs, job_name)
        return inputs
