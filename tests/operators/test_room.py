"""The limit of a group: the start task waits for room, holds no worker, and never takes a place twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowRescheduleException
from airflow.serialization.serialized_objects import DagSerialization

from airflow_sfn_ml import StateMachineTaskGroup
from airflow_sfn_ml.deploy.names import repair_arn
from airflow_sfn_ml.local import LocalAws
from airflow_sfn_ml.operators.deployment import deployed_version
from airflow_sfn_ml.operators.room import pause_after
from tests.operators.starting import ROLE, Run, calls, executions, group_of, short_group_of


@pytest.fixture(autouse=True)
def environment(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in local_aws.env().items():
        monkeypatch.setenv(name, value)


def fresh() -> str:
    return f"room_{uuid4().hex[:8]}"


def test_a_start_without_room_is_rescheduled_and_says_what_it_waits_for(caplog: pytest.LogCaptureFixture):
    group = group_of(fresh(), max_concurrent_executions=2)
    arns = [Run(group, f"run{number}").start()["execution_arn"] for number in range(2)]
    third = Run(group, "run2")
    before = datetime.now(UTC)
    with caplog.at_level("INFO"), pytest.raises(AirflowRescheduleException) as waits:
        third.start()
    assert timedelta(seconds=15) < waits.value.reschedule_date - before < timedelta(seconds=30)
    (told,) = [record.getMessage() for record in caplog.records if "max_concurrent_executions is 2" in record.message]
    assert all(arn in told for arn in arns)
    assert len(executions(group)) == 2

    group.the_hook.stop(arns[0], "E", "c")
    third.looks = 1
    assert third.start()["generation"] == 0
    assert len(executions(group)) == 3


def test_a_start_that_waits_renders_and_deploys_nothing():
    group = group_of(fresh(), max_concurrent_executions=1)
    Run(group, "first").start()
    with calls(group, lambda number, moment: None) as made, pytest.raises(AirflowRescheduleException):
        Run(group, "second").start()
    assert set(made) == {"ListExecutions"}


def test_a_start_that_waited_claims_nothing_and_keeps_its_generation():
    group = group_of(fresh(), max_concurrent_executions=1)
    first = Run(group, "first").start()["execution_arn"]
    second = Run(group, "second")
    for second.looks in range(3):
        with pytest.raises(AirflowRescheduleException):
            second.start()
    assert second.store.kept == {}
    group.the_hook.stop(first, "E", "c")
    assert second.start()["generation"] == 0


def test_an_execution_that_exists_is_adopted_without_waiting_for_room():
    group = group_of(fresh(), max_concurrent_executions=1)
    run = Run(group)
    assert run.start() == run.retry()


def test_executions_that_have_ended_take_no_room():
    group = short_group_of(fresh(), max_concurrent_executions=1)
    for number in range(3):
        told = Run(group, f"run{number}").start()
        while group.the_hook.describe(told["execution_arn"])["status"] == "RUNNING":
            pass
    assert len(executions(group)) == 3


def test_a_repair_that_runs_takes_room_too():
    group = group_of(fresh(), max_concurrent_executions=1)
    told = Run(group, "first").start()
    group.the_hook.stop(told["execution_arn"], "E", "c")
    repair = deployed_version(group, ROLE, repair=True)
    name = repair_arn(told["execution_arn"], 1).rpartition(":")[2]
    document = {"airflow": {"run_id": "first"}, "values": {"wait": {"/until": "x"}}, "reuse": {}}
    # whatever it does: the execution only has to be there
    definition = group.the_hook.conn.describe_state_machine(stateMachineArn=repair)["definition"]
    assert "reuse" in definition
    machine = repair.rpartition(":")[0]
    group.the_hook.conn.update_state_machine(
        stateMachineArn=machine,
        definition='{"StartAt": "w", "States": {"w": {"Type": "Wait", "Seconds": 600, "End": true}}}',
    )
    arn = group.the_hook.start(machine, name, document)
    with pytest.raises(AirflowRescheduleException):
        Run(group, "second").start()
    group.the_hook.stop(arn, "E", "c")
    assert Run(group, "second").start()["generation"] == 0


def test_a_start_ends_only_when_aws_lists_its_execution(monkeypatch: pytest.MonkeyPatch):
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

    group = group_of(fresh(), max_concurrent_executions=2)
    listed: list[int] = []
    whole = StepFunctionsHook.executions

    def lagging(self: Any, machine: str, **given: Any) -> Any:
        if not given:
            listed.append(1)
            if len(listed) < 3:
                return iter(())
        return whole(self, machine, **given)

    monkeypatch.setattr(StepFunctionsHook, "executions", lagging)
    monkeypatch.setattr("airflow_sfn_ml.operators.room.time.sleep", lambda seconds: None)
    Run(group).start()
    assert len(listed) == 3


def test_a_group_without_a_limit_lists_nothing():
    group = group_of(fresh())
    with calls(group, lambda number, moment: None) as made:
        Run(group).start()
    assert "ListExecutions" not in made


def test_starts_of_a_limited_group_run_one_after_another_whatever_the_dag_says():
    with (
        DAG("d", default_args={"max_active_tis_per_dag": 7}) as dag,
        StateMachineTaskGroup("g", role_arn=ROLE, max_concurrent_executions=3),
    ):
        EmptyOperator(task_id="a")
    read = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    assert read.get_task("g.start").max_active_tis_per_dag == 1


@pytest.mark.parametrize("most", [0, -1])
def test_a_limit_that_lets_nothing_run_is_refused(most: int):
    with pytest.raises(ValueError, match="max_concurrent_executions must be at least 1"), DAG("d"):
        StateMachineTaskGroup("g", role_arn=ROLE, max_concurrent_executions=most)


def test_pauses_grow_to_tenfold_with_jitter():
    assert pause_after(0, 0.5) == pytest.approx(20)
    assert pause_after(1, 0.5) == pytest.approx(30)
    assert pause_after(1000, 0.5) == pytest.approx(200)
    assert (pause_after(0, 0.0), pause_after(0, 1.0)) == (pytest.approx(16), pytest.approx(24))
