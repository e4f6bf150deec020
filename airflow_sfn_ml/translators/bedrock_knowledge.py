"""Bedrock: knowledge bases, and questions asked of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from airflow_sfn_ml.asl import Retry
from airflow_sfn_ml.asl.refs import Code
from airflow_sfn_ml.translators.phrases import camel, joined, written
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.table import OMIT, Call, Row, Until, add, attr, called, finished, looped, number, waits

_MODULE = "airflow.providers.amazon.aws.operators.bedrock"
_REFUSED = ("BedrockAgent.ValidationException", "Bedrockagent.ValidationException")


def _again(delay: int, attempts: int) -> tuple[Retry, ...]:
    """Tries while the index is not ready: it is refused as invalid then."""
    return (Retry(error_equals=_REFUSED, interval_seconds=delay, max_attempts=attempts, backoff_rate=1),)


_CREATES = Call(
    "aws-sdk:bedrockagent:createKnowledgeBase",
    {
        "name": attr("name"),
        "roleArn": attr("role_arn"),
        "knowledgeBaseConfiguration": {
            "type": "VECTOR",
            "vectorKnowledgeBaseConfiguration": {"embeddingModelArn": attr("embedding_model_arn")},
        },
        "storageConfiguration": attr("storage_config", empty=True),
    },
    more="create_knowledge_base_kwargs",
    keep={"p_id": "$states.result.KnowledgeBase.KnowledgeBaseId"},
)
_ACTIVE = Until(
    Call("aws-sdk:bedrockagent:getKnowledgeBase", {"knowledgeBaseId": Code(("$p_id",))}),
    status="$p_seen.KnowledgeBase.Status",
    done=("ACTIVE",),
    failed=("DELETING", "FAILED"),
    reason="$join($p_seen.KnowledgeBase.FailureReasons, '; ')",
    every="waiter_delay",
    attempts="waiter_max_attempts",
)


def _knowledge_base(operator: Any) -> Translation:
    waiting = waits(operator, "wait_for_completion", "deferrable")
    attempts = number(operator, "indexing_error_max_attempts")
    create = _CREATES
    if waits(operator, "wait_for_indexing") and attempts:
        create = replace(_CREATES, retry=_again(number(operator, "indexing_error_retry_delay") or 1, attempts))
    states = called(create, operator, "look" if waiting else "done")
    if waiting:
        states += looped(_ACTIVE, operator, "done")
    return Translation(finished(operator, states, "$p_id"))


_INGESTION = {"knowledgeBaseId": attr("knowledge_base_id"), "dataSourceId": attr("data_source_id")}

add(
    Row(
        f"{_MODULE}.BedrockCreateKnowledgeBaseOperator",
        calls=(_CREATES,),
        until=_ACTIVE,
        xcom="the id of the knowledge base",
        build=_knowledge_base,
        note="While the index is not ready it is tried again, by wait_for_indexing; any request that is refused as "
        "invalid is.",
    ),
    Row(
        f"{_MODULE}.BedrockCreateDataSourceOperator",
        calls=(
            Call(
                "aws-sdk:bedrockagent:createDataSource",
                {
                    "name": attr("name"),
                    "knowledgeBaseId": attr("knowledge_base_id"),
                    "dataSourceConfiguration": {
                        "type": "S3",
                        "s3Configuration": {
                            "bucketArn": lambda operator: joined("arn:aws:s3:::", operator.bucket_name or "None")
                        },
                    },
                },
                more="create_data_source_kwargs",
            ),
        ),
        output="$states.result.DataSource.DataSourceId",
        xcom="the id of the data source",
    ),
    Row(
        f"{_MODULE}.BedrockIngestDataOperator",
        calls=(
            Call(
                "aws-sdk:bedrockagent:startIngestionJob",
                _INGESTION,
                keep={"p_id": "$states.result.IngestionJob.IngestionJobId"},
                retry=_again(5, 5),
            ),
        ),
        until=Until(
            Call("aws-sdk:bedrockagent:getIngestionJob", {**_INGESTION, "ingestionJobId": Code(("$p_id",))}),
            status="$p_seen.IngestionJob.Status",
            done=("COMPLETE",),
            failed=("FAILED",),
            reason="$join($p_seen.IngestionJob.FailureReasons, '; ')",
            every="waiter_delay",
            attempts="waiter_max_attempts",
        ),
        output="$p_id",
        xcom="the id of the ingestion job",
        lost=("ingest_data_kwargs, which upstream does not use",),
    ),
)


# Questions


def _rag(operator: Any) -> Any:
    source = str(operator.source_type).upper()
    base: dict[str, Any] = {"modelArn": operator.model_arn}
    if operator.prompt_template:
        base["generationConfiguration"] = {"promptTemplate": {"textPromptTemplate": operator.prompt_template}}
    if source == "EXTERNAL_SOURCES":
        return {"type": source, "externalSourcesConfiguration": {**base, "sources": operator.sources}}
    if operator.vector_search_config:
        base["retrievalConfiguration"] = {"vectorSearchConfiguration": operator.vector_search_config}
    return {
        "type": source,
        "knowledgeBaseConfiguration": {**base, "knowledgeBaseId": operator.knowledge_base_id},
    }


def _rag_problems(operator: Any) -> list[str]:
    if not written(operator.source_type):
        return ["source_type as a template (write it out: it decides which fields there are)"]
    match str(operator.source_type).upper():
        case "KNOWLEDGE_BASE":
            given = ["sources"] if operator.sources is not None else []
            missing = ["knowledge_base_id"] if operator.knowledge_base_id is None else []
        case "EXTERNAL_SOURCES":
            given = [name for name in ("vector_search_config", "knowledge_base_id") if getattr(operator, name)]
            missing = ["sources"] if operator.sources is None else []
        case _:
            return [f"source_type={operator.source_type!r} (it is KNOWLEDGE_BASE or EXTERNAL_SOURCES)"]
    return [f"{name} does not go with this source_type (leave it out)" for name in given] + [
        f"{name} is missing, which this source_type needs" for name in missing
    ]


def _search(operator: Any) -> Any:
    given = operator.vector_search_config
    return {"vectorSearchConfiguration": given} if given else OMIT


add(
    Row(
        f"{_MODULE}.BedrockRaGOperator",
        calls=(
            Call(
                "aws-sdk:bedrockagentruntime:retrieveAndGenerate",
                {"input": {"text": attr("input")}, "retrieveAndGenerateConfiguration": _rag},
                more="rag_kwargs",
            ),
        ),
        output=camel("$states.result", maps=("Metadata",)),
        xcom="the answer with its citations",
        check=_rag_problems,
    ),
    Row(
        f"{_MODULE}.BedrockRetrieveOperator",
        calls=(
            Call(
                "aws-sdk:bedrockagentruntime:retrieve",
                {
                    "retrievalQuery": {"text": attr("retrieval_query")},
                    "knowledgeBaseId": attr("knowledge_base_id"),
                    "retrievalConfiguration": _search,
                },
                more="retrieve_kwargs",
            ),
        ),
        output=camel("$states.result", maps=("Metadata",)),
        xcom="what was retrieved",
    ),
)
