"""SageMaker's jobs, models and endpoints, with the names and signatures of ``stepfunctions.steps.sagemaker``.

Each step takes either a SageMaker object with its settings, as in the SDK, or ``request``: the request as a dict.
Fields given as ``parameters`` are merged over what the object says. The keys of the results are those under which
Airflow's Amazon operators push the same documents.
"""

from __future__ import annotations

import copy
from typing import Any

from airflow_sfn_ml import asl
from airflow_sfn_ml.steps import objects
from airflow_sfn_ml.steps.base import CALL, SYNC, ServiceStep
from airflow_sfn_ml.steps.freezer import Freezer
from airflow_sfn_ml.steps.in_service import until_in_service
from airflow_sfn_ml.steps.objects.attributes import merged, present, read, shaped, tag_list
from airflow_sfn_ml.steps.sdk import SdkStep

__all__ = [
    "EndpointConfigStep",
    "EndpointStep",
    "LabelingStep",
    "ModelPackageStep",
    "ModelStep",
    "ProcessingStep",
    "TrainingStep",
    "TransformStep",
    "TuningStep",
]


class _SageMakerStep(ServiceStep):
    """A step that makes its request from an object.

    ``uploads`` is the code that has to be uploaded before the definition runs; `Workflow.create` does it.
    """

    uploads: tuple[objects.Upload, ...] = ()

    def _begin(self, state_id: str, thing: Any, wait: bool, request: Any, made: Any, kwargs: dict[str, Any]) -> None:
        """Finish the construction with *request*, or with the one *made* of *thing* and of ``parameters``."""
        pattern = SYNC if wait else CALL
        if request is not None:
            if thing is not None:
                raise TypeError(f"{type(self).__name__}({state_id!r}): give an object or a request, not both")
            super().__init__(state_id, request=request, pattern=pattern, **kwargs)
            return
        given = kwargs.pop("parameters", None)
        parameters = merged(made, given) if isinstance(given, dict) else made
        super().__init__(state_id, pattern=pattern, parameters=parameters, **kwargs)


class TrainingStep(_SageMakerStep):
    """Run a training job and wait for it. Its output is the document of DescribeTrainingJob.

    :param estimator: an estimator (version 2 of the SageMaker SDK), a model trainer (3), or anything with their
        attributes.
    :param job_name: a name or a placeholder.
    :param data: whatever ``fit()`` takes, or a placeholder of the location.
    :param hyperparameters: merged over the estimator's; a placeholder stands for all of them.
    :param mini_batch_size: for algorithms of Amazon.
    :param experiment_config: a dict or a placeholder.
    :param wait_for_completion: go on only when the job has ended.
    :param tags: a dict, a list, or a placeholder.
    :param output_data_config_path: where the model goes, instead of the estimator's ``output_path``.
    :param request: the whole request, instead of an estimator.
    """

    row = "sagemaker:createTrainingJob"
    name_field = "TrainingJobName"
    result_key = "Training"
    status_field = "TrainingJobStatus"

    def __init__(
        self,
        state_id: str,
        estimator: Any = None,
        job_name: Any = None,
        data: Any = None,
        hyperparameters: Any = None,
        mini_batch_size: int | None = None,
        experiment_config: Any = None,
        wait_for_completion: bool = True,
        tags: Any = None,
        output_data_config_path: Any = None,
        *,
        request: Any = None,
        **kwargs: Any,
    ) -> None:
        made: Any = None
        if estimator is not None:
            made, uploads = objects.training_request(
                estimator,
                job_name=job_name,
                data=data,
                hyperparameters=hyperparameters,
                mini_batch_size=mini_batch_size,
                output_path=output_data_config_path,
            )
            made |= present(ExperimentConfig=experiment_config, Tags=tag_list(tags))
            self.uploads = tuple(uploads)
        self.estimator = estimator
        self.job_name = job_name
        self._begin(state_id, estimator, wait_for_completion, request, made, kwargs)

    def get_expected_model(self, model_name: Any = None) -> Any:
        """The model that the job will make, for a `ModelStep` after it.

        An estimator that can make its model does (``create_model``); for others it is the training image with the
        model.
        """
        estimator, name = self.estimator, model_name or self.job_name
        artifacts = self.output()["ModelArtifacts"]["S3ModelArtifacts"]
        environment = read(estimator, "environment") or {}
        if hasattr(estimator, "create_model"):
            model = _ready(estimator).create_model()
            model.name, model.model_data = name, artifacts
            if environment:
                model.env = environment
            return model
        return objects.ExpectedModel(
            name,
            read(estimator, "training_image_uri", "image_uri", "training_image"),
            read(estimator, "role"),
            artifacts,
            dict(environment),
            read(estimator, "vpc_config"),
            read(estimator, "enable_network_isolation"),
        )


