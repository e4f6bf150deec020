"""The Amazon provider's operators of S3 objects."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from airflow_sfn_ml.asl import Catch, Choice, Fail, Map, Pass, State, StateMachine, Task
from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.steps.loops import tolerant
from airflow_sfn_ml.translators.phrases import joined, written
from airflow_sfn_ml.translators.places import bucket_and_key
from airflow_sfn_ml.translators.preparations import Preparation, prepared
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.s3_pages import NEXT, page, translation
from airflow_sfn_ml.translators.sensing import code, when
from airflow_sfn_ml.translators.table import Call, Row, add, arguments, called

_OPERATORS = "airflow.providers.amazon.aws.operators.s3"
MISSING = "NoSuchKey|Not ?Found|Status Code: 404"
"""How S3's answer that there is no such object may be called."""
ENCODED = "$join($split($string({0}), '/').$encodeUrlComponent($), '/')"


_QUOTED = Preparation(
    lambda value, start: quote(str(value), safe="/~"), code=(ENCODED.partition("{0}")[0], ENCODED.partition("{0}")[2])
)
"""A key as part of a URL, as boto3 makes it for CopySource."""


def _copy_options(operator: Any) -> dict[str, Any]:
    acl = operator.acl_policy or "private"
    found: dict[str, Any] = {} if acl == "no-acl" else {"ACL": acl}
    if operator.meta_data_directive:
        found["MetadataDirective"] = operator.meta_data_directive
    if operator.kms_key_id:
        found |= {"SSEKMSKeyId": operator.kms_key_id, "ServerSideEncryption": operator.kms_encryption_type}
    return found


def _copy_problems(operator: Any) -> list[str]:
    if bool(operator.kms_key_id) != bool(operator.kms_encryption_type):
        return ["kms_key_id and kms_encryption_type must be given together"]
    return []


def _ends(operator: Any, what: str) -> tuple[Any, Any, Any, Any]:
    """The buckets and the keys (or prefixes) that a copy goes from and to."""
    source = bucket_and_key(
        operator,
        operator.source_bucket_name,
        getattr(operator, f"source_bucket_{what}"),
        "source_bucket_name",
        f"source_bucket_{what}",
    )
    target = bucket_and_key(
        operator,
        operator.dest_bucket_name,
        getattr(operator, f"dest_bucket_{what}"),
        "dest_bucket_name",
        f"dest_bucket_{what}",
    )
    return (*source, *target)


def _copy(operator: Any) -> Translation:
    bucket, key, to_bucket, to_key = _ends(operator, "key")
    version = ("?versionId=", operator.source_version_id) if operator.source_version_id else ()
    source = joined(bucket, "/", _quoted(key), *version)
    request = {"Bucket": to_bucket, "Key": to_key, "CopySource": source, **_copy_options(operator)}
    return translation(operator, called(Call("aws-sdk:s3:copyObject", request), operator, "done"))


def _quoted(key: Any) -> Any:
    return quote(key, safe="/~") if isinstance(key, str) and written(key) else prepared(key, _QUOTED)


def _copy_prefix(operator: Any) -> Translation:
    """Page by page, and the objects of a page side by side."""
    bucket, prefix, to_bucket, to_prefix = _ends(operator, "prefix")
    keep = {"p_keys": "[$states.result.Contents.Key]", **NEXT}
    listed = page("list", {"Bucket": bucket, "Prefix": prefix}, keep)
    further = page("more", {"Bucket": bucket, "Prefix": prefix, "ContinuationToken": Code(("$p_next",))}, keep)
    request = {
        "Bucket": to_bucket,
        "Key": Code((Given(to_prefix), " & $substring($states.input, $length(", Given(prefix), "))")),
        "CopySource": Code((Given(bucket), f" & '/' & {ENCODED.format('$states.input')}")),
        **_copy_options(operator),
    }
    copy = Task(
        "copyObject",
        resource="aws-sdk:s3:copyObject",
        arguments=arguments(Call("aws-sdk:s3:copyObject", request), operator),
        output=0,
    )
    inner: list[State] = [copy]
    if operator.continue_on_failure:
        inner = [
            Task(
                copy.name,
                resource=copy.resource,
                arguments=copy.arguments,
                output=0,
                catch=(Catch(error_equals=("States.TaskFailed",), next="not copied", output=1),),
            ),
            Pass("not copied", output=1),
        ]
    mapped = Map(
        "copy",
        items=code("$p_keys"),
        item_processor=StateMachine(inner[0].name, tuple(inner), processor_config={"Mode": "INLINE"}),
        max_concurrency=10,
        assign={"p_failed": code("$p_failed + $sum($states.result)")},
        next="further?",
    )
    states: list[State] = [
        Pass("begin", assign={"p_failed": 0}, next="list"),
        *called(listed, operator, "copy"),
        mapped,
        Choice("further?", choices=(when(("$p_next != null",), "more"),), default="all?"),
        *called(further, operator, "copy"),
        Choice("all?", choices=(when(("$p_failed > 0",), "failed"),), default="done"),
        Fail("failed", error="JobFailed", cause=code("'failed to copy ' & $string($p_failed) & ' object(s)'")),
    ]
    return translation(operator, states)


