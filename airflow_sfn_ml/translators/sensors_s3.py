"""The sensors of S3: keys that are there, and keys that no longer change."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.asl import Choice, ChoiceRule, Pass, State
from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.translators import patterns
from airflow_sfn_ml.translators.places import bucket_and_key
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.sensing import Look, Timing, code, ended, finished, looked, when
from airflow_sfn_ml.translators.table import OMIT, Call, Row, add

_SENSORS = "airflow.providers.amazon.aws.sensors.s3"
MISSING = "NoSuchKey|Not ?Found|Status Code: 404"
"""How S3's answer that there is no such object may be called."""


# S3KeySensor


def _keys(operator: Any) -> list[Any]:
    """The keys that have to be there.

    :raises TranslationError: their number is not known.
    """
    given = operator.bucket_key
    if isinstance(given, str):
        return [given]
    if not isinstance(given, (list, tuple)) or not given:
        raise TranslationError(
            f"{operator.task_id}: bucket_key must be one key or a list that is written out, since there is a state "
            "for each"
        )
    return list(given)


def _key_sensor(operator: Any) -> Translation:
    timing = Timing.of(operator, Look(Call("aws-sdk:s3:headObject")))
    keys = _keys(operator)
    names = ["look" if position == 0 else f"look {position + 1}" for position in range(len(keys))]
    found: list[State] = []
    for name, key, following in zip(names, keys, [*names[1:], "done"], strict=True):
        found += _listed(operator, name, key, following, timing) if _scans(operator) else []
        found += [] if _scans(operator) else _headed(operator, name, key, following, timing)
    return finished(operator, found, timing)


def _scans(operator: Any) -> bool:
    return bool(operator.wildcard_match or operator.use_regex)


def _place(operator: Any, key: Any) -> tuple[Any, Any]:
    return bucket_and_key(operator, operator.bucket_name, key, "bucket_name", "bucket_key")


def _headed(operator: Any, name: str, key: Any, following: str, timing: Timing) -> list[State]:
    """The state that asks for one object."""
    bucket, path = _place(operator, key)
    call = Call("aws-sdk:s3:headObject", {"Bucket": bucket, "Key": path}, name=name, keep={"p_seen": "true"})
    return looked(operator, call, timing, following, MISSING)


def _listed(operator: Any, name: str, key: Any, following: str, timing: Timing) -> list[State]:
    """The states that list a bucket, page by page, until an object matches."""
    if not isinstance(key, str):
        raise TranslationError(f"{operator.task_id}: bucket_key must be text to hold a pattern, not {key!r}")
    if operator.wildcard_match:
        head, glob = patterns.split(operator, "bucket_key", key)
        bucket, prefix = _place(operator, head)
        rest = patterns.of_glob(glob)
        matched: tuple[Any, ...] = ("[$states.result.Contents[$contains($substring(Key, $length(",)
        matched += (Given(prefix), f")), /{rest}/)]]")
    else:
        bucket, path = _place(operator, key)
        prefix = OMIT
        pattern = patterns.of_python(operator, "bucket_key", path if isinstance(path, str) else key)
        matched = (f"[$states.result.Contents[$contains(Key, /{pattern}/)]]",)
    call = Call(
        "aws-sdk:s3:listObjectsV2",
        {"Bucket": bucket, "Prefix": prefix},
        name=name,
        keep={
            "p_seen": Code(("$count(", *matched, ")")),
            "p_next": "$states.result.IsTruncated ? $states.result.NextContinuationToken : null",
        },
    )
    return _pages(operator, call, name, following, timing)


def _pages(operator: Any, call: Call, name: str, following: str, timing: Timing) -> list[State]:
    """The first page, and the same call for the pages after it."""
    judge, more = f"{name}: judge", f"{name}: more"
    next_page = Call(
        call.resource, {**call.arguments, "ContinuationToken": Code(("$p_next",))}, name=more, keep=call.keep
    )
    rules = (
        when(("$p_seen > 0",), following),
        when(("$p_next != null",), more),
        *timing.rules,
    )
    return [
        *looked(operator, call, timing, judge),
        Choice(judge, choices=rules, default="wait"),
        *looked(operator, next_page, timing, judge),
    ]


