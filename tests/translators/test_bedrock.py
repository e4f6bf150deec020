"""Bedrock in a group."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.bedrock import (
    BedrockBatchInferenceOperator,
    BedrockCreateAgentRuntimeOperator,
    BedrockCreateDataSourceOperator,
    BedrockCreateEvaluationJobOperator,
    BedrockCreateGuardrailOperator,
    BedrockCreateGuardrailVersionOperator,
    BedrockCreateKnowledgeBaseOperator,
    BedrockCreateProvisionedModelThroughputOperator,
    BedrockCustomizeModelOperator,
    BedrockDeleteAgentRuntimeOperator,
    BedrockDeleteGuardrailOperator,
    BedrockIngestDataOperator,
    BedrockInvokeAgentRuntimeOperator,
    BedrockInvokeModelOperator,
    BedrockRaGOperator,
    BedrockRetrieveOperator,
    BedrockUpdateGuardrailOperator,
)

from airflow_sfn_ml.local.stepfunctions.jsonata import evaluate
from airflow_sfn_ml.translators.phrases import camel
from tests.translators.machines import member, refusal, states

ROLE = "arn:aws:iam::123456789012:role/bedrock"
MODEL = "arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v1"
BASE = "ABCDEFGHIJ"


def output(state: dict[str, Any], result: Any) -> Any:
    """The XCom that *state* makes of *result*."""
    expression = state["Output"].removeprefix("{% ").removesuffix(" %}")
    return evaluate(expression, {"states": {"result": result}})


# Models


def test_a_model_is_invoked_and_its_answer_pushed():
    state = member(
        BedrockInvokeModelOperator,
        model_id="amazon.titan",
        input_data={"inputText": "{{ ds }}"},
        content_type="application/json",
        accept_type="application/json",
    )
    assert state["Resource"] == "arn:aws:states:::bedrock:invokeModel"
    assert list(state["Arguments"]) == ["ModelId", "Body", "ContentType", "Accept"]
    assert list(state["Arguments"]["Body"]) == ["inputText"]
    assert output(state, {"Body": {"results": [1]}}) == {"results": [1]}
    assert output(state, {"Body": '{"results": [1]}'}) == {"results": [1]}


def customization(**more: Any) -> dict[str, Any]:
    return {
        "job_name": "tune",
        "custom_model_name": "mine",
        "role_arn": ROLE,
        "base_model_id": "amazon.titan-text-lite-v1",
        "training_data_uri": "s3://bucket/in",
        "output_data_uri": "s3://bucket/out",
        "hyperparameters": {"epochCount": "1"},
        **more,
    }


def test_a_model_is_customised_under_a_name_that_no_other_try_has():
    state = member(BedrockCustomizeModelOperator, **customization())
    assert state["Resource"] == "arn:aws:states:::bedrock:createModelCustomizationJob.sync"
    arguments = state["Arguments"]
    assert arguments["JobName"].startswith("{% 'tune' & '-' & ")
    assert arguments["TrainingDataConfig"] == {"S3Uri": "s3://bucket/in"}
    assert arguments["HyperParameters"] == {"epochCount": "1"}
    assert state["TimeoutSeconds"] == 9000
    done = {"Status": "Completed", "JobArn": "arn"}
    assert output(state, done) == "arn"
    exact = member(
        BedrockCustomizeModelOperator, **customization(ensure_unique_job_name=False, wait_for_completion=False)
    )
    assert exact["Arguments"]["JobName"] == "tune"
    assert output(exact, {"JobArn": "arn"}) == "arn"


def test_throughput_is_provisioned():
    found = states(
        BedrockCreateProvisionedModelThroughputOperator,
        model_units=1,
        provisioned_model_name="p",
        model_id="m",
        create_throughput_kwargs={"commitmentDuration": "OneMonth"},
    )
    assert found["createProvisionedModelThroughput"]["Arguments"] == {
        "ModelUnits": 1,
        "ProvisionedModelName": "p",
        "ModelId": "m",
        "CommitmentDuration": "OneMonth",
    }
    assert found["look"]["Arguments"] == {"ProvisionedModelId": "{% $p_arn %}"}


def test_batch_inference_is_waited_for():
    found = states(
        BedrockBatchInferenceOperator,
        job_name="j",
        role_arn=ROLE,
        model_id="amazon.titan-text-lite-v1",
        input_uri="s3://bucket/in",
        output_uri="s3://bucket/out",
        waiter_delay=5,
    )
    arguments = found["createModelInvocationJob"]["Arguments"]
    assert arguments["InputDataConfig"] == {"S3InputDataConfig": {"S3Uri": "s3://bucket/in"}}
    assert arguments["JobName"].startswith("{% 'j' & '-' & ")
    assert "PartiallyCompleted" in found["judge"]["Choices"][1]["Condition"]
    assert found["done"]["Output"] == "{% $p_arn %}"


def test_an_evaluation_is_created():
    metrics = {
        "taskType": "QuestionAndAnswer",
        "dataset": {"name": "Builtin.BoolQ"},
        "metricNames": ["Builtin.Accuracy"],
    }
    state = member(
        BedrockCreateEvaluationJobOperator,
        job_name="j",
        role_arn=ROLE,
        evaluation_config={"automated": {"datasetMetricConfigs": [metrics]}},
        inference_config={"models": [{"bedrockModel": {"modelIdentifier": "amazon.titan-text-lite-v1"}}]},
        output_data_config={"s3Uri": "s3://bucket/out"},
    )
    assert state["Arguments"]["InferenceConfig"] == {
        "Models": [{"BedrockModel": {"ModelIdentifier": "amazon.titan-text-lite-v1"}}]
    }
    assert output(state, {"JobArn": "arn"}) == "arn"


# Guardrails

GUARDRAIL = {"guardrail_name": "g", "blocked_input_messaging": "no", "blocked_outputs_messaging": "no"}


def test_a_guardrail_that_exists_is_found_by_its_name():
    policy = {"wordsConfig": [{"text": "bad"}]}
    found = states(BedrockCreateGuardrailOperator, **GUARDRAIL, word_policy_config=policy)
    assert found["createGuardrail"]["Arguments"]["WordPolicyConfig"] == {"WordsConfig": [{"Text": "bad"}]}
    assert found["exists"]["Choices"][0] == {
        "Condition": found["exists"]["Choices"][0]["Condition"],
        "Next": "t: find",
    }
    source = found["listGuardrails"]["Assign"]["p_id"].removeprefix("{% ").removesuffix(" %}")
    listed = [{"Name": "f", "Id": "1"}, {"Name": "g", "Id": "2"}]
    assert evaluate(source, {"states": {"result": {"Guardrails": listed}}}) == "2"
    assert evaluate(source, {"states": {"result": {"Guardrails": listed[:1]}}}) == ""
    assert [choice["Next"] for choice in found["found"]["Choices"]] == ["t: done", "t: listGuardrails"]
    strict = member(BedrockCreateGuardrailOperator, **GUARDRAIL, if_exists="fail")
    assert "Catch" not in strict
    assert output(strict, {"GuardrailId": "2"}) == "2"


def test_guardrails_are_changed_and_deleted():
    updated = member(BedrockUpdateGuardrailOperator, guardrail_identifier="i", **GUARDRAIL)
    assert output(updated, {"GuardrailId": "i", "Version": "DRAFT"}) == "i"
    version = member(BedrockCreateGuardrailVersionOperator, guardrail_identifier="i", description="d")
    assert output(version, {"GuardrailId": "i", "Version": "3"}) == "3"
    gone = member(BedrockDeleteGuardrailOperator, guardrail_identifier="i", guardrail_version="3")
    assert gone["Arguments"] == {"GuardrailIdentifier": "i", "GuardrailVersion": "3"}


# Agent runtimes


def test_agent_runtimes_are_created_and_deleted():
    image = {"containerConfiguration": {"containerUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:b"}}
    found = states(
        BedrockCreateAgentRuntimeOperator,
        agent_runtime_name="n",
        agent_runtime_artifact=image,
        role_arn=ROLE,
        network_configuration={"networkMode": "PUBLIC"},
    )
    assert found["look"]["Arguments"] == {"AgentRuntimeId": "{% $p_id %}", "AgentRuntimeVersion": "{% $p_version %}"}
    assert found["done"]["Output"] == "{% $p_arn %}"
    gone = states(BedrockDeleteAgentRuntimeOperator, agent_runtime_id="n-1234567890")
    assert gone["look"]["Catch"][0]["Next"] == "t: gone"
    assert "/ResourceNotFound/i" in gone["gone"]["Choices"][0]["Condition"]


def test_the_answer_of_an_agent_runtime_is_a_stream_and_refused():
    told = refusal(BedrockInvokeAgentRuntimeOperator, agent_runtime_arn="a", payload={})
    assert "its answer is a stream, which Step Functions does not read; call it from a Lambda function" in told


# Knowledge bases


def test_a_knowledge_base_waits_for_its_index():
    given = {
        "name": "n",
        "embedding_model_arn": MODEL,
        "role_arn": ROLE,
        "storage_config": {"type": "OPENSEARCH_SERVERLESS"},
        "indexing_error_retry_delay": 7,
        "indexing_error_max_attempts": 9,
    }
    found = states(BedrockCreateKnowledgeBaseOperator, **given)
    again = found["createKnowledgeBase"]["Retry"][0]
    assert (again["IntervalSeconds"], again["MaxAttempts"], again["BackoffRate"]) == (7, 9, 1)
    assert found["createKnowledgeBase"]["Arguments"]["KnowledgeBaseConfiguration"] == {
        "Type": "VECTOR",
        "VectorKnowledgeBaseConfiguration": {"EmbeddingModelArn": MODEL},
    }
    assert found["done"]["Output"] == "{% $p_id %}"
    impatient = states(BedrockCreateKnowledgeBaseOperator, **given, wait_for_indexing=False)
    assert len(impatient["createKnowledgeBase"]["Retry"]) == len(found["createKnowledgeBase"]["Retry"]) - 1


def test_data_sources_are_created_and_ingested():
    state = member(BedrockCreateDataSourceOperator, name="n", knowledge_base_id=BASE, bucket_name="docs-{{ ds }}")
    assert output(state, {"DataSource": {"DataSourceId": "d"}}) == "d"
    assert "S3Configuration" in state["Arguments"]["DataSourceConfiguration"]
    found = states(BedrockIngestDataOperator, knowledge_base_id=BASE, data_source_id=BASE, waiter_delay=5)
    assert found["startIngestionJob"]["Arguments"] == {"KnowledgeBaseId": BASE, "DataSourceId": BASE}
    assert found["look"]["Arguments"]["IngestionJobId"] == "{% $p_id %}"


def test_a_question_is_answered_in_boto3s_spelling():
    state = member(
        BedrockRaGOperator,
        input="{{ params.question }}",
        source_type="knowledge_base",
        model_arn=MODEL,
        knowledge_base_id=BASE,
        prompt_template="$search_results$",
        vector_search_config={"numberOfResults": 3},
    )
    assert state["Arguments"]["RetrieveAndGenerateConfiguration"] == {
        "Type": "KNOWLEDGE_BASE",
        "KnowledgeBaseConfiguration": {
            "ModelArn": MODEL,
            "GenerationConfiguration": {"PromptTemplate": {"TextPromptTemplate": "$search_results$"}},
            "RetrievalConfiguration": {"VectorSearchConfiguration": {"NumberOfResults": 3}},
            "KnowledgeBaseId": BASE,
        },
    }
    reference = {"Content": {"Text": "t"}, "Metadata": {"Own-Key": {"A": 1}}}
    answer = {"SessionId": "s", "Output": {"Text": "yes"}, "Citations": [{"RetrievedReferences": [reference]}]}
    assert output(state, answer) == {
        "sessionId": "s",
        "output": {"text": "yes"},
        "citations": [{"retrievedReferences": [{"content": {"text": "t"}, "metadata": {"Own-Key": {"A": 1}}}]}],
    }


def test_documents_are_retrieved():
    state = member(
        BedrockRetrieveOperator,
        retrieval_query="q",
        knowledge_base_id=BASE,
        vector_search_config={"numberOfResults": 3},
    )
    assert state["Arguments"] == {
        "RetrievalQuery": {"Text": "q"},
        "KnowledgeBaseId": BASE,
        "RetrievalConfiguration": {"VectorSearchConfiguration": {"NumberOfResults": 3}},
    }
    assert output(state, {"RetrievalResults": []}) == {"retrievalResults": []}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"source_type": "{{ params.x }}"}, "source_type as a template (write it out"),
        ({"source_type": "web"}, "source_type='web' (it is KNOWLEDGE_BASE or EXTERNAL_SOURCES)"),
        ({"source_type": "KNOWLEDGE_BASE"}, "knowledge_base_id is missing, which this source_type needs"),
        (
            {"source_type": "KNOWLEDGE_BASE", "knowledge_base_id": BASE, "sources": []},
            "sources does not go with this source_type (leave it out)",
        ),
        ({"source_type": "EXTERNAL_SOURCES"}, "sources is missing, which this source_type needs"),
        (
            {"source_type": "EXTERNAL_SOURCES", "sources": [], "knowledge_base_id": BASE},
            "knowledge_base_id does not go with this source_type (leave it out)",
        ),
    ],
)
def test_a_question_that_bedrock_would_refuse_is_refused(arguments: dict[str, Any], told: str):
    assert told in refusal(BedrockRaGOperator, input="q", model_arn=MODEL, **arguments)


@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        ({}, {}),
        ({"A": {}, "B": []}, {"a": {}, "b": []}),
        ({"One": 1}, {"one": 1}),
        ({"AbC": [{"D": ""}, 2], "E": True}, {"abC": [{"d": ""}, 2], "e": True}),
        ([{"A": 1}], [{"a": 1}]),
    ],
)
def test_fields_become_camel_case_at_every_depth(given: Any, spelled: Any):
    assert evaluate(camel("$x"), {"x": given}) == spelled
