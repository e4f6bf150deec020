"""Tell what AWS would refuse in a definition, and what it would take but that cannot work.

Every rule is one function under its code in `TABLE`; the modules group them by subject. Errors are what AWS refuses at
CreateStateMachine, as its documentation, the specification of the language and recorded answers say; where its
behaviour is not known, a rule only warns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_sfn_ml.asl.digest import canonical
from airflow_sfn_ml.asl.render import render
from airflow_sfn_ml.asl.states import StateMachine
from airflow_sfn_ml.asl.validation import (  # the modules register their rules
    choice,
    errors,
    expressions,
    flow,
    language,
    limits,
    maps,
    paths,
    resources,
    structure,
    times,
    variables,
)
from airflow_sfn_ml.asl.validation.model import Definition
from airflow_sfn_ml.asl.validation.rules import TABLE, Problem, Rule

__all__ = ["TABLE", "Problem", "Rule", "validate"]

SUBJECTS = (structure, language, flow, choice, paths, expressions, variables, errors, times, resources, maps, limits)
NOT_JSON, NOT_OBJECT, DUPLICATE_KEY = "not-json", "not-an-object", "duplicate-key"


def validate(definition: Mapping[str, Any] | str | StateMachine, type: str = "STANDARD") -> list[Problem]:
    """All problems of *definition*, in the order of the rules; an empty list when there are none.

    :param definition: a dict, JSON text or a machine.
    :param type: the type of the state machine it is for, STANDARD or EXPRESS; the latter can do less.
    """
    doubled: list[str] = []
    if isinstance(definition, StateMachine):
        definition = render(definition)
    size = 0
    if isinstance(definition, str):
        size = len(definition.encode("utf-8", "surrogatepass"))
        try:
            definition = _loads(definition, doubled)
        except (ValueError, RecursionError) as error:
            return [Problem("/", NOT_JSON, f"the definition is not JSON: {error}")]
    if not isinstance(definition, Mapping):
        return [Problem("/", NOT_OBJECT, "a definition is an object with StartAt and States")]
    whole = Definition.of(definition, type, size or len(canonical(definition).encode("utf-8", "surrogatepass")))
    found = [problem for rule in TABLE.values() for problem in rule(whole)]
    return [*_doubled(doubled), *found]


def _loads(text: str, doubled: list[str]) -> Any:
    """Read JSON as strictly as AWS does: no NaN and no Infinity; keys given twice go to *doubled*."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for key, value in items:
            if key in seen:
                doubled.append(key)
            seen[key] = value
        return seen

    def constant(name: str) -> Any:
        raise ValueError(f"{name} is no JSON number")

    return json.loads(text, object_pairs_hook=pairs, parse_constant=constant)


def _doubled(keys: list[str]) -> Iterator[Problem]:
    for key in keys:
        yield Problem(
            "/", DUPLICATE_KEY, f"the key {key!r} stands twice in one object; only the last counts", "warning"
        )
