"""`status`: the states of the execution of a Dag run.

The execution is not looked for: its name follows from the Dag run and from the generation, which grows when a person
starts the group anew: by one, or by as many as Airflow had tried the start task. Where a Dag run was deleted and
created anew, AWS knows the executions of both, and the newest is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

from airflow_sfn_ml.cli.aws import hook_of, machine_of
from airflow_sfn_ml.cli.dags import Target, read, tell_errors
from airflow_sfn_ml.cli.table import FAILED, OK, RUNNING
from airflow_sfn_ml.cli.writing import moment, write_json, write_rows
from airflow_sfn_ml.deploy import execution_name, machine_arn
from airflow_sfn_ml.exceptions import ExecutionError
from airflow_sfn_ml.history import ExecutionView, StateView, failure, reduce
from airflow_sfn_ml.operators.start import RETRIES

IN_PROGRESS = frozenset({"RUNNING", "PENDING_REDRIVE"})
GAP = RETRIES + 2
"""After how many generations that AWS does not know no other is looked for."""
CAUSE = 300
"""The most characters of a cause in a table."""


def status(arguments: Any) -> int:
    """Show each state: what became of it, when, and why."""
    arguments.groups = [arguments.dag]
    bag = read(arguments)
    told = [_of(target, arguments) for target in bag.targets]
    if arguments.output == "json":
        write_json(told)
    else:
        for one in told:
            _write(one)
    if tell_errors(bag) or any(one["status"] not in {"SUCCEEDED", *IN_PROGRESS} for one in told):
        return FAILED
    return RUNNING if any(one["status"] in IN_PROGRESS for one in told) else OK


def _of(target: Target, arguments: Any) -> dict[str, Any]:
    hook = hook_of(target, arguments)
    arn, generation, described = _newest(target, hook, arguments)
    newest = hook.newest_repair(arn)
    if newest != arn:
        arn, described = newest, hook.describe(newest)
    view = reduce(hook.events(arn)).with_status(described["status"])
    return {
        "dag": target.dag_id,
        "group": target.group_id,
        "run": arguments.run,
        "generation": generation,
        "execution": arn,
        "status": view.status,
        "started": described["startDate"],
        "stopped": described.get("stopDate"),
        "redrives": view.redrive_count,
        "error": view.error,
        "cause": view.cause,
        "states": [_state(state, view) for state in view.states.values()],
    }


def _newest(target: Target, hook: Any, arguments: Any) -> tuple[str, int, dict[str, Any]]:
    """The ARN of the execution, its generation and its description.

    :raises ExecutionError: there is none.
    """
    machine = machine_arn(hook.conn, machine_of(target, arguments))
    executions = machine.replace(":stateMachine:", ":execution:", 1)
    found = list(_known(target, hook, arguments, executions))
    if not found:
        name = execution_name(target.dag_id, arguments.run, target.group_id, arguments.map_index, 0)
        raise ExecutionError(
            f"{target.label}: the run {arguments.run} has no execution {executions}:{name}: it was not started, or "
            "AWS has forgotten it (90 days after its end)"
        )
    return max(found, key=lambda each: each[2]["startDate"])


def _known(target: Target, hook: Any, arguments: Any, executions: str) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Every execution that the run, or an earlier one of the same id, may have started and that AWS knows."""
    for namesake in count():
        found = list(_generations(target, hook, arguments, executions, namesake))
        if not found:
            return
        yield from found


def _generations(
    target: Target, hook: Any, arguments: Any, executions: str, namesake: int
) -> Iterator[tuple[str, int, dict[str, Any]]]:
    wanted = arguments.generation
    missing, generations = 0, count() if wanted is None else iter([wanted])
    for generation in generations:
        name = execution_name(target.dag_id, arguments.run, target.group_id, arguments.map_index, generation, namesake)
        described = hook.find(f"{executions}:{name}")
        if described is not None:
            yield f"{executions}:{name}", generation, described
        missing = missing + 1 if described is None else 0
        if missing == GAP:
            return


def _state(state: StateView, view: ExecutionView) -> dict[str, Any]:
    why = failure(view, state.name) if state.error else None
    return {
        "state": state.name,
        "in": state.parent,
        "status": str(state.status),
        "entered": state.entered,
        "exited": state.exited,
        "attempts": len(state.attempts),
        "job": state.job,
        "error": state.error,
        "cause": (why.exit_message or why.reason or why.cause) if why else state.cause,
    }


def _write(told: dict[str, Any]) -> None:
    print(f"{told['dag']}.{told['group']}, run {told['run']}: {told['status']}")
    print(f"  {told['execution']}")
    ended = f", ended {moment(told['stopped'])}" if told["stopped"] else ""
    print(f"  started {moment(told['started'])}{ended} UTC")
    print(f"  generation {told['generation']}, redrives {told['redrives']}\n")
    write_rows([_row(state) for state in told["states"]], "table", "no state has been entered yet")
    for state in told["states"]:
        if state["error"]:
            print(f"\n{state['state']}: {state['error']}\n  {_cut(state['cause'] or '')}")
    if told["error"] and not any(state["error"] for state in told["states"]):
        print(f"\n{told['error']}\n  {_cut(told['cause'] or '')}")


def _row(state: dict[str, Any]) -> dict[str, Any]:
    return {
        "state": state["state"],
        "status": state["status"],
        "entered": moment(state["entered"]),
        "took": _took(state["entered"], state["exited"]),
        "attempts": state["attempts"],
        "job": state["job"],
    }


def _took(entered: datetime | None, exited: datetime | None) -> str:
    if entered is None:
        return ""
    seconds = round(((exited or datetime.now(UTC)) - entered).total_seconds())
    minutes, seconds = divmod(max(seconds, 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" + ("" if exited else " so far")


def _cut(text: str) -> str:
    return text if len(text) <= CAUSE else f"{text[:CAUSE]} ..."
