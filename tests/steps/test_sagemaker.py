"""SageMaker's steps: whatever an object says is in the request."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from airflow_sfn_ml.asl import validate
from airflow_sfn_ml.inputs import ExecutionInput
from airflow_sfn_ml.steps import (
    Chain,
    EndpointConfigStep,
    EndpointStep,
    Graph,
    LabelingStep,
    ModelPackageStep,
    ModelStep,
    Pass,
    ProcessingStep,
    TrainingStep,
    TransformStep,
    TuningStep,
)
from tests.steps.stand_ins import IMAGE, Estimator, ProcessingOutput, SKLearn, SKLearnProcessor

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
EI = ExecutionInput()


def parameters(step):
    """The step's request, which the service accepts and which stands in a valid definition."""
    assert [str(problem) for problem in step.request_problems()] == []
    made = Graph(step).to_dict()
    assert [str(problem) for problem in validate(made) if problem.severity == "error"] == []
    return made["States"][step.state_id]["Parameters"]


def test_nothing_of_an_estimator_is_dropped():
    estimator = Estimator(
        IMAGE,
        ROLE,
        instance_type="ml.m5.xlarge",
        output_path="s3://b/models",
        output_kms_key="key-out",
        volume_kms_key="key-disk",
        isolated=True,
        encrypt_inter_container_traffic=True,
        checkpoint_s3_uri="s3://b/checkpoints",
        checkpoint_local_path="/opt/ml/checkpoints",
        environment={"A": 1},
        use_spot_instances=True,
        max_run=100,
        max_wait=200,
        max_retry_attempts=3,
        subnets=["subnet-1"],
        security_group_ids=["sg-1"],
        metric_definitions=[{"Name": "loss", "Regex": "loss=(.*)"}],
        profiler_config=SimpleNamespace(_to_request_dict=lambda: {"S3OutputPath": "s3://b/profile"}),
        tensorboard_output_config=SimpleNamespace(s3_output_path="s3://b/tb"),
        debugger_hook_config=SimpleNamespace(_to_request_dict=lambda: {"S3OutputPath": "s3://b/debug"}),
        container_entry_point=["run"],
        container_arguments=["--fast"],
        keep_alive_period_in_seconds=600,
        tags=[{"Key": "a", "Value": "b"}],
    )
    made = parameters(TrainingStep("t", estimator, "job", data="s3://b/train"))
    assert made == {
        "TrainingJobName": "job",
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "loss", "Regex": "loss=(.*)"}],
            "ContainerEntrypoint": ["run"],
            "ContainerArguments": ["--fast"],
        },
        "OutputDataConfig": {"S3OutputPath": "s3://b/models", "KmsKeyId": "key-out"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 100, "MaxWaitTimeInSeconds": 200},
        "ResourceConfig": {
            "InstanceCount": 1,
            "InstanceType": "ml.m5.xlarge",
            "VolumeSizeInGB": 30,
            "VolumeKmsKeyId": "key-disk",
            "KeepAlivePeriodInSeconds": 600,
        },
        "RoleArn": ROLE,
        "InputDataConfig": [
            {
                "ChannelName": "training",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": "s3://b/train",
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
        ],
        "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        "Environment": {"A": "1"},
        "CheckpointConfig": {"S3Uri": "s3://b/checkpoints", "LocalPath": "/opt/ml/checkpoints"},
        "RetryStrategy": {"MaximumRetryAttempts": 3},
        "EnableManagedSpotTraining": True,
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": True,
        "ProfilerConfig": {"S3OutputPath": "s3://b/profile"},
        "TensorBoardOutputConfig": {"S3OutputPath": "s3://b/tb"},
        "DebugHookConfig": {"S3OutputPath": "s3://b/debug"},
        "Tags": [{"Key": "a", "Value": "b"}],
    }


