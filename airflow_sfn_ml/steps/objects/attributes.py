"""Reading objects by attribute, whoever made them, and writing what was read as fields of a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.asl.refs import Param, Ref, Text
from airflow_sfn_ml.inputs.expressions import Expression

SYMBOLS = (Expression, Ref, Param, Text)
_REQUESTS = ("_to_request_dict", "to_request_dict", "to_input_req", "to_debugger_rule_config_dict")
"""Methods by which objects of version 2 say what they are in a request."""
_WORDS = {"gb": "GB", "mb": "MB"}


def read(thing: Any, *names: str) -> Any:
    """The first of the attributes *names* of *thing* (an object or a dict) that says something; methods are called."""
    for name in names:
        value = thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)
        if callable(value) and not isinstance(value, SYMBOLS):
            value = value()
        if value is not None and not _unassigned(value):
            return value
    return None


def _unassigned(value: Any) -> bool:
    return type(value).__name__ == "Unassigned"  # version 3's word for None


def present(**fields: Any) -> dict[str, Any]:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value is not None}


def shaped(thing: Any) -> Any:
    """*thing*, an object of a shape's kind, as that shape of the request; plain data stays as it is."""
    if thing is None or isinstance(thing, (*SYMBOLS, str, int, float)):
        return thing
    if isinstance(thing, Mapping):
        return {key: shaped(item) for key, item in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [shaped(item) for item in thing]
    for name in _REQUESTS:
        if hasattr(thing, name):
            return shaped(getattr(thing, name)())
    return {
        pascal(name): shaped(value)
        for name, value in vars(thing).items()
        if not name.startswith("_") and value is not None and not _unassigned(value)
    }


def pascal(name: str) -> str:
    """``volume_size_in_gb`` as ``VolumeSizeInGB``."""
    return "".join(_WORDS.get(word, word.title()) for word in name.split("_"))


def tag_list(tags: Any) -> Any:
    """Tags as the API wants them, from a dict, a list or a placeholder."""
    if isinstance(tags, Mapping):
        return [{"Key": key, "Value": value} for key, value in tags.items()]
    return shaped(tags) if tags else None


def texts(values: Any) -> Any:
    """Hyperparameters and environment variables: text, where it is not a placeholder."""
    if not isinstance(values, Mapping):
        return values
    return {str(key): value if isinstance(value, (*SYMBOLS, str)) else str(value) for key, value in values.items()}


def vpc(thing: Any) -> Any:
    """VpcConfig, from one attribute or from subnets and security groups."""
    given = read(thing, "vpc_config")
    if given is not None:
        return shaped(given)
    subnets, groups = read(thing, "subnets"), read(thing, "security_group_ids")
    return {"Subnets": subnets, "SecurityGroupIds": groups} if subnets and groups else None


def merged(base: Any, over: Any) -> Any:
    """*base* with the fields of *over*, which win, at every depth."""
    if not isinstance(base, Mapping) or not isinstance(over, Mapping):
        return over
    return {**base, **{key: merged(base[key], item) if key in base else item for key, item in over.items()}}


def default_bucket(thing: Any) -> str | None:
    """The default bucket of the object's session, if it has one."""
    session = getattr(thing, "sagemaker_session", None)
    return None if session is None else read(session, "_default_bucket", "default_bucket")