def _data(value: Any, start: Any) -> Any:
    """*value* as the JSON that it says.

    :raises ValueError: it is no JSON.
    """
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        raise ValueError(
            "data must be JSON: what else a state machine writes to S3 it writes as a JSON string, in quotes; write it "
            "in a Lambda function, or in a task before or after the group"
        ) from None


_PARSED = Preparation(_data, code=("(function($d) { $type($d) = 'string' ? $parse($d) : $d })(", ")"))


def _create_object(operator: Any) -> Translation:
    bucket, key = bucket_and_key(operator, operator.s3_bucket, operator.s3_key, "s3_bucket", "s3_key")
    place = {"Bucket": bucket, "Key": key}
    options: dict[str, Any] = {"ServerSideEncryption": "AES256"} if operator.encrypt else {}
    options |= {"ACL": operator.acl_policy} if operator.acl_policy else {}
    body = operator.data.decode() if isinstance(operator.data, bytes) else operator.data
    try:
        request = {**place, "Body": _data(body, None) if written(body) else prepared(body, _PARSED), **options}
    except ValueError as error:
        raise TranslationError(f"{operator.task_id}: {error}") from None
    put = Task(
        "putObject",
        resource="aws-sdk:s3:putObject",
        arguments=arguments(Call("aws-sdk:s3:putObject", request), operator),
        next="done",
    )
    if operator.replace:
        return translation(operator, [put])
    catch, refused = tolerant(MISSING, "putObject", name="headObject: refused")
    head = Task("headObject", resource="aws-sdk:s3:headObject", arguments=place, next="exists", catch=catch)
    exists = Fail("exists", error="JobFailed", cause=Code(("'The key ' & ", Given(key), " & ' already exists.'")))  # type: ignore[arg-type]
    return translation(operator, [head, *refused, exists, put])


def _object_problems(operator: Any) -> list[str]:
    found = []
    if operator.encoding and operator.encoding.lower().replace("_", "-") not in ("utf-8", "utf8"):
        found.append(f"encoding={operator.encoding!r} (a state machine writes UTF-8)")
    if operator.compression:
        found.append("compression (a state machine cannot compress)")
    if isinstance(operator.data, bytes):
        try:
            operator.data.decode()
        except UnicodeDecodeError:
            found.append("data is binary, which JSON cannot hold")
    return found


def _place(position: int) -> Any:
    def of(operator: Any) -> Any:
        return bucket_and_key(operator, operator.s3_bucket, operator.s3_key, "s3_bucket", "s3_key")[position]

    return of


add(
    Row(
        f"{_OPERATORS}.S3CopyObjectOperator",
        calls=(Call("aws-sdk:s3:copyObject"),),
        waits=(),
        check=_copy_problems,
        build=_copy,
    ),
    Row(
        f"{_OPERATORS}.S3CopyPrefixOperator",
        calls=(Call("aws-sdk:s3:listObjectsV2"), Call("aws-sdk:s3:copyObject")),
        waits=(),
        check=_copy_problems,
        build=_copy_prefix,
        note="Up to ten objects of a page at a time. An object takes some nine events of the 25,000 that an execution "
        "may have.",
    ),
    Row(
        f"{_OPERATORS}.S3CreateObjectOperator",
        calls=(Call("aws-sdk:s3:headObject"), Call("aws-sdk:s3:putObject")),
        waits=(),
        check=_object_problems,
        build=_create_object,
        lost=("data that is not JSON; white space between the parts of JSON",),
        note="Step Functions writes text as a JSON string, in quotes, so only JSON can be said.",
    ),
    Row(
        f"{_OPERATORS}.S3ReadObjectOperator",
        calls=(Call("aws-sdk:s3:getObject", {"Bucket": _place(0), "Key": _place(1)}),),
        waits=(),
        output="$states.result.Body",
        xcom="the text of the object, up to 256 KiB",
    ),
)
