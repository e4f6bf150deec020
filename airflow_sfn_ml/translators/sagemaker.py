"""SageMaker's jobs: processing, training, tuning, transform.

A job that is waited for is one state, except for a transform, whose XCom also describes its model. Names of jobs get a
suffix that no other try has, so ``action_if_job_exists`` has nothing to decide; so does the name of a model that a
transform makes for itself. A job that was stopped is not a success, whatever upstream's modes make of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.asl import Catch, Choice, ChoiceRule, Pass, State, Task
from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.compiler.jsonata import literal
from airflow_sfn_ml.steps import ProcessingStep, ServiceStep, TrainingStep, TuningStep
from airflow_sfn_ml.steps.procedure import Procedure
from airflow_sfn_ml.translators.preparations import Place
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.sagemaker_config import CONFIG, OPERATORS, Config
from airflow_sfn_ml.translators.table import Call, Row, add, waits

CLUSTER = (("InstanceCount",), ("VolumeSizeInGB",))
STOPPING: tuple[Place, ...] = (
    ("StoppingCondition", "MaxRuntimeInSeconds"),
    ("StoppingCondition", "MaxWaitTimeInSeconds"),
)
TRANSFORM: tuple[Place, ...] = (
    ("TransformResources", "InstanceCount"),
    ("MaxConcurrentTransforms",),
    ("MaxPayloadInMB",),
)
LOST = (
    "the job's log lines while it runs (a failed task's log ends with the last of them)",
    "action_if_job_exists and check_if_job_exists: a suffix makes every name new",
    "the check whether inputs in S3 exist: the job tells",
)


def _below(head: str, places: tuple[Place, ...]) -> tuple[Place, ...]:
    return tuple((head, *place) for place in places)


def processing(operator: Any) -> Translation:
    """CreateProcessingJob, and the files that the XCom holds."""
    numbers = (*((("ProcessingResources", "ClusterConfig", *place)) for place in CLUSTER), STOPPING[0])
    config = Config.of(operator, numbers, (("RoleArn",),))
    files = operator.output_files_to_xcom
    if not files:
        return _job(operator, config, ProcessingStep)
    field, doc = ProcessingStep.name_field, "$p_job"
    assert field is not None
    request, _ = config.renamed(field, operator.label)
    states: list[State] = config.kept("create")
    reads = [_read_file(number, file, len(files)) for number, file in enumerate(files)]
    states.append(
        Task(
            "create",
            resource="sagemaker:createProcessingJob.sync",
            arguments=request,
            assign={doc[1:]: Code((_completed("ProcessingJobStatus"),))},
            timeout_seconds=operator.max_ingestion_time,
            next="read 1",
        )
    )
    entries: list[str | Given] = []
    for number, file in enumerate(files):
        entries += [", {" if number else "{", Given(file["result_name"]), f": $p_file_{number + 1}}}"]
    merged = Code(("$merge([", *entries, "])"))
    output = {"Processing": Code((doc,)), "OutputFiles": merged}
    return Translation(
        Procedure(operator.label, (*states, *reads, Pass("done", output=output))), actions=config.actions
    )


def _read_file(number: int, file: Mapping[str, Any], count: int) -> Task:
    """The state that reads one file; one that is not there, or is no JSON, becomes a note, as upstream's does."""
    name = Given(file["output_name"])
    found = Code(("$p_job.ProcessingOutputConfig.Outputs[OutputName = ", name, "].S3Output.S3Uri"))
    uri = Code(("$replace(", Given(found), ", /\\/+$/, '') & '/' & ", Given(file["file_name"])))
    inside = Code(("$substringAfter(", Given(uri), ", 's3://')"))
    kept = f"p_file_{number + 1}"
    following = f"read {number + 2}" if number + 1 < count else "done"
    note = Code(("{'_error': 'Failed to read ' & ", Given(file["file_name"]), " & ': ' & $states.errorOutput.Error}"))
    return Task(
        f"read {number + 1}",
        resource="aws-sdk:s3:getObject",
        arguments={
            "Bucket": Code(("$substringBefore(", Given(inside), ", '/')")),
            "Key": Code(("$substringAfter(", Given(inside), ", '/')")),
        },
        assign={kept: Code(("$parse($states.result.Body)",))},
        catch=(Catch(error_equals=("States.ALL",), next=following, assign={kept: note}),),
        next=following,
    )


