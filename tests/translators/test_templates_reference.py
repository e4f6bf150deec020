"""The expressions of templates in JSONata's reference implementation: what they use is the same everywhere."""

from __future__ import annotations

from typing import Any

import pytest

from tests.translators.jinja_cases import by_jinja, machine_code
from tests.translators.test_templates_jinja import EQUAL, NATIVE, XCOMS, X
from tests.validators import NoValidators, evaluate_with_npm


def results(templates: list[str], *, native: bool) -> list[tuple[str, dict[str, Any], Any]]:
    """Each template with what the reference implementation and Airflow make of it."""
    written = [template.replace("X", X) for template in templates]
    cases = [machine_code(template, XCOMS, native) for template in written]
    try:
        answers = evaluate_with_npm([(code or "", variables) for code, variables in cases])
    except NoValidators as reason:
        pytest.skip(str(reason))
    return [
        (template, answer, by_jinja(template, XCOMS, native)) for template, answer in zip(written, answers, strict=True)
    ]


def test_the_reference_implementation_renders_what_airflow_renders():
    wrong = [found for found in results(EQUAL, native=False) if found[1] != {"value": found[2]}]
    assert wrong == []


def test_the_reference_implementation_gives_the_same_types():
    wrong = [found for found in results(NATIVE, native=True) if found[1] != {"value": found[2]}]
    assert wrong == []
