"""What a SageMaker operator's ``S3Operations`` ask for: buckets and files that the job finds when it begins.

The start task does it before the execution begins, with the group's connection, from the files of its worker. A try
that comes after another does it again, so what is there already is replaced.
"""

from __future__ import annotations

import contextlib
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow_sfn_ml.translators.preparations import Preparation, Start

FIELD = "S3Operations"


def upload(operations: Any, start: Start) -> None:
    """Make the buckets and upload the files that *operations* name."""
    client = start.client("s3")
    for operation in operations.get("S3CreateBucket", []):
        _create(client, operation["Bucket"])
    for operation in operations.get("S3Upload", []):
        if operation.get("Tar"):
            _upload_archive(client, Path(operation["Path"]), operation["Bucket"], operation["Key"])
        else:
            client.upload_file(operation["Path"], operation["Bucket"], operation["Key"])


def _create(client: Any, bucket: str) -> None:
    region = client.meta.region_name
    more = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(Bucket=bucket, **more)


def _upload_archive(client: Any, path: Path, bucket: str, key: str) -> None:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    with tempfile.TemporaryFile() as archive:
        with tarfile.open(mode="w:gz", fileobj=archive) as tar:
            for file in files:
                tar.add(file, arcname=file.name)
        archive.seek(0)
        client.upload_fileobj(archive, bucket, key)


def _taken_out(config: Any, start: Any) -> Any:
    if not isinstance(config, Mapping) or FIELD not in config:
        return config
    upload(config[FIELD], start)
    return {key: value for key, value in config.items() if key != FIELD}


UPLOADS = Preparation(_taken_out)
"""A config that is known only at the start: its ``S3Operations`` are done and taken out."""
