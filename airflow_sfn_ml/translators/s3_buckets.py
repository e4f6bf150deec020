"""The Amazon provider's operators of S3 buckets and of their tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.asl import Catch, Choice, Pass, State, Task
from airflow_sfn_ml.asl.refs import Code
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.s3_pages import deletion, page, translation
from airflow_sfn_ml.translators.sensing import code, when
from airflow_sfn_ml.translators.table import Call, Row, add, attr, called

_OPERATORS = "airflow.providers.amazon.aws.operators.s3"
REGION = "$split($states.context.Execution.Id, ':')[3]"
"""JSONata: the region that the machine runs in."""


def _if_there(operator: Any, there: str, absent: str) -> State:
    """Ask whether the bucket is there; as upstream, one that must not be looked at is not."""
    catch = Catch(error_equals=("States.TaskFailed",), next=absent)
    return Task(
        "headBucket",
        resource="aws-sdk:s3:headBucket",
        arguments={"Bucket": operator.bucket_name},
        next=there,
        catch=(catch,),
    )


def _create_bucket(operator: Any) -> Translation:
    placed = f"{REGION} = 'us-east-1' ? {{}} : {{'CreateBucketConfiguration': {{'LocationConstraint': {REGION}}}}}"
    request: dict[str, Any] = {"Bucket": operator.bucket_name}
    if operator.bucket_namespace:
        request["BucketNamespace"] = operator.bucket_namespace
    create = Call("aws-sdk:s3:createBucket", request, more=lambda operator: Code((placed,)))
    return translation(operator, [_if_there(operator, "done", create.short), *called(create, operator, "done")])


def _delete_bucket(operator: Any) -> Translation:
    delete = Call("aws-sdk:s3:deleteBucket", {"Bucket": attr("bucket_name")})
    first = "list" if operator.force_delete else delete.short
    states = [_if_there(operator, first, "done")]
    if operator.force_delete:
        listed = page("list", {"Bucket": operator.bucket_name}, {"p_keys": "[$states.result.Contents.Key]"})
        states += called(listed, operator, "empty?")
        states.append(
            Choice("empty?", choices=(when(("$count($p_keys) = 0",), delete.short),), default="deleteObjects")
        )
        states += deletion(operator.bucket_name, "$p_keys", "list")
    return translation(operator, [*states, *called(delete, operator, "done")])


def _tagging(
    name: str, operation: str, output: Any = None, request: Mapping[str, Any] | None = None, **more: Any
) -> None:
    call = Call(
        f"aws-sdk:s3:{operation}", {"Bucket": attr("bucket_name"), **(request or {})}, keep=more.pop("keep", {})
    )

    def build(operator: Any) -> Translation:
        nothing = [Pass("begin", assign={"p_tags": code("null")}, next="headBucket")] if call.keep else []
        states = [*nothing, _if_there(operator, call.short, "done"), *called(call, operator, "done")]
        return translation(operator, states, output)

    add(Row(f"{_OPERATORS}.{name}", calls=(Call("aws-sdk:s3:headBucket"), call), waits=(), build=build, **more))


def _tags(operator: Any) -> list[dict[str, Any]]:
    given = operator.tag_set or []
    if isinstance(given, Mapping):
        given = [{"Key": key, "Value": value} for key, value in given.items()]
    pair = [{"Key": operator.key, "Value": operator.value}] if operator.key and operator.value else []
    return [*given, *pair]


def _tag_problems(operator: Any) -> list[str]:
    if bool(operator.key) != bool(operator.value):
        return ["key and value must be given together"]
    if operator.tag_set is not None and not isinstance(operator.tag_set, (list, tuple, Mapping)):
        return ["tag_set must be written out as a dict or a list"]
    return []


add(
    Row(
        f"{_OPERATORS}.S3CreateBucketOperator",
        calls=(Call("aws-sdk:s3:headBucket"), Call("aws-sdk:s3:createBucket")),
        waits=(),
        build=_create_bucket,
        note="The bucket lies in the region of the state machine.",
    ),
    Row(
        f"{_OPERATORS}.S3DeleteBucketOperator",
        calls=(Call("aws-sdk:s3:headBucket"), Call("aws-sdk:s3:deleteBucket")),
        waits=(),
        build=_delete_bucket,
        note="With force_delete the objects are deleted page by page first.",
    ),
)
_tagging(
    "S3GetBucketTaggingOperator",
    "getBucketTagging",
    "$p_tags",
    keep={"p_tags": "[$states.result.TagSet]"},
    xcom="the list of tags; nothing if there is no such bucket",
)
_tagging("S3PutBucketTaggingOperator", "putBucketTagging", request={"Tagging": {"TagSet": _tags}}, check=_tag_problems)
_tagging("S3DeleteBucketTaggingOperator", "deleteBucketTagging")