def _ready(estimator: Any) -> Any:
    """A copy of *estimator* that has run, as far as making a model asks: version 2 composes where the model would
    be."""
    other = copy.copy(estimator)
    for name, value in (("_current_job_name", "job"), ("output_path", "s3://bucket/")):
        if hasattr(other, name) and getattr(other, name) is None:
            setattr(other, name, value)
    return other


class TransformStep(_SageMakerStep):
    """Run a batch transform job and wait for it. Its output is the document of DescribeTransformJob.

    :param transformer: a transformer, or anything with its attributes.
    :param job_name: a name or a placeholder.
    :param model_name: the model that transforms.
    :param data: where the input is.
    """

    row = "sagemaker:createTransformJob"
    name_field = "TransformJobName"
    result_key = "Transform"
    status_field = "TransformJobStatus"

    def __init__(
        self,
        state_id: str,
        transformer: Any = None,
        job_name: Any = None,
        model_name: Any = None,
        data: Any = None,
        data_type: Any = "S3Prefix",
        content_type: Any = None,
        compression_type: Any = None,
        split_type: Any = None,
        experiment_config: Any = None,
        wait_for_completion: bool = True,
        tags: Any = None,
        input_filter: Any = None,
        output_filter: Any = None,
        join_source: Any = None,
        *,
        request: Any = None,
        **kwargs: Any,
    ) -> None:
        made: Any = None
        if transformer is not None:
            made = objects.transform_request(
                transformer,
                job_name=job_name,
                model_name=model_name,
                data=data,
                data_type=data_type,
                content_type=content_type,
                compression_type=compression_type,
                split_type=split_type,
                input_filter=input_filter,
                output_filter=output_filter,
                join_source=join_source,
            )
            made |= present(ExperimentConfig=experiment_config, Tags=tag_list(tags))
        self._begin(state_id, transformer, wait_for_completion, request, made, kwargs)


class TuningStep(_SageMakerStep):
    """Run a hyperparameter tuning job and wait for it. Its output has ``BestTrainingJob``.

    :param tuner: a tuner, or anything with its attributes.
    :param job_name: a name of at most 32 characters, or a placeholder.
    :param data: whatever ``fit()`` takes.
    """

    row = "sagemaker:createHyperParameterTuningJob"
    name_field = "HyperParameterTuningJobName"
    name_limit = 32
    result_key = "Tuning"
    status_field = "HyperParameterTuningJobStatus"

    def __init__(
        self,
        state_id: str,
        tuner: Any = None,
        job_name: Any = None,
        data: Any = None,
        wait_for_completion: bool = True,
        tags: Any = None,
        *,
        request: Any = None,
        **kwargs: Any,
    ) -> None:
        made: Any = None
        if tuner is not None:
            made, uploads = objects.tuning_request(tuner, job_name=job_name, data=data)
            made |= present(Tags=tag_list(tags))
            self.uploads = tuple(uploads)
        self._begin(state_id, tuner, wait_for_completion, request, made, kwargs)


