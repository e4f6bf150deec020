"""The operators of CloudFormation, ECR, OpenSearch Serverless and QuickSight."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from airflow_sfn_ml.asl import Catch, Task
from airflow_sfn_ml.asl.refs import Code
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.sensors_resources import ACCOUNT
from airflow_sfn_ml.translators.sequences import as_boto
from airflow_sfn_ml.translators.table import (
    Call,
    Row,
    Until,
    add,
    attr,
    called,
    finished,
    number,
    seconds,
)

_OPERATORS = "airflow.providers.amazon.aws.operators"


# CloudFormation


def _stack(name: str, operation: str) -> Row:
    return Row(
        f"{_OPERATORS}.cloud_formation.{name}",
        calls=(
            Call(
                f"aws-sdk:cloudformation:{operation}",
                {"StackName": attr("stack_name")},
                more="cloudformation_parameters",
            ),
        ),
        waits=(),
        note="As upstream, it does not wait: use the sensor.",
    )


add(
    _stack("CloudFormationCreateStackOperator", "createStack"),
    _stack("CloudFormationDeleteStackOperator", "deleteStack"),
)


# ECR


def _repository(name: str, operation: str, fields: dict[str, str]) -> Row:
    resource = f"aws-sdk:ecr:{operation}"
    return Row(
        f"{_OPERATORS}.ecr.{name}",
        calls=(Call(resource, {field: attr(attribute, empty=True) for field, attribute in fields.items()}),),
        waits=(),
        output=as_boto(resource, "$states.result"),
        xcom="the answer of the call, without ResponseMetadata",
    )


_REPOSITORY = {"repositoryName": "repository_name", "registryId": "registry_id"}
add(
    _repository(
        "EcrCreateRepositoryOperator",
        "createRepository",
        {
            **_REPOSITORY,
            "tags": "tags",
            "imageTagMutability": "image_tag_mutability",
            "imageTagMutabilityExclusionFilters": "image_tag_mutability_exclusion_filters",
            "imageScanningConfiguration": "image_scanning_configuration",
            "encryptionConfiguration": "encryption_configuration",
        },
    ),
    _repository(
        "EcrSetRepositoryPolicyOperator",
        "setRepositoryPolicy",
        {**_REPOSITORY, "policyText": "policy_text", "force": "force"},
    ),
    _repository("EcrDeleteRepositoryOperator", "deleteRepository", {**_REPOSITORY, "force": "force"}),
)


# OpenSearch Serverless


def _collection(operator: Any) -> Translation:
    create = Call(
        "aws-sdk:opensearchserverless:createCollection",
        {
            "name": attr("collection_name"),
            "type": attr("collection_type"),
            "description": attr("description", empty=True),
            "standbyReplicas": attr("standby_replicas"),
            "tags": attr("tags", empty=True),
        },
        keep={"p_id": "$states.result.CreateCollectionDetail.Id"},
    )
    states = called(create, operator, "done")
    if operator.if_exists == "skip":
        find = Call(
            "aws-sdk:opensearchserverless:batchGetCollection",
            {"names": lambda operator: [operator.collection_name]},
            keep={"p_id": "$states.result.CollectionDetails[0].Id"},
        )
        exists = Catch(error_equals=("OpenSearchServerless.ConflictException",), next=find.short)
        assert isinstance(states[0], Task)
        states = [replace(states[0], catch=(exists,)), *called(find, operator, "done")]
    return Translation(finished(operator, states, "$p_id"))


add(
    Row(
        f"{_OPERATORS}.opensearch_serverless.OpenSearchServerlessCreateCollectionOperator",
        calls=(Call("aws-sdk:opensearchserverless:createCollection"),),
        waits=(),
        build=_collection,
        xcom="the id of the collection",
    )
)


# QuickSight


def _delay(operator: Any) -> int | None:
    return seconds(operator, "waiter_delay" if operator.check_interval is None else "check_interval")


def _ingestion_limit(operator: Any) -> int | None:
    times = number(operator, "waiter_max_attempts")
    delay = _delay(operator)
    return delay * times if delay and times else None


_INGESTION = {
    "AwsAccountId": Code((ACCOUNT,)),
    "DataSetId": attr("data_set_id"),
    "IngestionId": attr("ingestion_id"),
}
add(
    Row(
        f"{_OPERATORS}.quicksight.QuickSightCreateIngestionOperator",
        calls=(
            Call(
                "aws-sdk:quicksight:createIngestion",
                {**_INGESTION, "IngestionType": attr("ingestion_type")},
                keep={"p_answer": "$states.result"},
            ),
        ),
        until=Until(
            Call("aws-sdk:quicksight:describeIngestion", _INGESTION),
            "$p_seen.Ingestion.IngestionStatus",
            ("COMPLETED",),
            ("FAILED", "CANCELLED"),
            reason="$p_seen.Ingestion.ErrorInfo.Message",
            every=_delay,
            seconds=_ingestion_limit,
        ),
        output="$p_answer",
        xcom="the answer of CreateIngestion, without ResponseMetadata",
        note="The account is that of the state machine.",
    )
)
