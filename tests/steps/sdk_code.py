"""Code as users of the Data Science SDK wrote it, from its documentation and its notebooks; only the imports changed.

The files in ``golden`` hold what ``stepfunctions`` 2.3.0 with ``sagemaker`` 2.72.0 made of this code, with
``airflow_sfn_ml`` in the imports replaced by ``stepfunctions``.
"""

from __future__ import annotations

from airflow_sfn_ml.inputs import ExecutionInput
from airflow_sfn_ml.steps import (
    Catch,
    Chain,
    Choice,
    EcsRunTaskStep,
    EndpointConfigStep,
    EndpointStep,
    Fail,
    GlueStartJobRunStep,
    Graph,
    LambdaStep,
    Map,
    ModelStep,
    Parallel,
    Pass,
    ProcessingStep,
    Retry,
    SnsPublishStep,
    Succeed,
    Task,
    TrainingStep,
    TransformStep,
    TuningStep,
    Wait,
)
from airflow_sfn_ml.steps.choice_rule import ChoiceRule
from airflow_sfn_ml.steps.service import DynamoDBPutItemStep, EmrAddStepStep

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
BUCKET = "sagemaker-us-east-1-123456789012"


def hello_world(things):
    start_pass_state = Pass(state_id="MyPassState")
    wait_state = Wait(state_id="Wait for 3 seconds", seconds=3)
    lambda_state = LambdaStep(
        state_id="Convert HelloWorld to Base64",
        parameters={"FunctionName": "base64", "Payload": {"input": "HelloWorld"}},
    )
    lambda_state.add_retry(
        Retry(error_equals=["States.TaskFailed"], interval_seconds=15, max_attempts=2, backoff_rate=4.0)
    )
    lambda_state.add_catch(Catch(error_equals=["States.TaskFailed"], next_step=Fail("LambdaTaskFailed")))
    succeed_state = Succeed("HelloWorldSuccessful")
    return Chain([start_pass_state, wait_state, lambda_state, succeed_state])


def choice_of_the_documentation(things):
    choice_state = Choice("MyChoiceState", input_path="$.Library")
    choice_state.add_choice(
        rule=ChoiceRule.StringEquals(variable="$.Genre", value="Fiction"), next_step=Pass("FictionState")
    )
    choice_state.add_choice(
        rule=ChoiceRule.And(
            [
                ChoiceRule.StringEquals(variable="$.Type", value="Book"),
                ChoiceRule.Not(ChoiceRule.NumericGreaterThanEquals(variable="$.Pages", value=100)),
                ChoiceRule.Or([ChoiceRule.BooleanEquals("$.Lent", False), ChoiceRule.IsPresent("$.Reader", True)]),
                ChoiceRule.TimestampLessThanPath(variable="$.Due", value="$.Today"),
            ]
        ),
        next_step=Wait("ShortBook", seconds=5),
    )
    choice_state.default_choice(next_step=Fail("NoGenre", error="NoGenre", cause="nothing fits"))
    return choice_state


def parallel_of_the_documentation(things):
    parallel_state = Parallel("MyParallelState", result_path="$.sides")
    parallel_state.add_branch(Pass("LeftPass", result={"side": "left"}))
    parallel_state.add_branch(Chain([Wait("RightWait", seconds=1), Pass("RightPass", comment="the other")]))
    parallel_state.add_retry(Retry(error_equals=["States.ALL"]))
    parallel_state.add_catch(Catch(error_equals=["States.ALL"], result_path="$.error", next_step=Fail("Both failed")))
    return Chain([parallel_state, Succeed("Joined")])


def map_of_the_documentation(things):
    map_state = Map(
        state_id="MyMapState", items_path="$.items", max_concurrency=2, parameters={"x.$": "$$.Map.Item.Value"}
    )
    map_state.attach_iterator(Chain([Pass("Each"), Pass("Twice")]))
    nested = Map("Nested", iterator=Pass("Inner"))
    return Chain([map_state, nested])


def retry_and_catch(things):
    task_state = Task(
        "Work",
        resource="arn:aws:lambda:us-east-1:123456789012:function:work",
        timeout_seconds=60,
        heartbeat_seconds_path="$.beat",
        retry=[
            Retry(error_equals=["States.Timeout"], interval_seconds=1, max_attempts=5),
            Retry(error_equals=["States.TaskFailed"], backoff_rate=1.5, max_attempts=0),
        ],
        catch=Catch(error_equals=["States.ALL"], next_step=Chain([Pass("Clean up"), Fail("Stop")])),
    )
    return Chain([task_state, Succeed("Done", input_path="$.a", output_path="$.b")])