class ProcessingStep(_SageMakerStep):
    """Run a processing job and wait for it. Its output is the document of DescribeProcessingJob.

    :param processor: a processor, or anything with its attributes.
    :param job_name: a name or a placeholder.
    :param inputs: processing inputs, as objects or dicts.
    :param outputs: processing outputs, as objects or dicts.
    :param container_arguments: what the container is called with; may hold placeholders.
    :param container_entrypoint: what is called.
    :param kms_key_id: the key that encrypts the outputs.
    """

    row = "sagemaker:createProcessingJob"
    name_field = "ProcessingJobName"
    result_key = "Processing"
    status_field = "ProcessingJobStatus"

    def __init__(
        self,
        state_id: str,
        processor: Any = None,
        job_name: Any = None,
        inputs: Any = None,
        outputs: Any = None,
        experiment_config: Any = None,
        container_arguments: Any = None,
        container_entrypoint: Any = None,
        kms_key_id: Any = None,
        wait_for_completion: bool = True,
        tags: Any = None,
        *,
        request: Any = None,
        **kwargs: Any,
    ) -> None:
        made: Any = None
        if processor is not None:
            made = objects.processing_request(
                processor,
                job_name=job_name,
                inputs=inputs,
                outputs=outputs,
                container_arguments=container_arguments,
                container_entrypoint=container_entrypoint,
                kms_key_id=kms_key_id,
            )
            made |= present(ExperimentConfig=experiment_config, Tags=tag_list(tags))
        self._begin(state_id, processor, wait_for_completion, request, made, kwargs)


class LabelingStep(_SageMakerStep):
    """Run a labeling job and wait for it.

    :param request: the request of CreateLabelingJob.
    """

    row = "sagemaker:createLabelingJob"
    name_field = "LabelingJobName"
    status_field = "LabelingJobStatus"

    def __init__(self, state_id: str, request: Any = None, wait_for_completion: bool = True, **kwargs: Any) -> None:
        self._begin(state_id, None, wait_for_completion, request, None, kwargs)


class ModelStep(_SageMakerStep):
    """Create a model.

    :param model: a model, a pipeline model, a model package (its ARN as ``model_package_arn``), or anything with their
        attributes.
    :param model_name: a name or a placeholder; the model's own if not given.
    :param instance_type: for frameworks' models, which choose their image by it.
    """

    row = "sagemaker:createModel"

    def __init__(
        self,
        state_id: str,
        model: Any = None,
        model_name: Any = None,
        instance_type: str | None = None,
        tags: Any = None,
        *,
        request: Any = None,
        **kwargs: Any,
    ) -> None:
        made: Any = None
        if model is not None:
            made = objects.model_request(model, model_name=model_name, instance_type=instance_type)
            made |= present(Tags=tag_list(tags))
        self._begin(state_id, model, False, request, made, kwargs)


class EndpointConfigStep(_SageMakerStep):
    """Create the configuration of an endpoint.

    :param variant_name: the name of the one variant that serves the model.
    :param data_capture_config: an object or a dict.
    :param production_variants: several variants as dicts, instead of *model_name* and what follows it.
    :param serverless_config: ``MemorySizeInMB`` and ``MaxConcurrency``, instead of instances.
    :param more: further fields: ``async_inference_config``, ``shadow_production_variants``, ``kms_key_id``,
        ``explainer_config``, ``vpc_config``, ``enable_network_isolation``.
    """

    row = "sagemaker:createEndpointConfig"
    _more = (
        "async_inference_config",
        "shadow_production_variants",
        "kms_key_id",
        "explainer_config",
        "vpc_config",
        "enable_network_isolation",
    )

    def __init__(
        self,
        state_id: str,
        endpoint_config_name: Any = None,
        model_name: Any = None,
        initial_instance_count: Any = None,
        instance_type: Any = None,
        variant_name: Any = "AllTraffic",
        data_capture_config: Any = None,
        tags: Any = None,
        *,
        production_variants: Any = None,
        serverless_config: Any = None,
        request: Any = None,
        **kwargs: Any,
    ) -> None:
        more = {name: shaped(kwargs.pop(name)) for name in self._more if name in kwargs}
        variant = present(
            InitialInstanceCount=initial_instance_count,
            InstanceType=instance_type,
            ModelName=model_name,
            VariantName=variant_name,
            ServerlessConfig=shaped(serverless_config),
        )
        made = present(
            EndpointConfigName=endpoint_config_name,
            ProductionVariants=[variant] if production_variants is None else shaped(production_variants),
            DataCaptureConfig=shaped(data_capture_config),
            Tags=tag_list(tags),
            AsyncInferenceConfig=more.get("async_inference_config"),
            ShadowProductionVariants=more.get("shadow_production_variants"),
            KmsKeyId=more.get("kms_key_id"),
            ExplainerConfig=more.get("explainer_config"),
            VpcConfig=more.get("vpc_config"),
            EnableNetworkIsolation=more.get("enable_network_isolation"),
        )
        self._begin(state_id, endpoint_config_name, False, request, made, kwargs)


