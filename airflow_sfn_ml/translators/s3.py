"""The Amazon provider's S3 operators: buckets and their tags, objects, lists.

Lists come in pages of a thousand objects, and each page is a turn of a loop. What a machine carries from state to state
may have 256 KiB, so a list of some thousand keys is the most that an XCom can hold.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from airflow_sfn_ml.asl import Catch, Choice, ChoiceRule, Fail, Map, Pass, State, StateMachine, Task
from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.steps.loops import tolerant
from airflow_sfn_ml.translators import patterns
from airflow_sfn_ml.translators.phrases import joined, written
from airflow_sfn_ml.translators.places import bucket_and_key
from airflow_sfn_ml.translators.preparations import Preparation, prepared
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.sensing import code, when
from airflow_sfn_ml.translators.table import Call, Row, add, arguments, attr, called, finished

_OPERATORS = "airflow.providers.amazon.aws.operators.s3"
MISSING = "NoSuchKey|Not ?Found|Status Code: 404"
"""How S3's answer that there is no such object may be called."""
REGION = "$split($states.context.Execution.Id, ':')[3]"
"""JSONata: the region that the machine runs in."""
ENCODED = "$join($split($string({0}), '/').$encodeUrlComponent($), '/')"


# Buckets


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


def _translation(operator: Any, states: list[State], output: Any = None) -> Translation:
    return Translation(finished(operator, states, output))


def _create_bucket(operator: Any) -> Translation:
    placed = f"{REGION} = 'us-east-1' ? {{}} : {{'CreateBucketConfiguration': {{'LocationConstraint': {REGION}}}}}"
    request: dict[str, Any] = {"Bucket": operator.bucket_name}
    if operator.bucket_namespace:
        request["BucketNamespace"] = operator.bucket_namespace
    create = Call("aws-sdk:s3:createBucket", request, more=lambda operator: Code((placed,)))
    return _translation(operator, [_if_there(operator, "done", create.short), *called(create, operator, "done")])


def _delete_bucket(operator: Any) -> Translation:
    delete = Call("aws-sdk:s3:deleteBucket", {"Bucket": attr("bucket_name")})
    first = "list" if operator.force_delete else delete.short
    states = [_if_there(operator, first, "done")]
    if operator.force_delete:
        listed = _page("list", {"Bucket": operator.bucket_name}, {"p_keys": "[$states.result.Contents.Key]"})
        states += called(listed, operator, "empty?")
        states.append(
            Choice("empty?", choices=(when(("$count($p_keys) = 0",), delete.short),), default="deleteObjects")
        )
        states += _deletion(operator.bucket_name, "$p_keys", "list")
    return _translation(operator, [*states, *called(delete, operator, "done")])


def _tagging(
    name: str, operation: str, output: Any = None, request: Mapping[str, Any] | None = None, **more: Any
) -> None:
    call = Call(
        f"aws-sdk:s3:{operation}", {"Bucket": attr("bucket_name"), **(request or {})}, keep=more.pop("keep", {})
    )

    def build(operator: Any) -> Translation:
        nothing = [Pass("begin", assign={"p_tags": code("null")}, next="headBucket")] if call.keep else []
        states = [*nothing, _if_there(operator, call.short, "done"), *called(call, operator, "done")]
        return _translation(operator, states, output)

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


# Objects

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
    return _translation(operator, called(Call("aws-sdk:s3:copyObject", request), operator, "done"))


def _quoted(key: Any) -> Any:
    return quote(key, safe="/~") if isinstance(key, str) and written(key) else prepared(key, _QUOTED)


def _copy_prefix(operator: Any) -> Translation:
    """Page by page, and the objects of a page side by side."""
    bucket, prefix, to_bucket, to_prefix = _ends(operator, "prefix")
    keep = {"p_keys": "[$states.result.Contents.Key]", **_NEXT}
    listed = _page("list", {"Bucket": bucket, "Prefix": prefix}, keep)
    further = _page("more", {"Bucket": bucket, "Prefix": prefix, "ContinuationToken": Code(("$p_next",))}, keep)
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
    return _translation(operator, states)


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
        return _translation(operator, [put])
    catch, refused = tolerant(MISSING, "putObject", name="headObject: refused")
    head = Task("headObject", resource="aws-sdk:s3:headObject", arguments=place, next="exists", catch=catch)
    exists = Fail("exists", error="JobFailed", cause=Code(("'The key ' & ", Given(key), " & ' already exists.'")))  # type: ignore[arg-type]
    return _translation(operator, [head, *refused, exists, put])


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


# Lists

_NEXT = {"p_next": "$states.result.IsTruncated ? $states.result.NextContinuationToken : null"}


def _page(name: str, request: Mapping[str, Any], keep: Mapping[str, Any]) -> Call:
    return Call(
        "aws-sdk:s3:listObjectsV2", {k: v for k, v in request.items() if v not in ("", None)}, name=name, keep=keep
    )


def _list(operator: Any, request: Mapping[str, Any], found: Any) -> Translation:
    """All pages of a list, collected."""
    parts = found.parts if isinstance(found, Code) else (found,)
    keep = {"p_found": Code(("[$append($p_found, [", *parts, "])]")), **_NEXT}
    states: list[State] = [
        Pass("begin", assign={"p_found": []}, next="list"),
        *called(_page("list", request, keep), operator, "further?"),
        Choice("further?", choices=(when(("$p_next != null",), "more"),), default="done"),
        *called(_page("more", {**request, "ContinuationToken": Code(("$p_next",))}, keep), operator, "further?"),
    ]
    return _translation(operator, states, "$p_found")