def _key_problems(operator: Any) -> list[str]:
    found = []
    if operator.wildcard_match and operator.use_regex:
        found.append("wildcard_match together with use_regex (give one of them)")
    return found


# S3KeysUnchangedSensor

_NOW = "$millis()"


def _unchanged(operator: Any) -> Translation:
    """Page by page into ``p_keys``; then compared with ``p_before``, what the look before had found."""
    timing = Timing.of(operator, Look(Call("aws-sdk:s3:listObjectsV2")))
    keep = {
        "p_seen": "$count($states.result.Contents)",
        "p_keys": "[$states.result.Contents.Key]",
        "p_next": "$states.result.IsTruncated ? $states.result.NextContinuationToken : null",
    }
    arguments = {"Bucket": operator.bucket_name, "Prefix": operator.prefix}
    first = Call("aws-sdk:s3:listObjectsV2", arguments, name="look", keep=keep)
    further = Call(
        "aws-sdk:s3:listObjectsV2",
        {**arguments, "ContinuationToken": Code(("$p_next",))},
        name="more",
        keep={**keep, "p_keys": "[$append($p_keys, $states.result.Contents.Key)]"},
    )
    before = {"p_before": code("$p_keys"), "p_since": code(_NOW)}
    vanished = "$count($p_before[$not($ in $p_keys)]) > 0"
    inactive = f"$exists($p_since) and $p_since > 0 and {_NOW} - $p_since >= {round(operator.inactivity_period * 1000)}"
    rules: list[ChoiceRule] = [when(("$p_next != null",), "more")]
    rules.append(_noting("$count($p_keys) > $count($p_before) and $not(" + vanished + ")", "late?", before))
    if operator.allow_delete:
        rules.append(_noting(vanished, "late?", before))
    else:
        rules.append(when((vanished,), "failed"))
    rules.append(when((f"{inactive} and $count($p_keys) >= {operator.min_objects}",), "done"))
    rules.append(_noting("$p_since = 0", "late?", {"p_since": code(_NOW)}))
    previous = sorted(operator.previous_objects)
    known = {"p_before": previous, "p_since": 0, "p_keys": []}
    states: list[State] = [
        Pass("begin with", assign=known, next="look"),
        *looked(operator, first, timing, "judge"),
        *looked(operator, further, timing, "judge"),
        Choice("judge", choices=tuple(rules), default="late?"),
        Choice("late?", choices=timing.rules, default="wait"),
    ]
    if not operator.allow_delete:
        states.append(ended(operator, "failed", "objects were deleted between two looks"))
    return finished(operator, states, timing, again="look")


def _noting(condition: str, then: str, assign: dict[str, Any]) -> ChoiceRule:
    return ChoiceRule({"Condition": Code((condition,)), "Next": then, "Assign": assign})


def _unchanged_problems(operator: Any) -> list[str]:
    found = []
    if not isinstance(operator.inactivity_period, (int, float)) or not isinstance(operator.min_objects, int):
        found.append("inactivity_period and min_objects must be numbers")
    return found


add(
    Row(
        f"{_SENSORS}.S3KeySensor",
        build=_key_sensor,
        refused={"check_fn": "a function runs on a worker only; look at the objects in a task after the sensor"},
        check=_key_problems,
        note="One look for each key; with wildcard_match and use_regex it lists the bucket page by page. A pattern "
        "must be written out from its first wildcard on.",
    ),
    Row(
        f"{_SENSORS}.S3KeysUnchangedSensor",
        build=_unchanged,
        check=_unchanged_problems,
        note="All keys together may have 256 KiB.",
    ),
)
