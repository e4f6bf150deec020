"""Training data in all the forms that ``fit()`` takes, as InputDataConfig."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.steps.objects.attributes import SYMBOLS, read, shaped

DEFAULT_CHANNEL = "training"


def channels(data: Any) -> list[dict[str, Any]] | Any:
    """InputDataConfig of *data*: a location, a channel, a dict from names to either, a list of channels."""
    if data is None:
        return None
    if isinstance(data, (str, *SYMBOLS)):
        return [_channel(DEFAULT_CHANNEL, data)]
    if isinstance(data, Mapping) and not {"DataSource", "ChannelName"} & data.keys():
        return [_channel(name, item) for name, item in data.items()]
    if isinstance(data, (list, tuple)):
        return [_channel(None, item) for item in data]
    return [_channel(None, data)]


def _channel(name: str | None, data: Any) -> dict[str, Any]:
    """One channel; *name* wins over the name that the data itself has."""
    if isinstance(data, (str, *SYMBOLS)):
        return {"ChannelName": name or DEFAULT_CHANNEL, "DataSource": _s3(data)}
    named = name or (data.get("ChannelName") if isinstance(data, Mapping) else _own_name(data)) or DEFAULT_CHANNEL
    if isinstance(data, Mapping):
        return {**data, "ChannelName": named}
    config = getattr(data, "config", None)
    if isinstance(config, Mapping):  # version 2's TrainingInput and FileSystemInput
        return {**config, "ChannelName": named}
    location = read(data, "s3_data")
    if location is not None:  # version 2's RecordSet
        kind = read(data, "s3_data_type") or "S3Prefix"
        source = {"S3DataSource": {"S3DataDistributionType": "ShardedByS3Key", "S3DataType": kind, "S3Uri": location}}
        return {"ChannelName": named, "DataSource": source}
    fields = shaped(data)
    source = fields.get("DataSource")
    if isinstance(source, (str, *SYMBOLS)):
        fields["DataSource"] = _s3(source)
    elif isinstance(source, Mapping) and "S3Uri" in source:
        fields["DataSource"] = {"S3DataSource": source}
    elif isinstance(source, Mapping) and "FileSystemId" in source:
        fields["DataSource"] = {"FileSystemDataSource": source}
    return {**fields, "ChannelName": named}


def _own_name(data: Any) -> str | None:
    found = read(data, "channel_name", "channel")
    return found if isinstance(found, str) else None


def _s3(location: Any) -> dict[str, Any]:
    return {"S3DataSource": {"S3DataDistributionType": "FullyReplicated", "S3DataType": "S3Prefix", "S3Uri": location}}