def _list_keys(operator: Any) -> Translation:
    request = {"Bucket": operator.bucket, "Prefix": operator.prefix, "Delimiter": operator.delimiter}
    if not (operator.apply_wildcard and isinstance(operator.prefix, str) and "*" in operator.prefix):
        return _list(operator, request, "$states.result.Contents.Key")
    head, glob = patterns.split(operator, "prefix", operator.prefix)
    rest = f")), /{patterns.of_glob(glob)}/)].Key"
    matching = Code(("$states.result.Contents[$contains($substring(Key, $length(", Given(head), rest))
    return _list(operator, {**request, "Prefix": head}, matching)


def _list_prefixes(operator: Any) -> Translation:
    request = {"Bucket": operator.bucket, "Prefix": operator.prefix, "Delimiter": operator.delimiter}
    return _list(operator, request, "$states.result.CommonPrefixes.Prefix")


def _deletion(bucket: Any, keys: str, following: str) -> list[State]:
    """Delete up to a thousand objects, whose *keys* are given in JSONata; fail if one could not be deleted."""
    request = {
        "Bucket": bucket,
        "Delete": {"Objects": Code((f"[{keys}.{{'Key': $}}]",))},
    }
    errors = "$string($p_errors.Key)"
    return [
        Task(
            "deleteObjects",
            resource="aws-sdk:s3:deleteObjects",
            arguments=request,
            assign={"p_errors": code("[$states.result.Errors]")},
            next="deleted?",
        ),
        Choice("deleted?", choices=(when(("$count($p_errors) > 0",), "not deleted"),), default=following),
        Fail("not deleted", error="JobFailed", cause=code(f"'errors when deleting: ' & {errors}")),
    ]


def _moment(value: Any, start: Any) -> int:
    """*value* in milliseconds; text without a zone is in UTC."""
    from dateutil import parser  # type: ignore[import-untyped]

    found = value if isinstance(value, datetime) else parser.parse(str(value)).replace(tzinfo=UTC)
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


_MOMENT = Preparation(_moment, code=("$toMillis(", ")"))


def _delete_objects(operator: Any) -> Translation:
    if operator.keys is not None:
        return _delete_keys(operator)
    conditions: list[Any] = []
    for moment, comparison in ((operator.from_datetime, ">"), (operator.to_datetime, "<=")):
        if moment is not None:
            given = moment.isoformat() if isinstance(moment, datetime) else moment
            conditions += [" and ", f"$toMillis(LastModified) {comparison} ", Given(prepared(given, _MOMENT))]
    chosen = Code(("[$states.result.Contents", "[", *(conditions[1:] or ["true"]), "].Key]"))
    request = {"Bucket": operator.bucket, "Prefix": operator.prefix}
    keep = {"p_keys": chosen, **_NEXT}
    rules: tuple[ChoiceRule, ...] = (when(("$count($p_keys) > 0",), "deleteObjects"),)
    states: list[State] = [
        *called(_page("list", request, keep), operator, "any?"),
        Choice("any?", choices=rules, default="further?"),
        *_deletion(operator.bucket, "$p_keys", "further?"),
        Choice("further?", choices=(when(("$p_next != null",), "more"),), default="done"),
        *called(_page("more", {**request, "ContinuationToken": Code(("$p_next",))}, keep), operator, "any?"),
    ]
    return _translation(operator, states)


def _delete_keys(operator: Any) -> Translation:
    """A list of keys, a thousand at a time."""
    given = operator.keys
    if isinstance(given, (list, tuple, str)) and not given:
        return Translation(None)
    listed = Code(("(function($k) { $type($k) = 'array' ? $k : [$k] })(", Given(given), ")"))
    keys: Any = [given] if isinstance(given, str) and written(given) else given if isinstance(given, list) else listed
    rest = "[$p_rest[[1000..$count($p_rest)]]]"
    states: list[State] = [
        Pass("begin", assign={"p_rest": keys}, next="any?"),
        Choice("any?", choices=(when(("$count($p_rest) > 0",), "cut"),), default="done"),
        Pass("cut", assign={"p_keys": code("[$p_rest[[0..999]]]"), "p_rest": code(rest)}, next="deleteObjects"),
        *_deletion(operator.bucket, "$p_keys", "any?"),
    ]
    return _translation(operator, states)


add(
    Row(
        f"{_OPERATORS}.S3ListOperator",
        calls=(Call("aws-sdk:s3:listObjectsV2"),),
        waits=(),
        build=_list_keys,
        xcom="the list of keys, up to 256 KiB",
        note="With apply_wildcard, the prefix must be written out from its first wildcard on.",
    ),
    Row(
        f"{_OPERATORS}.S3ListPrefixesOperator",
        calls=(Call("aws-sdk:s3:listObjectsV2"),),
        waits=(),
        build=_list_prefixes,
        xcom="the list of prefixes",
    ),
    Row(
        f"{_OPERATORS}.S3DeleteObjectsOperator",
        calls=(Call("aws-sdk:s3:listObjectsV2"), Call("aws-sdk:s3:deleteObjects")),
        waits=(),
        build=_delete_objects,
        note="Keys that were not deleted fail the task, as upstream.",
    ),
)
