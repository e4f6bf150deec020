"""Requests with boto3's keys become requests with Step Functions' keys, before their values are known.

Structures that are written out are mapped at parse. A structure that is a template or an XCom is mapped by the start
task, once it has been rendered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.asl.refs import Code, Given, Ref
from airflow_sfn_ml.steps.calls import api_of
from airflow_sfn_ml.steps.casing import Spelling, spelling, to_pascal_shape
from airflow_sfn_ml.steps.service_model import ServiceModel, service_model
from airflow_sfn_ml.translators.preparations import Preparation, Prepared, prepared


def cased(resource: str, request: Any) -> Any:
    """*request*, its values not read yet, as the call *resource* takes it."""
    api = api_of(resource)
    if api is None:
        return request
    model = service_model(api[0])
    shape = model.input_shape(api[1])
    return _Cased(model, spelling(resource)).mapped(shape, request) if shape else request


@dataclass(frozen=True)
class _Cased:
    """One walk along the shapes of *model*."""

    model: ServiceModel
    spelled: Spelling

    def mapped(self, name: str, value: Any) -> Any:
        if isinstance(value, Code):
            return Code(
                tuple(
                    Given(self.mapped(name, part.value))
                    if isinstance(part, Given) and not isinstance(part.value, str)
                    else part
                    for part in value.parts
                )
            )
        if isinstance(value, Prepared):
            inner = self.mapped(name, value.value)
            if isinstance(inner, Prepared):
                return Prepared(inner.value, (*value.steps, *inner.steps))
            return Prepared(inner, value.steps)
        return to_pascal_shape(self.model, name, value, unknown=self._later, spelled=self.spelled)

    def _later(self, name: str, value: Any) -> Any:
        """*value*, which is no structure yet but stands for one of the shape *name*."""
        if isinstance(value, (Code, Prepared)):
            return self.mapped(name, value)
        if value is None or isinstance(value, (Ref, bool, int, float)) or not self._changes(name, set()):
            return value
        model, spelled = self.model, self.spelled
        return prepared(value, Preparation(lambda given, start: to_pascal_shape(model, name, given, spelled=spelled)))

    def _changes(self, name: str, seen: set[str]) -> bool:
        """Whether the shape *name* holds fields that boto3 writes in another way."""
        if name in seen:
            return False
        seen.add(name)
        shape = self.model.shape(name)
        if shape["type"] == "structure":
            return any(
                self.spelled(key) != key or self._changes(item["shape"], seen) for key, item in shape["members"].items()
            )
        inner = {"list": "member", "map": "value"}.get(shape["type"])
        return inner is not None and self._changes(shape[inner]["shape"], seen)