def _files_problems(operator: Any) -> list[str]:
    files = operator.output_files_to_xcom
    if not files:
        return []
    if not operator.wait_for_completion:
        return ["output_files_to_xcom without wait_for_completion (the files are not there before the job has ended)"]
    keys = {"output_name", "file_name", "result_name"}
    if not isinstance(files, (list, tuple)) or not all(
        isinstance(item, Mapping) and keys <= set(item) for item in files
    ):
        return ["output_files_to_xcom that is not written out as a list of dicts (it decides which states there are)"]
    return []


def training(operator: Any) -> Translation:
    """CreateTrainingJob."""
    config = Config.of(operator, (*_below("ResourceConfig", CLUSTER), *STOPPING), (("RoleArn",),))
    return _job(operator, config, TrainingStep)


def tuning(operator: Any) -> Translation:
    """CreateHyperParameterTuningJob."""
    limits = ("MaxNumberOfTrainingJobs", "MaxParallelTrainingJobs")
    job = "TrainingJobDefinition"
    numbers = (
        *(("HyperParameterTuningJobConfig", "ResourceLimits", limit) for limit in limits),
        *_below(job, (*_below("ResourceConfig", CLUSTER), *STOPPING)),
    )
    return _job(operator, Config.of(operator, numbers, ((job, "RoleArn"),)), TuningStep)


def _job(operator: Any, config: Config, step: type[ServiceStep]) -> Translation:
    """The job of *step*, waited for; or begun and described."""
    if waits(operator, *_WAITS[step]):
        return Translation(
            step(operator.label, request=config.whole),
            field="config",
            timeout_seconds=operator.max_ingestion_time,
            actions=config.actions,
        )
    field = step.name_field
    assert field is not None
    request, name = config.renamed(field, operator.label, step.name_limit)
    call = step.row.partition(":")[2]
    states = (
        *config.kept("create"),
        Task("create", resource=step.row, arguments=request, assign={"p_name": name}, next="describe"),
        Task(
            "describe",
            resource=f"aws-sdk:sagemaker:{call.replace('create', 'describe')}",
            arguments={field: Code(("$p_name",))},
            output={step.result_key: Code(("$states.result",))},
        ),
    )
    return Translation(Procedure(operator.label, states), actions=config.actions)


_WAITS = {
    ProcessingStep: ("wait_for_completion",),
    TrainingStep: ("wait_for_completion",),
    TuningStep: ("wait_for_completion", "deferrable"),
}
"""The attributes that let upstream wait."""


def transform(operator: Any) -> Translation:
    """CreateModel where there is a model in the config, CreateTransformJob, and what describes both."""
    parts = ("Model", "Transform")
    numbers = (*TRANSFORM, *_below("Transform", TRANSFORM))
    config = Config.of(operator, numbers, (("Model", "ExecutionRoleArn"),), parts)
    states = _transform_written(operator, config) if config.written else _transform_whole(operator, config)
    states += _transform_described(waits(operator, "wait_for_completion"))
    return Translation(Procedure(operator.label, tuple(states)), actions=config.actions)


def _transform_written(operator: Any, config: Config) -> list[State]:
    model, job = config.part("Model"), config.part("Transform") or config
    states: list[State] = []
    if model is not None:
        request, name = model.renamed("ModelName", operator.label)
        states.append(_create_model(request, name))
        job = Config({**job.given, "ModelName": Code(("$p_model",))}, job.steps)
    return [*states, _create_transform(operator, *job.renamed("TransformJobName", operator.label))]


