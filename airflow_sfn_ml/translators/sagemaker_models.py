"""SageMaker's models, endpoint configurations, endpoints and the model registry.

What these operators make has the name that the user gave: others refer to it. So a try that comes after another may
find what that one made. It is taken for the task's own if it was made since the execution began; what was there before
is a clash, as it is upstream.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from airflow_sfn_ml.asl import Catch, Choice, ChoiceRule, Fail, Pass, State, Task
from airflow_sfn_ml.asl.refs import Code
from airflow_sfn_ml.steps.loops import Until, loop, tolerant
from airflow_sfn_ml.steps.procedure import Procedure
from airflow_sfn_ml.translators.preparations import Place
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.sagemaker_config import CONFIG, OPERATORS, Config
from airflow_sfn_ml.translators.table import Call, Row, add, arguments, attr, seconds, waits
from airflow_sfn_ml.translators.table import Until as Looks

EXISTS = "already existing|already exists"
MISSING = "Could not find|does not exist|RecordNotFound"
BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
VARIANTS: Place = ("ProductionVariants", "InitialInstanceCount")


def made(kind: str, request: Any, name: Any, following: str) -> list[State]:
    """The states that make a *kind* (``Model``) called *name*, or find that this execution has made it."""
    there = f"create{kind}: there"
    catch, caught = tolerant(EXISTS, there, name=f"create{kind}: refused")
    refused = caught[-1].name
    ours = "$toMillis($p_there.CreationTime) >= $toMillis($states.context.Execution.StartTime)"
    return [
        Task(
            f"create{kind}",
            resource=f"sagemaker:create{kind}",
            arguments=request,
            catch=catch,
            next=following,
        ),
        *caught,
        Task(
            there,
            resource=f"aws-sdk:sagemaker:describe{kind}",
            arguments={f"{kind}Name": name},
            assign={"p_there": Code(("$states.result",))},
            next=f"{there}?",
        ),
        Choice(f"{there}?", choices=(_when(ours, following),), default=refused),
    ]


def _when(condition: str, then: str) -> ChoiceRule:
    return ChoiceRule.when(Code((condition,)), then)  # type: ignore[arg-type]


def _described(kind: str, operator: Any, config: Config) -> Translation:
    name = config.field(f"{kind}Name")
    states = (
        *config.kept(f"create{kind}"),
        *made(kind, config.arguments(), name, "describe"),
        Task(
            "describe",
            resource=f"aws-sdk:sagemaker:describe{kind}",
            arguments={f"{kind}Name": name},
            output={kind: Code(("$states.result",))},
        ),
    )
    return Translation(Procedure(operator.label, states), actions=config.actions)


def model(operator: Any) -> Translation:
    """CreateModel."""
    return _described("Model", operator, Config.of(operator, roles=(("ExecutionRoleArn",),)))


def endpoint_config(operator: Any) -> Translation:
    """CreateEndpointConfig."""
    return _described("EndpointConfig", operator, Config.of(operator, (VARIANTS,)))


# Endpoints


def endpoint(operator: Any) -> Translation:
    """The model and the configuration where the config has them; create or update; wait; describe."""
    parts = ("Model", "EndpointConfig", "Endpoint")
    config = Config.of(operator, (("EndpointConfig", *VARIANTS),), (("Model", "ExecutionRoleArn"),), parts)
    inner = f"($exists(${CONFIG}.Endpoint) ? ${CONFIG}.Endpoint : ${CONFIG})"
    own = config.part("Endpoint") or config
    name, its_config = own.field("EndpointName", inner), own.field("EndpointConfigName", inner)
    waiting = waits(operator, "wait_for_completion", "deferrable")
    states = [
        *(_parts_written(config) if config.written else _parts_whole(config)),
        *_call(operator.operation, own, inner),
        *_looked(operator, name, waiting),
        Task(
            "describe config",
            resource="aws-sdk:sagemaker:describeEndpointConfig",
            arguments={"EndpointConfigName": its_config},
            output={"EndpointConfig": Code(("$states.result",)), "Endpoint": Code(("$p_seen",))},
        ),
    ]
    return Translation(Procedure(operator.label, tuple(states)), actions=config.actions)


def _parts_written(config: Config) -> list[State]:
    kinds = [(kind, part) for kind in ("Model", "EndpointConfig") if (part := config.part(kind)) and part.given]
    following = [f"create{kind}" for kind, _ in kinds[1:]] + ["endpoint"]
    states: list[State] = []
    for (kind, part), after in zip(kinds, following, strict=False):
        states += made(kind, part.arguments(), part.field(f"{kind}Name"), after)
    return states


def _parts_whole(config: Config) -> list[State]:
    states = config.kept("Model?")
    for kind, after in (("Model", "EndpointConfig?"), ("EndpointConfig", "endpoint")):
        source = f"${CONFIG}.{kind}"
        states.append(Choice(f"{kind}?", choices=(_when(f"$exists({source})", f"create{kind}"),), default=after))
        states += made(kind, config.arguments(source), config.field(f"{kind}Name", source), after)
    return states


def _call(operation: str, own: Config, inner: str) -> list[State]:
    """The call of *operation*; an endpoint that is there already is updated, its tags stay."""
    if own.written:
        kept = {key: value for key, value in own.given.items() if key != "Tags"}
        untagged = replace(own, given=kept).whole
    else:
        untagged = Code((f"$sift({inner}, function($v, $k) {{ $k != 'Tags' }})",))
    if operation == "update":
        request = own.arguments(inner)
        return [Task("endpoint", resource="sagemaker:updateEndpoint", arguments=request, next="look")]
    catch, caught = tolerant("Cannot create already existing endpoint", "update", name="refused")
    return [
        Task(
            "endpoint",
            resource="sagemaker:createEndpoint",
            arguments=own.arguments(inner),
            catch=catch,
            next="look",
        ),
        *caught,
        Task("update", resource="sagemaker:updateEndpoint", arguments=untagged, next="look"),
    ]


def _looked(operator: Any, name: Any, waiting: bool) -> list[State]:
    describe = "aws-sdk:sagemaker:describeEndpoint"
    if not waiting:
        seen = {"p_seen": Code(("$states.result",))}
        return [Task("look", resource=describe, arguments={"EndpointName": name}, assign=seen, next="describe config")]
    until = Until(
        "$p_seen.EndpointStatus",
        ("InService",),
        busy=BUSY,
        reason="$p_seen.FailureReason",
        every=seconds(operator, "check_interval") or 30,
        limit=seconds(operator, "max_ingestion_time"),
    )
    return list(loop(describe, {"EndpointName": name}, until, after="describe config"))


def _operation_problems(operator: Any) -> list[str]:
    return [] if operator.operation in ("create", "update") else [f"operation={operator.operation!r}"]


# The registry


def register(operator: Any) -> Translation:
    """CreateModelPackageGroup where there is none, CreateModelPackage, and the group taken back if that fails."""
    catch, caught = tolerant("Model Package Group already exists", "package", name="group: refused")
    choice = caught[0]
    assert isinstance(choice, Choice)
    noted = tuple(ChoiceRule({**rule, "Assign": {"p_made": False}}) for rule in choice.choices)
    group: Any = attr("package_group_name")
    name = group.of(operator)
    package = Call(
        "aws-sdk:sagemaker:createModelPackage",
        {
            "InferenceSpecification": {
                "Containers": [{"Image": attr("image_uri"), "ModelDataUrl": attr("model_url")}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
            "ModelPackageGroupName": group,
            "ModelPackageDescription": attr("package_desc"),
            "ModelApprovalStatus": attr("model_approval"),
        },
        more="extras",
    )
    creates = Call(
        "aws-sdk:sagemaker:createModelPackageGroup",
        {"ModelPackageGroupName": group, "ModelPackageGroupDescription": attr("package_desc")},
    )
    kept = {"p_refused": Code(("$states.errorOutput",))}
    failed = Catch(error_equals=("States.TaskFailed",), next="failed", assign=kept)
    told: Any = (Code(("$p_refused.Error",)), Code(("$string($p_refused.Cause) & ''",)))
    states = (
        Task(
            "group",
            resource=creates.resource,
            arguments=arguments(creates, operator),
            assign={"p_made": True},
            catch=catch,
            next="package",
        ),
        replace(choice, choices=noted),
        *caught[1:],
        Task(
            "package",
            resource=package.resource,
            arguments=arguments(package, operator),
            output=Code(("$states.result.ModelPackageArn",)),
            catch=(failed,),
        ),
        Choice("failed", choices=(_when("$p_made", "take back"),), default="not registered"),
        Task(
            "take back",
            resource="aws-sdk:sagemaker:deleteModelPackageGroup",
            arguments={"ModelPackageGroupName": name},
            catch=(Catch(error_equals=("States.ALL",), next="not registered"),),
            next="not registered",
        ),
        Fail("not registered", error=told[0], cause=told[1]),
    )
    return Translation(Procedure(operator.label, states))


def delete_model(operator: Any) -> Translation:
    """DeleteModel; a model that is not there is deleted."""
    config = Config.of(operator)
    catch, caught = tolerant(MISSING, "done", name="refused")
    states = (
        *config.kept("delete"),
        Task(
            "delete",
            resource="aws-sdk:sagemaker:deleteModel",
            arguments={"ModelName": config.field("ModelName")},
            catch=catch,
            next="done",
        ),
        *caught,
        Pass("done"),
    )
    return Translation(Procedure(operator.label, states, has_output=False), actions=config.actions)


SDK = "aws-sdk:sagemaker"
ADOPTS = "What an earlier try of the same execution made is taken for the task's own; what was there before is a clash."
add(
    Row(
        f"{OPERATORS}.SageMakerModelOperator",
        (Call("sagemaker:createModel"), Call(f"{SDK}:describeModel")),
        build=model,
        xcom='`{"Model": DescribeModel}`',
        note=ADOPTS,
    ),
    Row(
        f"{OPERATORS}.SageMakerEndpointConfigOperator",
        (Call("sagemaker:createEndpointConfig"), Call(f"{SDK}:describeEndpointConfig")),
        build=endpoint_config,
        xcom='`{"EndpointConfig": DescribeEndpointConfig}`',
        note=ADOPTS,
    ),
    Row(
        f"{OPERATORS}.SageMakerEndpointOperator",
        (
            Call("sagemaker:createModel"),
            Call("sagemaker:createEndpointConfig"),
            Call("sagemaker:createEndpoint"),
            Call("sagemaker:updateEndpoint"),
            Call(f"{SDK}:describeEndpointConfig"),
        ),
        build=endpoint,
        until=Looks(Call(f"{SDK}:describeEndpoint")),
        xcom='`{"EndpointConfig": DescribeEndpointConfig, "Endpoint": DescribeEndpoint}`',
        check=_operation_problems,
        note="An endpoint that is there already is updated, and its tags stay. " + ADOPTS,
    ),
    Row(
        f"{OPERATORS}.SageMakerDeleteModelOperator",
        (Call(f"{SDK}:deleteModel"),),
        build=delete_model,
        note="A model that is not there counts as deleted.",
    ),
    Row(
        f"{OPERATORS}.SageMakerRegisterModelVersionOperator",
        (
            Call(f"{SDK}:createModelPackageGroup"),
            Call(f"{SDK}:createModelPackage"),
            Call(f"{SDK}:deleteModelPackageGroup"),
        ),
        build=register,
        xcom="the model package's ARN",
        note="The group is taken back if the model cannot be registered in it.",
    ),
)
