"""What a job takes from S3 and what it leaves there, with SageMaker's meaning of an S3 URI."""

from __future__ import annotations

import contextlib
import json
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError


class StorageError(Exception):
    """A job cannot read or write an S3 URI; the message is its FailureReason."""


class NoDataError(StorageError):
    """There is nothing at an S3 URI that a job is to read."""


class Storage:
    """S3 as one job sees it."""

    def __init__(self, client: Any, region: str, role_arn: str) -> None:
        self._s3 = client
        self._region = region
        self._role = role_arn

    def download(self, uri: str, directory: Path, shard: tuple[int, int] = (0, 1)) -> None:
        """Copy an object, or everything below a prefix, into `directory`; `shard` (i, n) takes every n-th key."""
        bucket, prefix = split(uri)
        keys = [key for key in self._keys(uri) if not key.endswith("/")]
        if not keys:
            raise self._nothing(uri)
        index, count = shard
        directory.mkdir(parents=True, exist_ok=True)
        for key in sorted(keys)[index::count]:
            target = _inside(directory, relative(key, prefix))
            target.parent.mkdir(parents=True, exist_ok=True)
            self._s3.download_file(bucket, key, str(target))

    def download_if_any(self, uri: str, directory: Path) -> None:
        """Copy everything below a prefix, of which there may be nothing."""
        with contextlib.suppress(NoDataError):
            self.download(uri, directory)

    def download_manifest(self, uri: str, directory: Path, shard: tuple[int, int] = (0, 1)) -> None:
        """Copy what a manifest lists: `[{"prefix": "s3://..."}, "key", ...]`."""
        bucket, key = split(uri)
        try:
            entries = json.loads(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as error:
            raise self._nothing(uri) from error
        prefix = entries[0]["prefix"]
        index, count = shard
        for name in entries[1:][index::count]:
            source_bucket, source = split(prefix + name)
            target = _inside(directory, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            self._s3.download_file(source_bucket, source, str(target))

    def put(self, uri: str, body: bytes) -> None:
        """Write one object."""
        bucket, key = split(uri)
        with _writing(uri):
            self._s3.put_object(Bucket=bucket, Key=key, Body=body)

    def upload_tree(self, directory: Path, uri: str) -> int:
        """Copy every file below `directory` to below `uri`; the number of files."""
        files = [path for path in sorted(directory.rglob("*")) if path.is_file()]
        bucket, prefix = split(uri)
        with _writing(uri):
            for path in files:
                key = "/".join(part for part in (prefix.rstrip("/"), path.relative_to(directory).as_posix()) if part)
                self._s3.upload_file(str(path), bucket, key)
        return len(files)

    def upload_archive(self, directory: Path, uri: str) -> None:
        """Copy `directory` to `uri` as one tar.gz with its entries at the top."""
        bucket, key = split(uri)
        with tempfile.TemporaryFile() as archive:
            with tarfile.open(fileobj=archive, mode="w:gz") as tar:
                for path in sorted(directory.iterdir()):
                    tar.add(path, arcname=path.name)
            archive.seek(0)
            with _writing(uri):
                self._s3.upload_fileobj(archive, bucket, key)

    def _keys(self, uri: str) -> Iterator[str]:
        bucket, prefix = split(uri)
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        try:
            for page in pages:
                yield from (entry["Key"] for entry in page.get("Contents", ()))
        except ClientError as error:
            raise self._nothing(uri) from error

    def _nothing(self, uri: str) -> NoDataError:
        bucket, _ = split(uri)
        return NoDataError(
            f'ClientError: Data download failed:No S3 objects found under S3 URL "{uri}" given in input data source. '
            f"Please ensure that the bucket exists in the selected region ({self._region}), that objects exist under "
            f'that S3 prefix, and that the role "{self._role}" has "s3:ListBucket" permissions on bucket "{bucket}".'
        )


@contextlib.contextmanager
def _writing(uri: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, S3UploadFailedError) as error:
        raise StorageError(f"ClientError: Data upload failed: cannot write to {uri}: {error}") from error


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of an s3:// URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def relative(key: str, prefix: str) -> str:
    """The name that a key below a prefix gets in the job's directory.

    `data/train` gives a.csv for data/train/a.csv, and train.csv for data/train.csv.
    """
    if prefix and not prefix.endswith("/") and not key.startswith(prefix + "/"):
        return key.rsplit("/", 1)[-1]
    return key[len(prefix) :].lstrip("/")


def _inside(directory: Path, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if ".." in parts:
        raise NoDataError(f"ClientError: the S3 key {name!r} leads out of the job's directory")
    return directory.joinpath(*parts)
