"""From values with placeholders to payloads of a query language.

JSONPath has placeholders only as values of fields whose key ends in ``.$``. A list that holds one becomes a call of
States.Array; everything else stays plain. JSONata has expressions wherever a string may stand.
"""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.inputs.expressions import Expression, expressions_in, jsonpath_argument


def jsonpath_payload(value: Any) -> Any:
    """*value* as a payload template of JSONPath.

    :raises ValueError: a placeholder stands where a payload template cannot have one.
    """
    if isinstance(value, Expression):
        raise ValueError(f"{value!r} cannot be all of it in JSONPath; give the state query_language='JSONata'")
    if isinstance(value, dict):
        return dict(_field(key, item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        if _directly_in(value):
            raise ValueError("a list of placeholders needs a field that holds it")
        return [jsonpath_payload(item) for item in value]
    return value


def _field(key: Any, item: Any) -> tuple[Any, Any]:
    if isinstance(item, Expression):
        return _dynamic(key), item.to_jsonpath()
    if isinstance(item, (list, tuple)) and _directly_in(item):
        return _dynamic(key), jsonpath_argument(item)
    return key, jsonpath_payload(item)


def _dynamic(key: Any) -> str:
    return str(key) if str(key).endswith(".$") else f"{key}.$"


def _directly_in(items: Any) -> bool:
    """Whether an expression is an element of *items*, or of a list in it."""
    return any(
        isinstance(item, Expression) or (isinstance(item, (list, tuple)) and _directly_in(item)) for item in items
    )


def jsonata_payload(value: Any) -> Any:
    """*value* with each placeholder as a JSONata expression.

    :raises ValueError: a key ends in ``.$``, which is JSONPath's.
    """
    if isinstance(value, Expression):
        return f"{{% {value.to_jsonata()} %}}"
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, str) and key.endswith(".$"):
                raise ValueError(f"the field {key!r} ({item!r}) is JSONPath's; in a JSONata state write {{% ... %}}")
        return {key: jsonata_payload(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [jsonata_payload(item) for item in value]
    return value


def plain(value: Any) -> Any:
    """*value*, which holds no placeholder.

    :raises ValueError: it does.
    """
    for expression in expressions_in(value):
        raise ValueError(f"{expression!r}: a placeholder cannot stand here")
    return list(value) if isinstance(value, tuple) else value
