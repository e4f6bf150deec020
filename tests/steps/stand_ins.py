"""Objects with the attributes of SageMaker's SDK, version 2 (what ``sdk_code`` uses) and 3, and nothing else of it."""

from __future__ import annotations

from types import SimpleNamespace

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:0.20.0-cpu-py3"
BUCKET = "sagemaker-us-east-1-123456789012"


class Session:
    boto_region_name = "us-east-1"

    def default_bucket(self):
        return BUCKET


class _Settings:
    """Attributes are the keyword arguments, over those of the class."""

    def __init__(self, **settings):
        self.__dict__.update(settings)


class SKLearnProcessor(_Settings):
    image_uri = IMAGE
    entrypoint = None
    volume_size_in_gb = 30
    volume_kms_key = output_kms_key = max_runtime_in_seconds = env = tags = network_config = None


class ProcessingInput(_Settings):
    s3_input = dataset_definition = None
    app_managed = False


class ProcessingOutput(_Settings):
    feature_store_output = s3_output = None
    app_managed = False


class TrainingInput:
    def __init__(self, s3_data, content_type=None):
        source = {"S3DataType": "S3Prefix", "S3Uri": s3_data, "S3DataDistributionType": "FullyReplicated"}
        self.config = {"DataSource": {"S3DataSource": source}}
        if content_type:
            self.config["ContentType"] = content_type


class _EstimatorBase(_Settings):
    instance_count = 1
    volume_size = 30
    volume_kms_key = output_kms_key = output_path = max_wait = tags = subnets = security_group_ids = None
    max_run = 86400
    input_mode = "File"
    use_spot_instances = encrypt_inter_container_traffic = False
    metric_definitions = checkpoint_s3_uri = checkpoint_local_path = environment = max_retry_attempts = rules = None
    debugger_hook_config = profiler_config = tensorboard_output_config = None
    sagemaker_session = Session()
    isolated = False
    values: dict[str, object] = {}  # noqa: RUF012

    def training_image_uri(self):
        return self.image_uri

    def hyperparameters(self):
        return self.values

    def enable_network_isolation(self):
        return self.isolated


class SKLearn(_EstimatorBase):
    image_uri = IMAGE
    container_log_level = 20
    source_dir = code_location = uploaded_code = None


class Estimator(_EstimatorBase):
    def __init__(self, image_uri, role, hyperparameters=None, **settings):
        super().__init__(image_uri=image_uri, role=role, values=hyperparameters or {}, **settings)

    def create_model(self):
        return SimpleNamespace(image_uri=self.image_uri, role=self.role, env={}, name=None, model_data=None)

    def transformer(self, instance_count, instance_type, output_path):
        return SimpleNamespace(instance_count=instance_count, instance_type=instance_type, output_path=output_path)


class ContinuousParameter(_Settings):
    def __init__(self, low, high):
        super().__init__(low=low, high=high)


class HyperparameterTuner(_Settings):
    strategy = "Bayesian"
    early_stopping_type = "Off"
    estimator_dict = static_hyperparameters = metric_definitions = warm_start_config = tags = None

    def __init__(self, estimator, hyperparameter_ranges, **settings):
        super().__init__(estimator=estimator, ranges=hyperparameter_ranges, **settings)

    def hyperparameter_ranges(self):
        continuous = [
            {"Name": name, "MinValue": str(r.low), "MaxValue": str(r.high), "ScalingType": "Auto"}
            for name, r in self.ranges.items()
        ]
        return {
            "ContinuousParameterRanges": continuous,
            "CategoricalParameterRanges": [],
            "IntegerParameterRanges": [],
        }


THINGS = SimpleNamespace(
    session=Session(),
    SKLearnProcessor=SKLearnProcessor,
    ProcessingInput=ProcessingInput,
    ProcessingOutput=ProcessingOutput,
    TrainingInput=TrainingInput,
    SKLearn=SKLearn,
    Estimator=Estimator,
    HyperparameterTuner=HyperparameterTuner,
    ContinuousParameter=ContinuousParameter,
)
