"""Which references surely are text, by the models of the services: those need no look at what they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from airflow_sfn_ml.asl.refs import Code, Given, Ref, Text
from airflow_sfn_ml.compiler.graph import Node
from airflow_sfn_ml.steps import ServiceStep


def with_kinds(nodes: list[Node]) -> list[Node]:
    """*nodes* with the references in their texts marked that surely are text."""
    steps = {node.name: node.step for node in nodes if isinstance(node.step, ServiceStep) and node.each is None}

    def marked(ref: Ref) -> Ref:
        step = steps.get(ref.task)
        return replace(ref, is_text=True) if step is not None and _is_text(step, ref) else ref

    return [_marked(node, marked) for node in nodes] if steps else nodes


def _marked(node: Node, marked: Callable[[Ref], Ref]) -> Node:
    step = node.step
    if step is None or not _has_texts(step.request):
        return node
    return replace(node, step=step.with_request(_rewritten(step.request, marked)))


def _is_text(step: ServiceStep, ref: Ref) -> bool:
    from airflow_sfn_ml.steps.results import type_at

    path = ref.path
    if step.result_key:
        if not path or path[0] != step.result_key:
            return False
        path = path[1:]
    return type_at(step.call, step.pattern, path) == "string"


def _has_texts(value: Any) -> bool:
    match value:
        case Mapping():
            return any(_has_texts(item) for item in value.values())
        case list() | tuple():
            return any(_has_texts(item) for item in value)
        case Text():
            return any(isinstance(part, Ref) or _has_texts(part) for part in value.parts)
        case Code():
            return any(_has_texts(part.value) for part in value.parts if isinstance(part, Given))
        case _:
            return False


def _rewritten(value: Any, marked: Callable[[Ref], Ref]) -> Any:
    """*value* with *marked* applied to the references within texts."""
    match value:
        case Mapping():
            return {key: _rewritten(item, marked) for key, item in value.items()}
        case list() | tuple():
            return [_rewritten(item, marked) for item in value]
        case Text():
            return Text(
                tuple(marked(part) if isinstance(part, Ref) else _rewritten(part, marked) for part in value.parts)
            )
        case Code():
            return Code(
                tuple(
                    Given(_rewritten(part.value, marked)) if isinstance(part, Given) else part for part in value.parts
                )
            )
        case _:
            return value
