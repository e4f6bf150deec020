"""The two validators agree that our definitions are valid, and still see faults."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from airflow_sfn_ml import asl
from tests.asl.corpus import accepted, needs_corpus
from tests.asl.machines import machines
from tests.asl.validation.definitions import JSONATA, JSONPATH, REMOVED, changed
from tests.validators import (
    ASL_VALIDATOR,
    FALSE_ALARMS,
    LANGUAGE_SERVICE,
    NoValidators,
    false_alarm,
    findings,
    validate_all_with_npm,
    validate_with_npm,
)

CLEAN: dict[str, list[str]] = {LANGUAGE_SERVICE: [], ASL_VALIDATOR: []}


@pytest.fixture(autouse=True, scope="module")
def _validators() -> None:
    try:
        validate_with_npm(JSONPATH)
    except NoValidators as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("definition", [JSONPATH, JSONATA], ids=["JSONPath", "JSONata"])
def test_they_find_nothing_in_the_definitions_without_a_fault(definition: dict[str, Any]) -> None:
    assert validate_with_npm(definition) == CLEAN


def test_they_find_nothing_in_random_machines_that_break_no_rule() -> None:
    definitions: list[dict[str, Any]] = []

    @settings(max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(machines())
    def collect(machine: asl.StateMachine) -> None:
        definitions.append(asl.render(machine))

    collect()
    assert len(definitions) >= 20
    for definition, found in zip(definitions, validate_all_with_npm(definitions), strict=True):
        assert found == CLEAN, definition


@pytest.mark.parametrize(
    ("definition", "changes"),
    [
        (JSONPATH, {"States/Wait/Next": "Nowhere"}),
        (JSONPATH, {"States/Wait/Seconds": REMOVED}),
        (JSONPATH, {"States/Task/Type": "Sleep"}),
        (JSONPATH, {"States/Choice/Choices/0/Next": REMOVED}),
        (JSONATA, {"States/Parallel/End": REMOVED}),
        (JSONATA, {"States/Task/Catch/0/Next": REMOVED}),
    ],
    ids=lambda value: next(iter(value)),
)
def test_they_still_see_a_fault(definition: dict[str, Any], changes: dict[str, Any]) -> None:
    broken = changed(definition, changes)
    assert any(validate_with_npm(broken).values())
    assert [problem.severity for problem in asl.validate(broken)].count("error") > 0


def one_state(**fields: Any) -> dict[str, Any]:
    return {"StartAt": "a", "States": {"a": fields}}


ITEMS = {"StartAt": "i", "States": {"i": {"Type": "Succeed"}}}
READER = {
    "Resource": "arn:aws:states:::s3:getObject",
    "ReaderConfig": {"InputType": "JSON", "MaxItems": 0},
    "Parameters": {"Bucket": "b", "Key": "k"},
}
FALSELY_ACCUSED = [
    one_state(Type="Pass", QueryLanguage="JSONata", Output=[1, [2]], End=True),
    one_state(Type="Pass", Assign={"list": [1, "a", None]}, End=True),
    one_state(Type="Map", ItemProcessor=ITEMS, ItemReader=READER, End=True),
    one_state(Type="Map", ItemProcessor=ITEMS, ToleratedFailurePercentage=50.5, End=True),
    {
        "StartAt": "a",
        "States": {
            "a": {"Type": "Choice", "QueryLanguage": "JSONata", "Choices": [{"Condition": True, "Next": "b"}]},
            "b": {"Type": "Succeed"},
        },
    },
    one_state(Type="Pass", Parameters={"list.$": "States.Array()"}, End=True),
]


def test_every_false_alarm_is_raised_by_something_that_aws_accepts() -> None:
    """Each of these shapes stands in a definition recorded from AWS."""
    raised = set()
    for definition, found in zip(FALSELY_ACCUSED, findings(FALSELY_ACCUSED), strict=True):
        alarms = [false_alarm(name, line) for name, lines in found.items() for line in lines]
        assert alarms
        assert None not in alarms, definition
        assert [problem for problem in asl.validate(definition) if problem.severity == "error"] == []
        raised |= set(alarms)
    assert raised == set(FALSE_ALARMS)


@needs_corpus
def test_what_aws_accepted_raises_no_other_complaint() -> None:
    """A part of the recordings: asl-validator needs a third of a second for each."""
    definitions = accepted()[::9]
    assert [found for found in validate_all_with_npm(definitions) if found != CLEAN] == []
