"""The tree of errors."""

from __future__ import annotations

import inspect
import pickle
import re

import pytest

from airflow_sfn_ml import exceptions
from airflow_sfn_ml.exceptions import CompileError, DefinitionError, SfnMlError

ERRORS = [kind for _, kind in inspect.getmembers(exceptions, inspect.isclass) if issubclass(kind, SfnMlError)]


@pytest.mark.parametrize("kind", ERRORS)
def test_an_error_survives_pickling(kind):
    for problems in ("one", ["one", "two"]):
        error = kind(problems)
        copy = pickle.loads(pickle.dumps(error))
        assert type(copy) is kind
        assert (copy.problems, str(copy)) == (error.problems, str(error))


def test_one_problem_is_the_message():
    assert str(CompileError("train: no request")) == "train: no request"
    assert str(CompileError(["train: no request"])) == "train: no request"


def test_several_problems_are_told_as_a_list():
    error = CompileError(f"task {number} is wrong" for number in (1, 2))
    assert error.problems == ("task 1 is wrong", "task 2 is wrong")
    assert str(error) == "2 problems:\n- task 1 is wrong\n- task 2 is wrong"


def test_a_wrong_definition_is_a_value_error():
    with pytest.raises(ValueError, match="no StartAt"):
        raise DefinitionError("no StartAt")


def test_the_drawn_tree_is_the_tree():
    drawn = re.findall(r"^ *[│ ]*(?:[├└]── )?(\w+)(?: \(ValueError\))?(?:  |$)", exceptions.__doc__, re.MULTILINE)
    assert {name for name in drawn if hasattr(exceptions, name)} == {kind.__name__ for kind in ERRORS}
