"""Upload the code that a definition names by its content."""

from __future__ import annotations

import logging
from typing import Any

from airflow_sfn_ml.steps import Graph

logger = logging.getLogger(__name__)


def upload_code(definition: Graph, client: Any) -> None:
    """Put the archives of the steps of *definition* where it says that they are.

    :param client: any client of the account; S3 is in its region, and on its host where that is a local one.
    """
    uploads = {upload.uri: upload for step in definition.steps() for upload in getattr(step, "uploads", ())}
    if not uploads:
        return
    import boto3

    url = client.meta.endpoint_url
    local = {"endpoint_url": url} if "://127.0.0.1" in url or "://localhost" in url else {}
    s3 = boto3.client("s3", region_name=client.meta.region_name, **local)
    for uri, upload in uploads.items():
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        s3.put_object(Bucket=bucket, Key=key, Body=upload.archive())
        logger.info("uploaded %s to %s", upload.path, uri)