def placeholders_of_the_documentation(things):
    execution_input = ExecutionInput(schema={"JobName": str, "Params": {"depth": int}, "Topic": str})
    lambda_state = LambdaStep(
        "First",
        parameters={
            "FunctionName": "first",
            "Payload": {"job": execution_input["JobName"], "params": execution_input["Params"]["depth"]},
        },
    )
    notify = SnsPublishStep(
        "Notify",
        parameters={"TopicArn": execution_input["Topic"], "Message": lambda_state.output()["Payload"]["messages"][0]},
    )
    return Chain([lambda_state, notify])


def paths_that_are_none(things):
    return Chain(
        [
            Pass("In", input_path=None, result_path=None, output_path=None),
            Task("Discard", resource="arn:aws:lambda:us-east-1:123456789012:function:f", result_path=None),
        ]
    )


def services(things):
    put = DynamoDBPutItemStep("Put", parameters={"TableName": "t", "Item": {"id": {"S": "1"}}})
    ecs = EcsRunTaskStep("Ecs", wait_for_completion=False, parameters={"TaskDefinition": "t"})
    emr = EmrAddStepStep("Emr", parameters={"ClusterId": "j-1", "Step": {"Name": "s"}}, timeout_seconds=10)
    return Chain([put, ecs, emr])


def a_loop(things):
    start = LambdaStep("Start", parameters={"FunctionName": "start"})
    wait = Wait("Wait", seconds=10)
    look = LambdaStep("Look", parameters={"FunctionName": "look", "Payload.$": "$"})
    choice = Choice("Ready?")
    choice.add_choice(ChoiceRule.StringEquals(look.output()["Payload"]["status"], "DONE"), Succeed("Ready"))
    choice.add_choice(ChoiceRule.StringMatches(look.output()["Payload"]["status"], "FAIL*"), Fail("Broken"))
    choice.default_choice(wait)
    return Chain([start, wait, look, choice])


def census(things):
    """The notebook "Build machine learning workflows to process data and evaluate models with scikit-learn"."""
    execution_input = ExecutionInput(
        schema={"PreprocessingJobName": str, "TrainingJobName": str, "EvaluationProcessingJobName": str}
    )
    s3 = f"s3://{BUCKET}/data/sklearn_processing"
    sklearn_processor = things.SKLearnProcessor(
        framework_version="0.20.0",
        role=ROLE,
        instance_type="ml.m5.xlarge",
        instance_count=1,
        max_runtime_in_seconds=1200,
        sagemaker_session=things.session,
    )
    inputs = [
        things.ProcessingInput(
            source="s3://sagemaker-sample-data-us-east-1/processing/census/census-income.csv",
            destination="/opt/ml/processing/input",
            input_name="input-1",
        ),
        things.ProcessingInput(
            source=f"{s3}/code/preprocessing.py", destination="/opt/ml/processing/input/code", input_name="code"
        ),
    ]
    outputs = [
        things.ProcessingOutput(
            source="/opt/ml/processing/train", destination=f"{s3}/output/train_data", output_name="train_data"
        ),
        things.ProcessingOutput(
            source="/opt/ml/processing/test", destination=f"{s3}/output/test_data", output_name="test_data"
        ),
    ]
    processing_step = ProcessingStep(
        "SageMaker pre-processing step",
        processor=sklearn_processor,
        job_name=execution_input["PreprocessingJobName"],
        inputs=inputs,
        outputs=outputs,
        container_arguments=["--train-test-split-ratio", "0.2"],
        container_entrypoint=["python3", "/opt/ml/processing/input/code/preprocessing.py"],
    )
    sklearn = things.SKLearn(
        entry_point="train.py",
        source_dir=f"{s3}/code/sourcedir.tar.gz",
        framework_version="0.20.0",
        instance_type="ml.m5.xlarge",
        role=ROLE,
        sagemaker_session=things.session,
    )
    training_step = TrainingStep(
        "SageMaker Training Step",
        estimator=sklearn,
        data={"train": things.TrainingInput(f"{s3}/output/train_data", content_type="text/csv")},
        job_name=execution_input["TrainingJobName"],
        wait_for_completion=True,
    )
    evaluation_step = ProcessingStep(
        "SageMaker Processing Model Evaluation step",
        processor=sklearn_processor,
        job_name=execution_input["EvaluationProcessingJobName"],
        inputs=[
            things.ProcessingInput(
                source=f"{s3}/output/test_data", destination="/opt/ml/processing/test", input_name="input-1"
            ),
            things.ProcessingInput(
                source=f"s3://{BUCKET}/job/output/model.tar.gz",
                destination="/opt/ml/processing/model",
                input_name="input-2",
            ),
            things.ProcessingInput(
                source=f"{s3}/code/evaluation.py", destination="/opt/ml/processing/input/code", input_name="code"
            ),
        ],
        outputs=[
            things.ProcessingOutput(
                source="/opt/ml/processing/evaluation",
                destination=f"s3://{BUCKET}/job/evaluation",
                output_name="evaluation",
            )
        ],
        container_entrypoint=["python3", "/opt/ml/processing/input/code/evaluation.py"],
    )
    failed_state = Fail("ML Workflow failed", cause="SageMakerProcessingJobFailed")
    catch = Catch(error_equals=["States.TaskFailed"], next_step=failed_state)
    processing_step.add_catch(catch)
    training_step.add_catch(catch)
    evaluation_step.add_catch(catch)
    return Chain([processing_step, training_step, evaluation_step])


