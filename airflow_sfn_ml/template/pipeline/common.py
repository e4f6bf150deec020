"""What both pipelines do: keep every request in the execution's input, so that one definition serves all runs."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from enum import StrEnum
from typing import Any

from airflow_sfn_ml.steps import Chain, ServiceStep
from airflow_sfn_ml.workflow import Execution, Html, Workflow


class StepId(StrEnum):
    """The names of the states."""

    Train = "Training"
    CreateModel = "Create Model"
    ConfigureEndpoint = "Configure Endpoint"
    Deploy = "Deploy"
    TrainPreprocessor = "Train Preprocessor"
    CreatePreprocessorModel = "Create Preprocessor Model"
    TransformInput = "Transform Input"
    CreatePipelineModel = "Create Pipeline Model"


class WorkflowTemplate:
    """A workflow whose states take their requests from the execution's input.

    :param s3_bucket: where models go.
    """

    def __init__(self, s3_bucket: str, workflow: Workflow, role: str, client: Any = None) -> None:
        self.workflow = workflow
        self.role = role
        self.s3_bucket = s3_bucket

    def get_workflow(self) -> Workflow:
        """The workflow."""
        return self.workflow

    def create(self) -> str:
        """Create the state machine, and give its ARN."""
        return self.workflow.create()

    def execute(self, job_name: str | None = None, hyperparameters: dict[str, Any] | None = None) -> Execution:
        """Run it.

        :param job_name: what the jobs, models and the endpoint are named after; the time, if not given.
        :param hyperparameters: of the training, instead of the estimator's.
        """
        job_name = job_name or f"{self.prefix}-{timestamp()}"
        return self.workflow.execute(inputs=self.inputs(job_name, hyperparameters), name=job_name)

    prefix = "pipeline"

    def inputs(self, job_name: str, hyperparameters: dict[str, Any] | None = None) -> dict[str, Any]:
        """The input of an execution: a request for each state."""
        raise NotImplementedError

    def render_graph(self, portrait: bool = False) -> Html:
        """A picture of the definition, for a notebook."""
        return self.workflow.render_graph(portrait)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(s3_bucket={self.s3_bucket!r}, workflow={self.workflow!r}, role={self.role!r})"


def requests_from_input(definition: Chain) -> dict[str, Any]:
    """Let each state of *definition* read its request from the execution's input, and give the requests it had."""
    requests = {}
    for step in definition:
        if isinstance(step, ServiceStep):
            requests[step.state_id] = deepcopy(step.request)
            where = f"$$.Execution.Input['{step.state_id}']"
            step.update_parameters({f"{key}.$": f"{where}.{key}" for key in step.request})
    return requests


def timestamp() -> str:
    """Now, as the SDK writes it into names."""
    return datetime.now().strftime("%Y-%m-%d-%H-%M-%S")


def artifacts(request: dict[str, Any]) -> str:
    """Where the training job of *request* puts its model."""
    return f"{request['OutputDataConfig']['S3OutputPath']}/{request['TrainingJobName']}/output/model.tar.gz"


def serve(inputs: dict[str, Any], name: str) -> None:
    """Name the endpoint, its configuration and the model it serves."""
    inputs[StepId.ConfigureEndpoint]["EndpointConfigName"] = name
    for variant in inputs[StepId.ConfigureEndpoint]["ProductionVariants"]:
        variant["ModelName"] = name
    inputs[StepId.Deploy] |= {"EndpointConfigName": name, "EndpointName": name}
