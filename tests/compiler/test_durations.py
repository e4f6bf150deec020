"""How long tasks are expected to take where nobody says it."""

from __future__ import annotations

import pytest

from airflow_sfn_ml.asl import Pass, State, Task, Wait
from airflow_sfn_ml.compiler import Node
from airflow_sfn_ml.compiler.durations import duration
from airflow_sfn_ml.steps import TrainingStep
from airflow_sfn_ml.steps.procedure import Procedure


def procedure(*states: State) -> Node:
    return Node("t", Procedure("t", states))


def test_what_the_user_says_counts():
    assert duration(Node("t", TrainingStep("t", request={}), duration=1.5)) == 1500


def test_a_job_outweighs_a_call():
    assert duration(Node("t", TrainingStep("t", request={}))) == 3_600_000
    assert duration(procedure(Task("a", resource="batch:submitJob.sync"))) == 600_000
    assert duration(procedure(Task("a", resource="aws-sdk:glue:createDatabase"))) == 2_000


@pytest.mark.parametrize(("operation", "seconds"), [("startPipelineExecution", 3600), ("startNotebookInstance", 300)])
def test_a_loop_takes_as_long_as_what_it_waits_for(operation: str, seconds: int):
    node = procedure(Task("a", resource=f"aws-sdk:sagemaker:{operation}"), Wait("w", seconds=1), Pass("done"))
    assert duration(node) == seconds * 1000


def test_a_task_that_calls_nothing_takes_no_time():
    assert duration(Node("t")) == 0