class EndpointStep(_SageMakerStep):
    """Create an endpoint, or update one.

    :param update: update the endpoint that is there.
    :param wait_for_completion: go on only when the endpoint is in service, and fail if it does not come to that. The
        step is then a Parallel around the call and a loop that looks; its output is the document of DescribeEndpoint.
    :param poll_seconds: how long to wait between two looks.
    """

    row = "sagemaker:createEndpoint"

    def __init__(
        self,
        state_id: str,
        endpoint_name: Any = None,
        endpoint_config_name: Any = None,
        tags: Any = None,
        update: bool = False,
        *,
        wait_for_completion: bool = False,
        poll_seconds: int = 30,
        request: Any = None,
        **kwargs: Any,
    ) -> None:
        if update:
            object.__setattr__(self, "row", "sagemaker:updateEndpoint")
        made = present(EndpointConfigName=endpoint_config_name, EndpointName=endpoint_name, Tags=tag_list(tags))
        self._wait = wait_for_completion
        self._poll_seconds = poll_seconds
        self._begin(state_id, endpoint_name, False, request, made, kwargs)

    @property
    def waits_in_loop(self) -> bool:
        """Whether it is more than one state: the call, and a loop that looks."""
        return self._wait

    @property
    def poll_seconds(self) -> int:
        """How long it waits between two looks."""
        return self._poll_seconds

    @property
    def actions(self) -> tuple[str, ...]:
        """The IAM actions that the role needs."""
        return super().actions + (("sagemaker:DescribeEndpoint",) if self._wait else ())

    def freeze(self, freezer: Freezer) -> asl.State:
        """The call, or the call with the loop that waits."""
        state = super().freeze(freezer)
        assert isinstance(state, asl.Task)
        if not self._wait:
            return state
        try:
            return until_in_service(state, self.fields, self._poll_seconds, freezer)
        except ValueError as error:
            freezer.refuse(self, error)
            return state


class ModelPackageStep(SdkStep):
    """Register a model: create a version of it in a group of the model registry.

    :param model_package_group_name: the group, which is there.
    :param model: anything that a `ModelStep` takes.
    :param content_types: what the model reads, ``["text/csv"]``.
    :param response_types: what it answers.
    :param approval_status: ``PendingManualApproval``, ``Approved`` or ``Rejected``.
    :param model_metrics: an object or a dict.
    :param request: the whole request of CreateModelPackage, instead.
    """

    def __init__(
        self,
        state_id: str,
        model_package_group_name: Any = None,
        model: Any = None,
        content_types: Any = None,
        response_types: Any = None,
        inference_instances: Any = None,
        transform_instances: Any = None,
        approval_status: Any = "PendingManualApproval",
        description: Any = None,
        model_metrics: Any = None,
        *,
        request: Any = None,
        **kwargs: Any,
    ) -> None:
        if request is None:
            parts = read(model, "models") or [model]
            specification = present(
                Containers=[_registered(objects.container(part)) for part in parts],
                SupportedContentTypes=content_types,
                SupportedResponseMIMETypes=response_types,
                SupportedRealtimeInferenceInstanceTypes=inference_instances,
                SupportedTransformInstanceTypes=transform_instances,
            )
            request = present(
                ModelPackageGroupName=model_package_group_name,
                InferenceSpecification=specification,
                ModelApprovalStatus=approval_status,
                ModelPackageDescription=description,
                ModelMetrics=shaped(model_metrics),
            )
        super().__init__(state_id, "sagemaker", "createModelPackage", request, **kwargs)


def _registered(definition: dict[str, Any]) -> dict[str, Any]:
    kept = ("Image", "ModelDataUrl", "Environment", "ContainerHostname")
    return {key: definition[key] for key in kept if definition.get(key) not in (None, {})}