def test_a_trainer_of_version_3_says_it_in_shapes():
    trainer = SimpleNamespace(
        training_image=IMAGE,
        algorithm_name=None,
        role=ROLE,
        compute=SimpleNamespace(
            instance_type="ml.m5.large", instance_count=2, volume_size_in_gb=50, enable_managed_spot_training=False
        ),
        networking=SimpleNamespace(subnets=["subnet-1"], security_group_ids=["sg-1"], enable_network_isolation=True),
        stopping_condition=SimpleNamespace(max_runtime_in_seconds=60),
        output_data_config=SimpleNamespace(s3_output_path="s3://b/out", kms_key_id="key"),
        checkpoint_config=SimpleNamespace(s3_uri="s3://b/c"),
        input_data_config=[SimpleNamespace(channel_name="train", data_source="s3://b/train", content_type="text/csv")],
        hyperparameters={"epochs": 3},
        environment={"A": "b"},
        source_code=None,
        tags=None,
    )
    made = parameters(TrainingStep("t", trainer, "job"))
    assert made["ResourceConfig"] == {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 50}
    assert made["EnableManagedSpotTraining"] is False
    assert made["VpcConfig"] == {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    assert made["EnableNetworkIsolation"] is True
    assert made["OutputDataConfig"] == {"S3OutputPath": "s3://b/out", "KmsKeyId": "key"}
    assert made["CheckpointConfig"] == {"S3Uri": "s3://b/c"}
    assert made["InputDataConfig"][0]["ContentType"] == "text/csv"
    assert made["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://b/train"
    assert made["HyperParameters"] == {"epochs": "3"}


def test_placeholders_stand_in_objects_and_arguments():
    estimator = Estimator(IMAGE, ROLE, instance_type=EI["instance"], output_path=EI["out"])
    step = TrainingStep(
        "t",
        estimator,
        EI["job"],
        data={"train": EI["train"], "test": EI["test"]},
        hyperparameters={"depth": EI["depth"], "rate": 0.1},
        experiment_config=EI["experiment"],
        tags=EI["tags"],
    )
    made = parameters(step)
    assert made["ResourceConfig"]["InstanceType.$"] == "$$.Execution.Input['instance']"
    assert [c["DataSource"]["S3DataSource"]["S3Uri.$"] for c in made["InputDataConfig"]] == [
        "$$.Execution.Input['train']",
        "$$.Execution.Input['test']",
    ]
    assert made["HyperParameters"] == {"depth.$": "$$.Execution.Input['depth']", "rate": "0.1"}
    assert made["ExperimentConfig.$"] == "$$.Execution.Input['experiment']"
    assert made["Tags.$"] == "$$.Execution.Input['tags']"


def test_parameters_are_merged_over_what_the_object_says():
    estimator = Estimator(IMAGE, ROLE, instance_type="ml.m5.large", output_path="s3://b/o")
    over = {"ResourceConfig": {"InstanceCount": 4}, "EnableNetworkIsolation": True}
    made = parameters(TrainingStep("t", estimator, "job", parameters=over))
    assert made["ResourceConfig"] == {"InstanceCount": 4, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}
    assert made["EnableNetworkIsolation"] is True
    config = EndpointConfigStep("e", "c", "m", 1, "ml.m5.large", parameters={"KmsKeyId": "key"})
    assert parameters(config)["KmsKeyId"] == "key"


def test_code_is_named_by_its_content_and_uploaded_later(tmp_path):
    (tmp_path / "train.py").write_text("print(1)")

    def step():
        estimator = SKLearn(
            entry_point="train.py",
            source_dir=str(tmp_path),
            role=ROLE,
            instance_type="ml.m5.large",
            code_location="s3://code/here",
        )
        return TrainingStep("t", estimator, "job")

    first, second = step(), step()
    assert parameters(first) == parameters(second)
    (upload,) = first.uploads
    assert upload.uri.startswith("s3://code/here/code/")
    assert parameters(first)["HyperParameters"]["sagemaker_submit_directory"] == f'"{upload.uri}"'
    assert upload.archive() == second.uploads[0].archive()
    (tmp_path / "train.py").write_text("print(2)")
    assert step().uploads[0].uri != upload.uri


def test_code_that_is_not_there_is_refused():
    estimator = SKLearn(entry_point="missing.py", role=ROLE, instance_type="ml.m5.large")
    with pytest.raises(ValueError, match="the code 'missing.py' is not there"):
        TrainingStep("t", estimator, "job")


def test_nothing_of_a_processor_is_dropped():
    processor = SKLearnProcessor(
        role=ROLE,
        instance_count=1,
        instance_type="ml.m5.large",
        entrypoint=["python3", "x.py"],
        output_kms_key="key",
        volume_kms_key="disk",
        max_runtime_in_seconds=60,
        env={"A": "b"},
        network_config=SimpleNamespace(
            enable_network_isolation=True,
            encrypt_inter_container_traffic=True,
            security_group_ids=["sg-1"],
            subnets=["subnet-1"],
        ),
    )
    outputs = [ProcessingOutput(source="/opt/ml/processing/out", destination="s3://b/out")]
    made = parameters(ProcessingStep("p", processor, "job", outputs=outputs, container_arguments=["--n", EI["n"]]))
    assert made == {
        "ProcessingJobName": "job",
        "AppSpecification": {
            "ImageUri": IMAGE,
            "ContainerEntrypoint": ["python3", "x.py"],
            "ContainerArguments.$": "States.Array('--n', $$.Execution.Input.n)",
        },
        "RoleArn": ROLE,
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 30,
                "VolumeKmsKeyId": "disk",
            }
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "Environment": {"A": "b"},
        "NetworkConfig": {
            "EnableNetworkIsolation": True,
            "EnableInterContainerTrafficEncryption": True,
            "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        },
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "output-1",
                    "AppManaged": False,
                    "S3Output": {
                        "S3Uri": "s3://b/out",
                        "LocalPath": "/opt/ml/processing/out",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ],
            "KmsKeyId": "key",
        },
    }


def test_a_model_keeps_its_network_and_a_pipeline_its_containers():
    part = SimpleNamespace(image_uri=IMAGE, model_data="s3://b/m.tar.gz", env={"A": "b"}, role=ROLE)
    vpc = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    single = SimpleNamespace(**vars(part), vpc_config=vpc, enable_network_isolation=lambda: True, name="m")
    assert parameters(ModelStep("m", single)) == {
        "ModelName": "m",
        "ExecutionRoleArn": ROLE,
        "VpcConfig": vpc,
        "EnableNetworkIsolation": True,
        "PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": "s3://b/m.tar.gz", "Environment": {"A": "b"}},
    }
    pipeline = SimpleNamespace(models=[part, part], role=ROLE, name="pipe")
    assert len(parameters(ModelStep("m", pipeline))["Containers"]) == 2
    package = SimpleNamespace(
        model_package_arn="arn:aws:sagemaker:us-east-1:123456789012:model-package/p/1", role=ROLE, name="p"
    )
    assert parameters(ModelStep("m", package))["PrimaryContainer"]["ModelPackageName"].endswith("/p/1")
    with pytest.raises(ValueError, match="received type 'object'"):
        ModelStep("m", object())


