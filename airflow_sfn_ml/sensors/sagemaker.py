"""Wait for what was started in SageMaker elsewhere. All sensors are one, with another row of the table of kinds."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.sdk.bases.sensor import PokeReturnValue
from airflow.sdk.exceptions import AirflowException

from airflow_sfn_ml.exceptions import DeployError
from airflow_sfn_ml.operators.connected import CONNECTION_FIELDS
from airflow_sfn_ml.sensors.deferring import DeferringSensor


class SageMakerSensor(DeferringSensor):
    """Wait until something in SageMaker has ended well; the XCom is ``{kind: <its description>}``.

    One that failed or was stopped fails the sensor; the log has the service's reason, the container's exit code and
    message, and the last lines of its log.

    :param allow_stopped: whether one that was stopped counts as done.
    """

    kind: ClassVar[str]
    identifying: ClassVar[str] = "job_name"
    """The parameter that says which."""

    def __init__(self, *, allow_stopped: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.allow_stopped = allow_stopped

    @property
    def identifier(self) -> str:
        """The name or ARN of what is waited for."""
        return str(getattr(self, self.identifying))

    def poke(self, context: Any) -> PokeReturnValue:
        """Look once; its description, if it has ended well."""
        from airflow_sfn_ml.hooks.sagemaker import KINDS, is_unknown, look
        from airflow_sfn_ml.triggers.job_ending import job_story

        kind, hook = KINDS[self.kind], self.make_hook()
        try:
            document = look(hook, kind, self.identifier)
        except DeployError as error:
            if not self.deferrable or not is_unknown(error):
                raise
            return PokeReturnValue(False)  # the triggerer waits for a minute whether it appears
        self.log.info("%s %s: %s", kind.title, self.identifier, kind.status(document))
        if not kind.is_over(document):
            return PokeReturnValue(False)
        if not kind.is_done(document, self.allow_stopped):
            raise AirflowException("\n".join(job_story(hook, kind, self.identifier, document)))
        return PokeReturnValue(True, {kind.name: document})

    def completion(self) -> Any:
        """Wait in the triggerer."""
        from airflow_sfn_ml.triggers.job_completion import SageMakerCompleteTrigger

        own = {"kind": self.kind, "identifier": self.identifier, "allow_stopped": self.allow_stopped}
        return SageMakerCompleteTrigger, own


class _JobSensor(SageMakerSensor):
    """Wait for a job.

    :param job_name: its name.
    """

    template_fields = ("job_name", *CONNECTION_FIELDS)

    def __init__(self, *, job_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job_name = job_name


class SageMakerProcessingSensor(_JobSensor):
    """Wait for a processing job."""

    kind = "Processing"


class SageMakerTrainingSensor(_JobSensor):
    """Wait for a training job."""

    kind = "Training"


class SageMakerTransformSensor(_JobSensor):
    """Wait for a transform job."""

    kind = "Transform"


class SageMakerTuningSensor(_JobSensor):
    """Wait for a hyperparameter tuning job."""

    kind = "Tuning"


class SageMakerAutoMLSensor(_JobSensor):
    """Wait for an AutoML job."""

    kind = "AutoML"


class SageMakerEndpointSensor(SageMakerSensor):
    """Wait until an endpoint is in service.

    :param endpoint_name: its name.
    """

    kind = "Endpoint"
    identifying = "endpoint_name"
    template_fields = ("endpoint_name", *CONNECTION_FIELDS)

    def __init__(self, *, endpoint_name: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.endpoint_name = endpoint_name


class SageMakerPipelineSensor(SageMakerSensor):
    """Wait for an execution of a pipeline.

    :param pipeline_exec_arn: its ARN.
    """

    kind = "Pipeline"
    identifying = "pipeline_exec_arn"
    template_fields = ("pipeline_exec_arn", *CONNECTION_FIELDS)

    def __init__(self, *, pipeline_exec_arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pipeline_exec_arn = pipeline_exec_arn
