"""Where an object of S3 lies, as the operators are told: a bucket and a key, or one URL in the place of the key."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.translators.phrases import written
from airflow_sfn_ml.translators.preparations import Preparation, prepared

_URL = r"/^s3[na]?:\/\/([^\/]+)\/*(.*)$/i"
"""The only form that a URL may have that another task of the group makes."""


def bucket_and_key(operator: Any, bucket: Any, key: Any, bucket_name: str, key_name: str) -> tuple[Any, Any]:
    """The bucket and the key that *bucket* and *key* say.

    :param bucket_name: how *bucket* is called, and *key_name* how *key* is.
    :raises TranslationError: they say neither.
    """
    if bucket is None:
        if written(key):
            return _split(operator, key, key_name)
        split = _part(operator, key_name)
        return prepared(key, split(0)), prepared(key, split(1))
    if written(key) and (urlsplit(key).scheme or urlsplit(key).netloc):
        raise TranslationError(
            f"{operator.task_id}: {key_name} must be a key, not a URL, since {bucket_name} is given: {key!r}"
        )
    return bucket, key


def _part(operator: Any, name: str) -> Any:
    def of(position: int) -> Preparation:
        return Preparation(
            lambda value, start: _split(operator, value, name)[position],
            code=("($match(", f", {_URL})[0].groups[{position}])"),
        )

    return of


def _split(operator: Any, url: str, name: str) -> tuple[str, str]:
    """The bucket and the key of *url*: ``s3://bucket/key``, or one of S3's own ``https://`` forms."""
    scheme, _, rest = url.partition("//")
    if re.fullmatch("s3[na]?:", scheme, re.IGNORECASE) and urlsplit(url, allow_fragments=False).netloc:
        parsed = urlsplit(url, allow_fragments=False)
        return parsed.netloc, parsed.path.lstrip("/")
    if scheme == "https:":
        host, _, path = rest.partition("/")
        labels = host.split(".")
        if labels[0] == "s3":
            bucket, _, key = path.partition("/")
            return bucket, key
        if labels[1:2] == ["s3"]:
            return labels[0], path
    raise TranslationError(
        f"{operator.task_id}: {name} must be a URL such as s3://bucket/key, since no bucket is given: {url!r}"
    )
