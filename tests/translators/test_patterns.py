"""Patterns of names, and answers as boto3 spells them, in JSONata and in its reference implementation."""

from __future__ import annotations

import fnmatch
import json
import random
from types import SimpleNamespace
from typing import Any

import jsonata
import pytest

from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.translators.patterns import of_glob, of_python, split
from airflow_sfn_ml.translators.sequences import as_boto, as_boto_text
from tests.validators import NoValidators, evaluate_with_npm

OPERATOR = SimpleNamespace(task_id="g.t")


def cases(count: int) -> list[tuple[str, str]]:
    chance = random.Random(7)
    found: list[tuple[str, str]] = []
    while len(found) < count:
        glob = "".join(chance.choice("ab*?[]!-^./\\$") for _ in range(chance.randint(0, 7)))
        name = "".join(chance.choice("ab!-^./]\\$") for _ in range(chance.randint(0, 6)))
        try:
            of_glob(glob)
        except TranslationError:
            continue
        found.append((glob, name))
    return found


def test_a_pattern_matches_what_fnmatch_matches():
    for glob, name in cases(400):
        told = jsonata.Jsonata(f"$contains(name, /{of_glob(glob)}/)").evaluate({"name": name})
        assert told == fnmatch.fnmatchcase(name, glob), (glob, name)


def by_reference(expressions: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    """What the reference implementation makes of *expressions*."""
    try:
        return [answer.get("value", answer) for answer in evaluate_with_npm(expressions)]
    except NoValidators as reason:
        pytest.skip(str(reason))


def test_a_pattern_matches_the_same_in_the_reference_implementation():
    given = cases(400)
    told = by_reference([(f"$contains($name, /{of_glob(glob)}/)", {"name": name}) for glob, name in given])
    wrong = [case for case, answer in zip(given, told, strict=True) if answer != fnmatch.fnmatchcase(case[1], case[0])]
    assert wrong == []


def test_a_range_that_is_none_is_refused():
    with pytest.raises(TranslationError, match=r"the pattern '\[z-a\]' has a range of characters that is none"):
        of_glob("[z-a]")


def test_what_stands_before_the_first_wildcard_may_be_a_template():
    assert split(OPERATOR, "key", "a/{{ ds if x[0] else '*' }}/b*c") == ("a/{{ ds if x[0] else '*' }}/b", "*c")
    assert split(OPERATOR, "key", "plain") == ("plain", "")


def test_a_regular_expression_matches_from_the_beginning():
    assert of_python(OPERATOR, "key", r"a/b|c\/\\/") == r"^(?:a\x2fb|c\x2f\\\x2f)"


ANSWER = {
    "DbInstance": {
        "DbInstanceIdentifier": 'a "DbName": b',
        "DbName": "DbName",
        "MultiAZ": True,
        "DbParameterGroups": [{"DbParameterGroupName": "x"}],
        "CaCertificateIdentifier": "ca",
    }
}
SPELLED = {
    "DBInstance": {
        "DBInstanceIdentifier": 'a "DbName": b',
        "DBName": "DbName",
        "MultiAZ": True,
        "DBParameterGroups": [{"DBParameterGroupName": "x"}],
        "CACertificateIdentifier": "ca",
    }
}


def test_only_the_names_of_fields_are_spelled_anew():
    text = as_boto_text("aws-sdk:rds:createDBInstance", "answer")
    assert json.loads(jsonata.Jsonata(text).evaluate({"answer": ANSWER})) == SPELLED


def test_the_reference_implementation_spells_them_the_same():
    text = as_boto_text("aws-sdk:rds:createDBInstance", "$answer")
    (told,) = by_reference([(text, {"answer": ANSWER})])
    assert json.loads(told) == SPELLED


def test_fields_of_services_that_begin_in_lower_case():
    told: Any = as_boto("aws-sdk:ecr:createRepository", "answer")
    answer = {"Repository": {"RepositoryName": "r", "ImageScanningConfiguration": {"ScanOnPush": True}}}
    text = told.removeprefix("$parse(").removesuffix(")")
    assert json.loads(jsonata.Jsonata(text).evaluate({"answer": answer})) == {
        "repository": {"repositoryName": "r", "imageScanningConfiguration": {"scanOnPush": True}}
    }