def _transform_whole(operator: Any, config: Config) -> list[State]:
    inner = f"($exists(${CONFIG}.Transform) ? ${CONFIG}.Transform : ${CONFIG})"
    model = f"${CONFIG}.Model"
    request, name = config.renamed("ModelName", operator.label, source=model)
    named = f"$merge([{inner}, ($exists({model}) ? {{'ModelName': $p_model}} : {{}})])"
    rule = ChoiceRule.when(Code((f"$exists({model})",)), "createModel")  # type: ignore[arg-type]
    return [
        *config.kept("model?", p_model=""),
        Choice("model?", choices=(rule,), default="create"),
        _create_model(request, name),
        _create_transform(operator, *config.renamed("TransformJobName", operator.label, source=f"({named})")),
    ]


def _create_model(request: Any, name: Code) -> Task:
    return Task(
        "createModel",
        resource="sagemaker:createModel",
        arguments=request,
        assign={"p_model": name},
        next="create",
    )


def _create_transform(operator: Any, request: Any, name: Code) -> Task:
    if not waits(operator, "wait_for_completion"):
        return Task(
            "create",
            resource="sagemaker:createTransformJob",
            arguments=request,
            assign={"p_name": name},
            next="describe",
        )
    return Task(
        "create",
        resource="sagemaker:createTransformJob.sync",
        arguments=request,
        assign={"p_job": Code((_completed("TransformJobStatus"),))},
        timeout_seconds=operator.max_ingestion_time,
        next="describe model",
    )


def _transform_described(waiting: bool) -> list[State]:
    model = Task(
        "describe model",
        resource="aws-sdk:sagemaker:describeModel",
        arguments={"ModelName": Code(("$p_job.ModelName",))},
        output={"Model": Code(("$states.result",)), "Transform": Code(("$p_job",))},
    )
    if waiting:
        return [model]
    job = Task(
        "describe",
        resource="aws-sdk:sagemaker:describeTransformJob",
        arguments={"TransformJobName": Code(("$p_name",))},
        assign={"p_job": Code(("$states.result",))},
        next="describe model",
    )
    return [job, model]


def _completed(status: str) -> str:
    """JSONata: the answer of a ``.sync`` call, or a failure if the job did not complete."""
    answer = "$states.result"
    complaint = f"{literal('the job ended as ')} & {answer}.{status}"
    return f"{answer}.{status} = 'Completed' ? {answer} : $error({complaint})"


def _row(name: str, build: Any, calls: tuple[str, ...], xcom: str, **more: Any) -> Row:
    return Row(
        f"{OPERATORS}.{name}",
        calls=tuple(Call(call.removesuffix(".sync"), sync=call.endswith(".sync")) for call in calls),
        build=build,
        xcom=xcom,
        **{"lost": LOST, **more},
    )


add(
    _row(
        "SageMakerProcessingOperator",
        processing,
        ("sagemaker:createProcessingJob.sync",),
        '`{"Processing": DescribeProcessingJob}`, with `OutputFiles` for `output_files_to_xcom`',
        check=_files_problems,
        note="`output_files_to_xcom` are read with `s3:getObject`; without waiting the job is described once.",
    ),
    _row(
        "SageMakerTrainingOperator",
        training,
        ("sagemaker:createTrainingJob.sync",),
        '`{"Training": DescribeTrainingJob}`',
        note="Without waiting the job is described once.",
    ),
    _row(
        "SageMakerTuningOperator",
        tuning,
        ("sagemaker:createHyperParameterTuningJob.sync",),
        '`{"Tuning": DescribeHyperParameterTuningJob}`',
        note="A job's name has at most 32 characters: nine of them are yours.",
    ),
    _row(
        "SageMakerTransformOperator",
        transform,
        ("sagemaker:createModel", "sagemaker:createTransformJob.sync", "aws-sdk:sagemaker:describeModel"),
        '`{"Model": DescribeModel, "Transform": DescribeTransformJob}`',
        note="The model is made where the config has one; it gets a name that is new, and the job uses it.",
    ),
)
