"""What the tab says where there is no picture. Pure.

Every message has a *kind* for tests and style sheets, a title, a sentence that says what to do, and perhaps the id of
the task to look at.
"""

from __future__ import annotations

from dataclasses import dataclass

from airflow_sfn_ml.deploy.errors import code
from airflow_sfn_ml.exceptions import AccessDenied, DefinitionError, NotDeployed, SfnMlError
from airflow_sfn_ml.plugin.runs import Instance

GONE = ("ExecutionDoesNotExist",)
ENDED_WITHOUT = {
    "failed": "failed, so there is no execution. Its log says why.",
    "upstream_failed": "did not run, because a task before it failed. So there is no execution.",
    "skipped": "was skipped, so there is no execution.",
    "removed": "is no longer in the Dag, so there is no execution.",
    "success": "is a success but has told no execution: was it marked by hand? Clear it to start one.",
    "up_for_retry": "failed and will be tried again. The picture appears as soon as it has started the execution.",
}


@dataclass(frozen=True, slots=True)
class Message:
    """A message.

    :param task_id: the task that it is about, if the page should lead there.
    :param passing: whether looking again later may help.
    """

    kind: str
    title: str
    text: str
    task_id: str | None = None
    passing: bool = False


NO_RUN = Message("no-run", "No such Dag run", "It may have been deleted since you opened this page.")
NO_GROUP = Message(
    "not-ours",
    "No state machine here",
    "No task of this Dag runs in a state machine. Tasks that stand in a StateMachineTaskGroup have a picture here.",
)
DENIED = Message(
    "no-access", "You may not see this Dag run", "Ask whoever runs this Airflow for the permission to read the Dag."
)
LOGGED_OUT = Message("logged-out", "You are not logged in", "Log in to Airflow, then reload this page.")
UNEXPECTED = Message(
    "error",
    "This did not work",
    "The api-server's log has the reason. The page tries again by itself.",
    passing=True,
)


def not_ours(task_id: str, labels: list[str]) -> Message:
    """*task_id* does not belong to a group, but the Dag has some."""
    return Message(
        "not-ours",
        "This task does not run in a state machine",
        f"{task_id} runs in Airflow itself. The Dag run's own tab shows the state machine"
        f"{'s' * (len(labels) > 1)} of {', '.join(labels)}.",
    )


def not_started(instance: Instance) -> Message:
    """The group's execution does not exist."""
    start, state = instance.group.start_task_id, instance.start_state
    if state in ENDED_WITHOUT:
        kind = "not-started" if state == "up_for_retry" else "never-started"
        return Message(kind, "No execution", f"Task {start} {ENDED_WITHOUT[state]}", start, passing=True)
    now = f"is {state.replace('_', ' ')}" if state else "has not been scheduled"
    text = f"Task {start}, which deploys the state machine and starts it, {now}. The picture appears when it has."
    return Message("not-started", "Not started yet", text, start, passing=True)


def refused(error: SfnMlError, instance: Instance) -> Message:
    """AWS did not answer what was asked."""
    connection = instance.group.aws_conn_id or "(none)"
    match error:
        case AccessDenied():
            return Message(
                "no-permission",
                "AWS does not allow it",
                f"The Airflow connection {connection} may not read this execution: {error}. It needs "
                "states:DescribeExecution, states:GetExecutionHistory and states:DescribeStateMachineForExecution.",
            )
        case NotDeployed():
            return Message("not-deployed", "No such state machine", f"It was deleted, or never deployed. {error}")
        case DefinitionError():
            return Message("error", "The definition cannot be drawn", str(error))
        case _ if code(error) in GONE:
            return Message(
                "gone",
                "AWS no longer knows this execution",
                "AWS keeps an execution for 90 days after its end, and none of a state machine that was deleted.",
            )
    return Message(
        "unreachable",
        "AWS cannot be reached",
        f"Asking over the Airflow connection {connection} did not work: {error}. The page tries again by itself.",
        passing=True,
    )
