"""Train a preprocessor and an estimator on what it makes, and deploy both as one."""

from __future__ import annotations

from copy import deepcopy
from types import SimpleNamespace
from typing import Any

from airflow_sfn_ml.steps import Chain, EndpointConfigStep, EndpointStep, ModelStep, TrainingStep, TransformStep
from airflow_sfn_ml.template.pipeline.common import (
    StepId,
    WorkflowTemplate,
    artifacts,
    requests_from_input,
    serve,
    timestamp,
)
from airflow_sfn_ml.workflow import Workflow


class InferencePipeline(WorkflowTemplate):
    """Train Preprocessor, Create Preprocessor Model, Transform Input, Training, Create Pipeline Model, Configure
    Endpoint, Deploy.

    :param preprocessor: an estimator whose model transforms the data.
    :param estimator: an estimator that is trained on what comes out.
    :param inputs: the training data by channel; ``inputs["train"]`` is what is transformed.
    :param s3_bucket: models go to ``s3://{s3_bucket}/{pipeline_name}/models``.
    :param role: the ARN of the role that the state machine works with.
    :param client: boto3's ``stepfunctions`` client.
    :param compression_type: of the data to transform.
    :param content_type: of the data to transform.
    :param pipeline_name: the name of the state machine; with the time in it, if not given.
    """

    prefix = "inference-pipeline"

    def __init__(
        self,
        preprocessor: Any,
        estimator: Any,
        inputs: Any,
        s3_bucket: str,
        role: str,
        client: Any = None,
        compression_type: str | None = None,
        content_type: str | None = None,
        pipeline_name: str | None = None,
    ) -> None:
        self.preprocessor = preprocessor
        self.estimator = estimator
        self.data = inputs
        self.compression_type = compression_type
        self.content_type = content_type
        self.pipeline_name = pipeline_name or f"{self.prefix}-{timestamp()}"
        self.definition = self.build_workflow_definition()
        self.input_template = requests_from_input(self.definition)
        super().__init__(s3_bucket, Workflow(self.pipeline_name, self.definition, role, client=client), role, client)

    def build_workflow_definition(self) -> Chain:
        """The seven states, each with its request."""
        name, first, last = self.pipeline_name, self.preprocessor, self.estimator
        train_first = TrainingStep(StepId.TrainPreprocessor.value, first, name, self.data)
        train_last = TrainingStep(StepId.Train.value, last, name, self.data)
        models = [step.get_expected_model(name) for step in (train_first, train_last)]
        for model in models:
            model.model_data = ""  # known when an execution is
        transformer = SimpleNamespace(
            instance_count=first.instance_count, instance_type=first.instance_type, output_path="", max_payload=20
        )
        both = SimpleNamespace(name=name, role=last.role, models=models)
        return Chain(
            [
                train_first,
                ModelStep(StepId.CreatePreprocessorModel.value, models[0], name, first.instance_type),
                TransformStep(
                    StepId.TransformInput.value,
                    transformer,
                    name,
                    name,
                    _location(self.data["train"]),
                    compression_type=self.compression_type,
                    content_type=self.content_type,
                ),
                train_last,
                ModelStep(StepId.CreatePipelineModel.value, both, name, last.instance_type),
                EndpointConfigStep(StepId.ConfigureEndpoint.value, name, name, last.instance_count, last.instance_type),
                EndpointStep(StepId.Deploy.value, name, name),
            ]
        )

    def inputs(self, job_name: str, hyperparameters: dict[str, Any] | None = None) -> dict[str, Any]:
        """The input of an execution: a request for each state."""
        inputs = deepcopy(self.input_template)
        place = f"s3://{self.s3_bucket}/{self.workflow.name}"
        first, last, transform = (
            inputs[step] for step in (StepId.TrainPreprocessor, StepId.Train, StepId.TransformInput)
        )
        if hyperparameters is not None:
            last["HyperParameters"] = {key: str(value) for key, value in hyperparameters.items()}
        for request, kind in ((first, "preprocessor"), (last, "estimator")):
            request["TrainingJobName"] = f"{kind}-{job_name}"
            request["OutputDataConfig"]["S3OutputPath"] = f"{place}/models"
            if "DebugHookConfig" in request:
                request["DebugHookConfig"]["S3OutputPath"] = f"{place}/models/debug"
        name = first["TrainingJobName"]
        inputs[StepId.CreatePreprocessorModel]["ModelName"] = name
        inputs[StepId.CreatePreprocessorModel]["PrimaryContainer"]["ModelDataUrl"] = artifacts(first)
        transform |= {"ModelName": name, "TransformJobName": name}
        transform["TransformOutput"]["S3OutputPath"] = f"{place}/preprocessor-transform-{job_name}/transform"
        last["InputDataConfig"] = [_transformed(transform["TransformOutput"]["S3OutputPath"])]
        inputs[StepId.CreatePipelineModel]["ModelName"] = job_name
        for container, request in zip(inputs[StepId.CreatePipelineModel]["Containers"], (first, last), strict=True):
            container["ModelDataUrl"] = artifacts(request)
        serve(inputs, job_name)
        return inputs


def _location(data: Any) -> Any:
    """Where *data*, a location or a channel, is."""
    config = getattr(data, "config", None)
    return data if config is None else config["DataSource"]["S3DataSource"]["S3Uri"]


def _transformed(location: str) -> dict[str, Any]:
    source = {"S3DataDistributionType": "FullyReplicated", "S3DataType": "S3Prefix", "S3Uri": location}
    return {"ChannelName": "train", "DataSource": {"S3DataSource": source}}