def test_an_endpoint_config_without_instances():
    step = EndpointConfigStep(
        "e", "c", "m", serverless_config={"MemorySizeInMB": 2048, "MaxConcurrency": 5}, kms_key_id="key"
    )
    assert parameters(step) == {
        "EndpointConfigName": "c",
        "KmsKeyId": "key",
        "ProductionVariants": [
            {
                "ModelName": "m",
                "VariantName": "AllTraffic",
                "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5},
            }
        ],
    }


@pytest.mark.parametrize("language", [None, "JSONata"])
def test_an_endpoint_step_can_wait_until_it_is_in_service(language):
    step = EndpointStep("deploy", EI["name"], "config", wait_for_completion=True)
    made = Graph(Chain([step, Pass("after")]), query_language=language).to_dict()
    assert [str(problem) for problem in validate(made) if problem.severity == "error"] == []
    state = made["States"]["deploy"]
    assert (state["Type"], state["Output"], state["Next"]) == ("Parallel", "{% $states.result[0] %}", "after")
    inner = state["Branches"][0]["States"]
    assert inner["deploy: call"]["Resource"].endswith("sagemaker:createEndpoint")
    assert inner["deploy: in service?"]["Default"] == "deploy: failed"
    assert "sagemaker:DescribeEndpoint" in step.actions


def test_a_model_is_registered():
    model = SimpleNamespace(image_uri=IMAGE, model_data=EI["model"], env={}, role=ROLE)
    step = ModelPackageStep("r", "group", model, ["text/csv"], ["text/csv"], approval_status="Approved")
    assert parameters(step) == {
        "ModelPackageGroupName": "group",
        "ModelApprovalStatus": "Approved",
        "InferenceSpecification": {
            "Containers": [{"Image": IMAGE, "ModelDataUrl.$": "$$.Execution.Input['model']"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    }


@pytest.mark.parametrize(
    ("cls", "call"),
    [
        (TrainingStep, "createTrainingJob.sync"),
        (ProcessingStep, "createProcessingJob.sync"),
        (TransformStep, "createTransformJob.sync"),
        (TuningStep, "createHyperParameterTuningJob.sync"),
        (LabelingStep, "createLabelingJob.sync"),
        (ModelStep, "createModel"),
        (EndpointConfigStep, "createEndpointConfig"),
        (EndpointStep, "createEndpoint"),
    ],
)
def test_a_request_may_be_a_dict(cls, call):
    step = cls("s", request={"A": 1})
    assert step.request == {"A": 1}
    assert step.integration == f"sagemaker:{call}"
    assert step.with_request({"B": 2}).to_dict()["Parameters"] == {"B": 2}
    assert step.request == {"A": 1}


def test_a_job_that_is_not_waited_for():
    step = TrainingStep("s", request={}, wait_for_completion=False)
    assert step.integration == "sagemaker:createTrainingJob"
    assert "sagemaker:StopTrainingJob" not in step.actions


def test_an_object_and_a_request_are_too_much():
    with pytest.raises(TypeError, match="an object or a request"):
        TrainingStep("s", Estimator(IMAGE, ROLE, instance_type="x", output_path="s3://b"), "job", request={})
