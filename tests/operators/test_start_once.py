"""Exactly one execution for each Dag run, group and generation, whatever dies and whoever took the name."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException
from botocore.awsrequest import AWSResponse

from airflow_sfn_ml import StateMachineTaskGroup
from airflow_sfn_ml.deploy.names import execution_name
from airflow_sfn_ml.exceptions import DeployError
from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook
from airflow_sfn_ml.local import LocalAws
from airflow_sfn_ml.operators.claim import KEY
from tests.operators.starting import (
    ROLE,
    Killed,
    Run,
    calls,
    executions,
    group_of,
    short_group_of,
    versions,
    with_hook,
)


@pytest.fixture(autouse=True)
def environment(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in local_aws.env().items():
        monkeypatch.setenv(name, value)


def fresh() -> str:
    return f"once_{uuid4().hex[:8]}"


def nothing(number: int, moment: str) -> None:
    """No one dies."""


MAKE = [pytest.param(group_of, id="running"), pytest.param(short_group_of, id="over")]


# Whatever dies


@pytest.mark.parametrize("make", MAKE)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_that_dies_at_any_call_leaves_one_execution_and_one_version(make: Any, moment: str):
    counted = make(fresh())
    with calls(counted, nothing) as made:
        Run(counted).start()
    assert {"CreateStateMachine", "StartExecution"} <= set(made)

    for number in range(1, len(made) + 1):
        group = make(fresh())
        run = Run(group)

        def die(count: int, when: str, number: int = number) -> None:
            if (count, when) == (number, moment):
                raise Killed

        with pytest.raises(Killed), calls(group, die):
            run.start()
        told = run.retry()
        assert executions(group) == [told["execution_name"]], f"{moment} {made[number - 1]}"
        assert versions(group) == 1
        assert run.retry() == told


@pytest.mark.parametrize("make", MAKE)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_that_dies_while_a_changed_group_is_deployed_leaves_one_new_version(make: Any, moment: str):
    from airflow.providers.standard.operators.empty import EmptyOperator

    def changed() -> Any:
        group = make(fresh())
        Run(group, "earlier").start()
        with group.dag, group:
            EmptyOperator(task_id="more")
        return group

    counted = changed()
    with calls(counted, nothing) as made:
        Run(counted).start()
    assert "UpdateStateMachine" in made
    for number in range(1, len(made) + 1):
        group = changed()
        run = Run(group)

        def die(count: int, when: str, number: int = number) -> None:
            if (count, when) == (number, moment):
                raise Killed

        with pytest.raises(Killed), calls(group, die):
            run.start()
        run.retry()
        assert len(executions(group)) == 2, f"{moment} {made[number - 1]}"
        assert versions(group) == 2


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_that_dies_while_it_writes_its_claim_leaves_one_execution(moment: str):
    group = group_of(fresh())
    run = Run(group)
    write = run.store.set

    def die(*args: Any, **options: Any) -> None:
        run.store.set = write  # type: ignore[method-assign]
        if moment == "after":
            write(*args, **options)
        raise Killed

    run.store.set = die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        run.start()
    assert executions(group) == []
    told = run.retry()
    assert executions(group) == [told["execution_name"]]


def test_a_worker_that_airflow_has_given_up_starts_nothing():
    # Airflow's API refuses what an old try writes, since each try has an id of its own
    group = group_of(fresh())
    run = Run(group)

    def refuse(*args: Any, **options: Any) -> None:
        raise RuntimeError("404: Task instance not found")

    run.store.set = refuse  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="404"):
        run.start()
    assert executions(group) == []


class Cut:
    """A proxy in front of AWS that lets requests through, and keeps the answers to some of them.

    :param count: how many answers to *action* are lost.
    """

    def __init__(self, url: str, action: str, count: int) -> None:
        self.host, _, port = url.removeprefix("http://").partition(":")
        self.port = int(port)
        self.action, self.left = action.encode(), count
        self.lost = 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        """One connection, one request: what AWS has answered is passed on, or lost."""
        with client, socket.create_connection((self.host, self.port)) as aws:
            request = self._request(client)
            aws.sendall(
                request.replace(b"\r\nConnection: keep-alive", b"").replace(
                    b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1
                )
            )
            answer = b""
            while more := aws.recv(65536):
                answer += more
            if self.left and self.action in request:
                self.left -= 1
                self.lost += 1
                return
            client.sendall(answer)

    @staticmethod
    def _request(client: socket.socket) -> bytes:
        request = b""
        while b"\r\n\r\n" not in request:
            request += client.recv(65536)
        head, _, body = request.partition(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
        )
        while len(body) < length:
            more = client.recv(65536)
            request, body = request + more, body + more
        return request


@pytest.fixture
def cut(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    proxies: list[Cut] = []

    def make(action: str, count: int) -> Cut:
        proxies.append(Cut(local_aws.url, action, count))
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxies[-1].url)
        return proxies[-1]

    yield make
    for proxy in proxies:
        proxy.server.close()


@pytest.mark.parametrize("make", MAKE)
@pytest.mark.parametrize(
    "action", ["ListStateMachineVersions", "DescribeStateMachine", "CreateStateMachine", "StartExecution"]
)
def test_an_answer_that_the_network_loses_is_asked_for_again_and_starts_nothing_twice(cut: Any, make: Any, action: str):
    proxy = cut(f"AWSStepFunctions.{action}", 1)
    group = make(fresh())
    told = Run(group).start()
    assert proxy.lost == 1
    assert executions(group) == [told["execution_name"]]
    assert versions(group) == 1


@pytest.mark.parametrize("make", MAKE)
def test_a_network_that_stays_broken_fails_the_try_and_the_next_adopts(
    cut: Any, make: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    proxy = cut("AWSStepFunctions.StartExecution", 2)
    group = make(fresh())
    run = Run(group)
    with pytest.raises(DeployError, match="states:StartExecution at"):
        run.start()
    assert proxy.lost == 2
    told = run.retry()
    assert executions(group) == [told["execution_name"]]


# Reads that lag behind


def lagging(group: Any, operation: str, times: int, error: str) -> list[int]:
    """Let the next answers to *operation* be that there is no such thing."""
    seen: list[int] = []

    def answer(**_: Any) -> Any:
        if len(seen) >= times:
            return None
        seen.append(1)
        body = json.dumps({"__type": error, "message": "not yet"}).encode()
        raw = type("Raw", (), {"stream": staticmethod(lambda **_: iter([body]))})()
        return AWSResponse("http://aws", 400, {"x-amzn-errortype": error}, raw)

    group.the_hook = StepFunctionsHook(None)
    group.the_hook.conn.meta.events.register_first(f"before-send.sfn.{operation}", answer)
    return seen


@pytest.mark.parametrize("make", MAKE)
def test_an_execution_that_exists_but_is_not_shown_yet_is_waited_for(make: Any, monkeypatch: pytest.MonkeyPatch):
    pauses: list[float] = []
    monkeypatch.setattr("airflow_sfn_ml.hooks.step_functions.time.sleep", pauses.append)
    group = make(fresh())
    run = Run(group)
    told = run.start()
    seen = lagging(group, "DescribeExecution", 4, "ExecutionDoesNotExist")
    assert run.retry() == told
    assert executions(group) == [told["execution_name"]]
    if make is short_group_of:  # one that runs is adopted by StartExecution itself
        assert (len(seen), pauses) == (4, [0.5, 1, 2])


def test_a_machine_that_exists_but_is_not_shown_yet_is_made_once():
    group = group_of(fresh())
    run = Run(group)
    told = run.start()
    run.clear()
    lagging(group, "ListStateMachineVersions", 1, "StateMachineDoesNotExist")
    lagging(group, "DescribeStateMachine", 1, "StateMachineDoesNotExist")
    assert run.start()["state_machine_version_arn"] == told["state_machine_version_arn"]
    assert versions(group) == 1


def test_a_machine_that_was_just_made_and_is_not_shown_yet_is_waited_for(monkeypatch: pytest.MonkeyPatch):
    pauses: list[float] = []
    monkeypatch.setattr("airflow_sfn_ml.hooks.step_functions.time.sleep", pauses.append)
    group = group_of(fresh())
    lagging(group, "StartExecution", 3, "StateMachineDoesNotExist")
    told = Run(group).start()
    assert executions(group) == [told["execution_name"]]
    assert pauses == [0.5, 1, 2]


def test_a_machine_that_stays_unknown_fails_the_try_and_not_the_task(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("airflow_sfn_ml.hooks.step_functions.time.sleep", lambda seconds: None)
    group = group_of(fresh())
    lagging(group, "StartExecution", 100, "StateMachineDoesNotExist")
    with pytest.raises(DeployError, match="does not exist") as failed:
        Run(group).start()
    assert not isinstance(failed.value.__cause__, AirflowFailException)


# Time


def days_ago(run: Run, days: int) -> None:
    moment = datetime.now(UTC) - timedelta(days=days)
    run.store.kept[KEY] = {**run.store.kept[KEY], "claimed": moment.isoformat()}


@pytest.mark.parametrize("days", [14, 89])
def test_a_retry_weeks_later_adopts_what_aws_still_knows(days: int):
    group = short_group_of(fresh())
    run = Run(group)
    told = run.start()
    days_ago(run, days)
    assert run.retry() == told
    assert len(executions(group)) == 1


def test_a_retry_after_aws_has_forgotten_the_execution_does_not_start_another():
    group = short_group_of(fresh())
    run = Run(group)

    def die(number: int, moment: str) -> None:
        if moment == "before" and made[-1] == "StartExecution":
            raise Killed

    with pytest.raises(Killed), calls(group, die) as made:
        run.start()
    days_ago(run, 91)
    with pytest.raises(AirflowFailException, match="AWS does not know it any more.*Clear this task"):
        run.retry()
    assert executions(group) == []
    run.clear()
    assert run.start()["generation"] == 2


# Namesakes and strangers


@pytest.mark.parametrize("make", MAKE)
def test_a_dag_run_that_was_created_anew_does_not_adopt_the_execution_of_the_former_one(make: Any):
    group = make(fresh())
    former = Run(group)
    first = former.start()
    second = (anew := former.anew()).start()
    third = former.anew().start()
    assert [told["namesake"] for told in (first, second, third)] == [0, 1, 2]
    assert len({told["execution_arn"] for told in (first, second, third)}) == 3
    assert anew.retry() == second
    assert len(executions(group)) == 3


def test_the_next_generation_of_a_dag_run_that_was_created_anew_passes_over_former_names_too():
    group = short_group_of(fresh())
    former = Run(group)
    former.start()
    former.clear()
    former.start()
    anew = former.anew()
    assert anew.start()["namesake"] == 1
    anew.clear()
    told = anew.start()
    assert (told["generation"], told["namesake"]) == (1, 1)
    assert len(executions(group)) == 4


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_that_dies_among_the_names_of_former_runs_leaves_one_execution(moment: str):
    counted = group_of(fresh())
    Run(counted).start()
    with calls(counted, nothing) as made:
        Run(counted).start()
    for number in range(1, len(made) + 1):
        group = group_of(fresh())
        Run(group).start()
        anew = Run(group)

        def die(count: int, when: str, number: int = number) -> None:
            if (count, when) == (number, moment):
                raise Killed

        with pytest.raises(Killed), calls(group, die):
            anew.start()
        assert anew.retry()["namesake"] == 1
        assert len(executions(group)) == 2, f"{moment} {made[number - 1]}"


@pytest.mark.parametrize("text", ["{}", '{"airflow": {"dag_id": "other", "run_id": "run"}}', '"text"'])
def test_an_execution_that_someone_started_by_hand_under_the_name_is_refused(text: str):
    group = group_of(fresh())
    version = group.deployed(ROLE)
    name = execution_name(group.dag.dag_id, "run", "g", -1, 0)
    group.the_hook.conn.start_execution(stateMachineArn=version, name=name, input=text)
    run = Run(group)
    with pytest.raises(AirflowFailException, match="someone used the name by hand. Clear this task"):
        run.start()
    assert executions(group) == [name]
    run.clear()
    assert run.start()["generation"] == 1


# Machines that were written as a whole: their input is the user's, and tells nothing of Airflow

WRITTEN = {
    "QueryLanguage": "JSONata",
    "StartAt": "work",
    "States": {
        "work": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:sagemaker:listModels",
            "Arguments": {},
            "Next": "rest",
        },
        "rest": {"Type": "Wait", "Seconds": 600, "End": True},
    },
}


def written() -> Any:
    with DAG(fresh()):
        group = StateMachineTaskGroup.from_definition("g", WRITTEN, input={"number": 1}, role_arn=ROLE)
    return with_hook(group)


def test_a_written_machine_is_started_once_whatever_dies():
    for moment in ("before", "after"):
        counted = written()
        with calls(counted, nothing) as made:
            Run(counted).start()
        for number in range(1, len(made) + 1):
            group = written()
            run = Run(group)

            def die(count: int, when: str, number: int = number, moment: str = moment) -> None:
                if (count, when) == (number, moment):
                    raise Killed

            with pytest.raises(Killed), calls(group, die):
                run.start()
            told = run.retry()
            assert executions(group) == [told["execution_name"]], f"{moment} {made[number - 1]}"


def test_a_written_machine_does_not_adopt_the_running_execution_of_a_former_run_with_the_same_input():
    group = written()
    former = Run(group)
    first, second = former.start(), former.anew().start()
    assert (first["namesake"], second["namesake"]) == (0, 1)
    assert len(executions(group)) == 2


def test_an_execution_of_a_written_machine_with_another_input_is_refused():
    group = written()
    version = group.deployed(ROLE)
    name = execution_name(group.dag.dag_id, "run", "g", -1, 0)
    group.the_hook.conn.start_execution(stateMachineArn=version, name=name, input='{"number": 2}')
    with pytest.raises(AirflowFailException, match="someone used the name by hand"):
        Run(group).start()


# Generations


def test_a_retry_keeps_the_generation_and_a_clear_begins_the_next():
    group = short_group_of(fresh())
    run = Run(group)
    assert run.start()["generation"] == run.retry()["generation"] == 0
    run.clear()
    assert run.start()["generation"] == run.retry()["generation"] == 2
    assert len(executions(group)) == 2


def test_a_retry_adopts_without_rendering_or_deploying_again():
    group = group_of(fresh())
    run = Run(group)
    told = run.start()
    with calls(group, nothing) as made:
        assert run.retry() == told
    assert made == ["DescribeExecution"]


def test_what_a_cleared_start_leaves_running_is_stopped_when_nobody_follows_it():
    group = group_of(fresh())
    run = Run(group)
    first = run.start()["execution_arn"]
    run.clear()
    run.states = {"g.start": "running", "g.wait": "None"}
    second = run.start()["execution_arn"]
    told = group.the_hook.describe(first)
    assert (told["status"], told["error"]) == ("ABORTED", "Airflow.Cleared")
    assert group.the_hook.describe(second)["status"] == "RUNNING"


def test_an_execution_that_a_task_still_follows_goes_on_when_start_alone_was_cleared():
    group = group_of(fresh())
    run = Run(group)
    first = run.start()["execution_arn"]
    run.clear()
    run.states = {"g.start": "running", "g.wait": "deferred"}
    run.start()
    assert group.the_hook.describe(first)["status"] == "RUNNING"
