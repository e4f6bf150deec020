"""The Amazon provider's operators that list S3 objects, or delete what a list names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from airflow_sfn_ml.asl import Choice, ChoiceRule, Pass, State
from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.translators import patterns
from airflow_sfn_ml.translators.phrases import written
from airflow_sfn_ml.translators.preparations import Preparation, prepared
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.s3_pages import NEXT, deletion, page, translation
from airflow_sfn_ml.translators.sensing import code, when
from airflow_sfn_ml.translators.table import Call, Row, add, called

_OPERATORS = "airflow.providers.amazon.aws.operators.s3"


def _list(operator: Any, request: Mapping[str, Any], found: Any) -> Translation:
    """All pages of a list, collected."""
    parts = found.parts if isinstance(found, Code) else (found,)
    keep = {"p_found": Code(("[$append($p_found, [", *parts, "])]")), **NEXT}
    states: list[State] = [
        Pass("begin", assign={"p_found": []}, next="list"),
        *called(page("list", request, keep), operator, "further?"),
        Choice("further?", choices=(when(("$p_next != null",), "more"),), default="done"),
        *called(page("more", {**request, "ContinuationToken": Code(("$p_next",))}, keep), operator, "further?"),
    ]
    return translation(operator, states, "$p_found")


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
    keep = {"p_keys": chosen, **NEXT}
    rules: tuple[ChoiceRule, ...] = (when(("$count($p_keys) > 0",), "deleteObjects"),)
    states: list[State] = [
        *called(page("list", request, keep), operator, "any?"),
        Choice("any?", choices=rules, default="further?"),
        *deletion(operator.bucket, "$p_keys", "further?"),
        Choice("further?", choices=(when(("$p_next != null",), "more"),), default="done"),
        *called(page("more", {**request, "ContinuationToken": Code(("$p_next",))}, keep), operator, "any?"),
    ]
    return translation(operator, states)


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
        *deletion(operator.bucket, "$p_keys", "any?"),
    ]
    return translation(operator, states)


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