def abalone(things):
    """The notebook "Build a machine learning workflow using Step Functions and SageMaker"."""
    execution_input = ExecutionInput(schema={"JobName": str, "ModelName": str, "EndpointName": str})
    xgb = things.Estimator(
        "811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1",
        ROLE,
        instance_count=1,
        instance_type="ml.m4.4xlarge",
        volume_size=5,
        output_path=f"s3://{BUCKET}/single-xgboost",
        sagemaker_session=things.session,
        hyperparameters={"objective": "reg:linear", "num_round": 50, "max_depth": 5},
    )
    training_step = TrainingStep(
        "Train Step",
        estimator=xgb,
        data={
            "train": things.TrainingInput(f"s3://{BUCKET}/train", content_type="libsvm"),
            "validation": things.TrainingInput(f"s3://{BUCKET}/validation", content_type="libsvm"),
        },
        job_name=execution_input["JobName"],
        tags={"team": "fish"},
    )
    model_step = ModelStep(
        "Save model",
        model=training_step.get_expected_model(),
        model_name=execution_input["ModelName"],
        result_path="$.model",
    )
    transform_step = TransformStep(
        "Transform Input Dataset",
        transformer=xgb.transformer(instance_count=1, instance_type="ml.m5.large", output_path=f"s3://{BUCKET}/out"),
        job_name=execution_input["JobName"],
        model_name=execution_input["ModelName"],
        data=f"s3://{BUCKET}/test",
        content_type="text/libsvm",
        split_type="Line",
        join_source="Input",
    )
    endpoint_config_step = EndpointConfigStep(
        "Create Endpoint Config",
        endpoint_config_name=execution_input["ModelName"],
        model_name=execution_input["ModelName"],
        initial_instance_count=1,
        instance_type="ml.m5.large",
    )
    endpoint_step = EndpointStep(
        "Create Endpoint",
        endpoint_name=execution_input["EndpointName"],
        endpoint_config_name=execution_input["ModelName"],
        update=True,
    )
    return Chain([training_step, model_step, transform_step, endpoint_config_step, endpoint_step])


def retraining(things):
    """The notebook "Automate model retraining": Glue, Lambda, and a Choice on a metric."""
    execution_input = ExecutionInput(schema={"GlueJobName": str, "TrainingJobName": str, "LambdaFunctionName": str})
    etl_step = GlueStartJobRunStep(
        "Extract, Transform, Load",
        parameters={
            "JobName": execution_input["GlueJobName"],
            "Arguments": {"--S3_SOURCE": "s3://data", "--TRAIN_KEY": "train/"},
        },
    )
    lambda_step = LambdaStep(
        "Query Training Results",
        parameters={
            "FunctionName": execution_input["LambdaFunctionName"],
            "Payload": {"TrainingJobName.$": "$$.Execution.Input['TrainingJobName']"},
        },
    )
    check_accuracy_step = Choice("Accuracy > 90%")
    threshold_rule = ChoiceRule.NumericLessThan(
        variable=lambda_step.output()["Payload"]["trainingMetrics"][0]["Value"], value=0.1
    )
    check_accuracy_step.add_choice(rule=threshold_rule, next_step=Succeed("Good"))
    check_accuracy_step.default_choice(
        next_step=Fail("Model Accuracy Too Low", comment="Validation accuracy lower than 90%")
    )
    return Chain([etl_step, lambda_step, check_accuracy_step])


def tuning(things):
    xgb = things.Estimator(
        "811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1",
        ROLE,
        instance_count=1,
        instance_type="ml.m4.xlarge",
        volume_size=30,
        output_path=f"s3://{BUCKET}/tuned",
        sagemaker_session=things.session,
        hyperparameters={"objective": "reg:linear", "num_round": 50, "eta": 0.2},
    )
    tuner = things.HyperparameterTuner(
        xgb,
        objective_metric_name="validation:rmse",
        hyperparameter_ranges={"eta": things.ContinuousParameter(0.1, 0.5)},
        objective_type="Minimize",
        max_jobs=4,
        max_parallel_jobs=2,
    )
    return TuningStep("Tune", tuner=tuner, job_name="tune", data={"train": f"s3://{BUCKET}/train"}, tags={"a": "b"})


CASES = [
    hello_world,
    choice_of_the_documentation,
    parallel_of_the_documentation,
    map_of_the_documentation,
    retry_and_catch,
    placeholders_of_the_documentation,
    paths_that_are_none,
    services,
    a_loop,
    census,
    abalone,
    retraining,
    tuning,
]


def definition(case, things):
    return Graph(case(things), comment=case.__name__).to_dict()
