"""Bedrock: models, batch inference, evaluation, guardrails, agent runtimes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from airflow_sfn_ml.asl import Choice, ChoiceRule, Fail, Pass, State, Task
from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.steps import loops
from airflow_sfn_ml.translators.naming import unique
from airflow_sfn_ml.translators.phrases import ended, polling
from airflow_sfn_ml.translators.preparations import INTEGER
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.table import Call, Row, Until, add, attr, called, finished, waits

_MODULE = "airflow.providers.amazon.aws.operators.bedrock"
_ARN = Code(("$p_arn",))


# Models


def _customization_name(operator: Any) -> Any:
    """The name as it is, or one that no other try has, as the operator finds one where the name is taken."""
    return unique(operator.job_name, "job") if waits(operator, "ensure_unique_job_name") else operator.job_name


add(
    Row(
        f"{_MODULE}.BedrockInvokeModelOperator",
        calls=(
            Call(
                "bedrock:invokeModel",
                {
                    "ModelId": attr("model_id"),
                    "Body": attr("input_data", empty=True),
                    "ContentType": attr("content_type"),
                    "Accept": attr("accept_type"),
                },
            ),
        ),
        output="$type($states.result.Body) = 'string' ? $parse($states.result.Body) : $states.result.Body",
        xcom="the model's answer",
    ),
    Row(
        f"{_MODULE}.BedrockCustomizeModelOperator",
        calls=(
            Call(
                "bedrock:createModelCustomizationJob",
                {
                    "jobName": _customization_name,
                    "customModelName": attr("custom_model_name"),
                    "roleArn": attr("role_arn"),
                    "baseModelIdentifier": attr("base_model_id"),
                    "trainingDataConfig": attr("training_data_config"),
                    "outputDataConfig": attr("output_data_config"),
                    "hyperParameters": attr("hyperparameters", empty=True),
                },
                more="customization_job_kwargs",
                sync=True,
            ),
        ),
        seconds=(polling(),),
        output=ended(
            "$states.result.Status",
            ["Completed"],
            "$states.result.JobArn",
            "the job",
            "$states.result.FailureMessage",
        ),
        quick="$states.result.JobArn",
        xcom="the job's ARN",
        note="With ensure_unique_job_name the name always gets a suffix, not only where it is taken.",
    ),
    Row(
        f"{_MODULE}.BedrockCreateProvisionedModelThroughputOperator",
        calls=(
            Call(
                "aws-sdk:bedrock:createProvisionedModelThroughput",
                {
                    "modelUnits": attr("model_units", INTEGER),
                    "provisionedModelName": attr("provisioned_model_name"),
                    "modelId": attr("model_id"),
                },
                more="create_throughput_kwargs",
                keep={"p_arn": "$states.result.ProvisionedModelArn"},
            ),
        ),
        until=Until(
            Call("aws-sdk:bedrock:getProvisionedModelThroughput", {"provisionedModelId": _ARN}),
            status="$p_seen.Status",
            done=("InService",),
            failed=("Failed",),
            reason="$p_seen.FailureMessage",
            every="waiter_delay",
            attempts="waiter_max_attempts",
        ),
        output="$p_arn",
        xcom="the ARN of the provisioned model",
    ),
    Row(
        f"{_MODULE}.BedrockBatchInferenceOperator",
        calls=(
            Call(
                "aws-sdk:bedrock:createModelInvocationJob",
                {
                    "jobName": lambda operator: unique(operator.job_name, "job"),
                    "roleArn": attr("role_arn"),
                    "modelId": attr("model_id"),
                    "inputDataConfig": {"s3InputDataConfig": {"s3Uri": attr("input_uri")}},
                    "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": attr("output_uri")}},
                },
                more="invoke_kwargs",
                keep={"p_arn": "$states.result.JobArn"},
            ),
        ),
        until=Until(
            Call("aws-sdk:bedrock:getModelInvocationJob", {"jobIdentifier": _ARN}),
            status="$p_seen.Status",
            done=("Completed",),
            failed=("Failed", "Stopped", "PartiallyCompleted", "Expired", "Stopping"),
            reason="$p_seen.Message",
            every="waiter_delay",
            attempts="waiter_max_attempts",
        ),
        output="$p_arn",
        xcom="the job's ARN",
        note="The name of the job gets a suffix that no other try has.",
    ),
    Row(
        f"{_MODULE}.BedrockCreateEvaluationJobOperator",
        calls=(
            Call(
                "aws-sdk:bedrock:createEvaluationJob",
                {
                    "jobName": lambda operator: unique(operator.job_name, "job"),
                    "roleArn": attr("role_arn"),
                    "evaluationConfig": attr("evaluation_config", empty=True),
                    "inferenceConfig": attr("inference_config", empty=True),
                    "outputDataConfig": attr("output_data_config", empty=True),
                    "jobDescription": attr("job_description"),
                },
            ),
        ),
        output="$states.result.JobArn",
        xcom="the job's ARN",
        note="The name of the job gets a suffix that no other try has.",
    ),
)


# Guardrails

_POLICIES = {
    "topicPolicyConfig": attr("topic_policy_config"),
    "contentPolicyConfig": attr("content_policy_config"),
    "wordPolicyConfig": attr("word_policy_config"),
    "sensitiveInformationPolicyConfig": attr("sensitive_information_policy_config"),
}
_GUARDRAIL = {
    "name": attr("guardrail_name"),
    "blockedInputMessaging": attr("blocked_input_messaging", empty=True),
    "blockedOutputsMessaging": attr("blocked_outputs_messaging", empty=True),
    "description": attr("description"),
    **_POLICIES,
}
_CREATES = Call(
    "aws-sdk:bedrock:createGuardrail",
    {
        **_GUARDRAIL,
        "contextualGroundingPolicyConfig": attr("contextual_grounding_policy_config"),
        "kmsKeyId": attr("kms_key_id"),
        "tags": attr("tags"),
    },
    keep={"p_id": "$states.result.GuardrailId"},
)


def _guardrail(operator: Any) -> Translation:
    """Create it; where there is one of the name and that may be, find its id, page by page."""
    states = called(_CREATES, operator, "done")
    if operator.if_exists != "skip":
        return Translation(finished(operator, states, "$p_id"))
    catch, caught = loops.tolerant("Conflict", "find", name="exists")
    name = Given(operator.guardrail_name)
    found = Code(("$append([$states.result.Guardrails[Name = (", name, ")].Id], [''])[0]"))
    listed: Any = Code(("$p_id != ''",))
    more: Any = Code(("$p_token != ''",))
    create = states[0]
    assert isinstance(create, Task)
    looking: list[State] = [
        Pass("find", assign={"p_id": "", "p_token": ""}, next="listGuardrails"),
        Task(
            "listGuardrails",
            resource="aws-sdk:bedrock:listGuardrails",
            arguments=Code(("$p_token != '' ? {'NextToken': $p_token} : {}",)),
            assign={
                "p_id": found,
                "p_token": Code(("$exists($states.result.NextToken) ? $states.result.NextToken : ''",)),
            },
            next="found",
        ),
        Choice(
            "found",
            choices=(ChoiceRule.when(listed, "done"), ChoiceRule.when(more, "listGuardrails")),
            default="notFound",
        ),
        Fail("notFound", error="GuardrailNotFound", cause="there is a guardrail of this name, but it is not listed"),
    ]
    return Translation(finished(operator, [replace(create, catch=catch), *caught, *looking], "$p_id"))


add(
    Row(
        f"{_MODULE}.BedrockCreateGuardrailOperator",
        calls=(_CREATES, Call("aws-sdk:bedrock:listGuardrails")),
        xcom="the guardrail's id",
        build=_guardrail,
    ),
    Row(
        f"{_MODULE}.BedrockUpdateGuardrailOperator",
        calls=(
            Call(
                "aws-sdk:bedrock:updateGuardrail",
                {"guardrailIdentifier": attr("guardrail_identifier"), **_GUARDRAIL},
            ),
        ),
        output="$states.result.GuardrailId",
        xcom="the guardrail's id",
    ),
    Row(
        f"{_MODULE}.BedrockCreateGuardrailVersionOperator",
        calls=(
            Call(
                "aws-sdk:bedrock:createGuardrailVersion",
                {"guardrailIdentifier": attr("guardrail_identifier"), "description": attr("description")},
            ),
        ),
        output="$states.result.Version",
        xcom="the version",
    ),
    Row(
        f"{_MODULE}.BedrockDeleteGuardrailOperator",
        calls=(
            Call(
                "aws-sdk:bedrock:deleteGuardrail",
                {
                    "guardrailIdentifier": attr("guardrail_identifier"),
                    "guardrailVersion": attr("guardrail_version"),
                },
            ),
        ),
    ),
)


# Agent runtimes

_RUNTIME = "aws-sdk:bedrockagentcorecontrol:getAgentRuntime"

add(
    Row(
        f"{_MODULE}.BedrockCreateAgentRuntimeOperator",
        calls=(
            Call(
                "aws-sdk:bedrockagentcorecontrol:createAgentRuntime",
                {
                    "agentRuntimeName": attr("agent_runtime_name"),
                    "agentRuntimeArtifact": attr("agent_runtime_artifact", empty=True),
                    "roleArn": attr("role_arn"),
                    "networkConfiguration": attr("network_configuration", empty=True),
                },
                more="create_agent_runtime_kwargs",
                keep={
                    "p_arn": "$states.result.AgentRuntimeArn",
                    "p_id": "$states.result.AgentRuntimeId",
                    "p_version": "$states.result.AgentRuntimeVersion",
                },
            ),
        ),
        until=Until(
            Call(_RUNTIME, {"agentRuntimeId": Code(("$p_id",)), "agentRuntimeVersion": Code(("$p_version",))}),
            status="$p_seen.Status",
            done=("READY",),
            failed=("CREATE_FAILED", "UPDATE_FAILED", "DELETING"),
            reason="$p_seen.FailureReason",
            every="waiter_delay",
            attempts="waiter_max_attempts",
        ),
        output="$p_arn",
        xcom="the ARN of the agent runtime",
    ),
    Row(
        f"{_MODULE}.BedrockDeleteAgentRuntimeOperator",
        calls=(
            Call("aws-sdk:bedrockagentcorecontrol:deleteAgentRuntime", {"agentRuntimeId": attr("agent_runtime_id")}),
        ),
        until=Until(
            Call(_RUNTIME, {"agentRuntimeId": attr("agent_runtime_id")}),
            status="$p_seen.Status",
            failed=("CREATE_FAILED", "UPDATE_FAILED", "READY"),
            gone="ResourceNotFound",
            every="waiter_delay",
            attempts="waiter_max_attempts",
        ),
    ),
)
