"""The state that does the work of one task, before the compiler links it: what it calls, its retries, its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.asl import FlowState, Pass, Task
from airflow_sfn_ml.compiler.data import arguments, bind
from airflow_sfn_ml.compiler.decisions import decision_branch
from airflow_sfn_ml.compiler.graph import Node
from airflow_sfn_ml.compiler.jsonata import expression, literal
from airflow_sfn_ml.compiler.maps import map_work
from airflow_sfn_ml.compiler.procedures import procedure_work
from airflow_sfn_ml.compiler.retriers import NEVER, service_retriers
from airflow_sfn_ml.steps import ServiceStep
from airflow_sfn_ml.steps.decision import Decision
from airflow_sfn_ml.steps.procedure import Procedure


@dataclass(frozen=True)
class Work:
    """A state, and the XCom of its task as an expression for its ``Output`` and ``Assign``."""

    state: FlowState
    result: Any


def work_of(
    node: Node,
    partition: str,
    visible: Mapping[str, str],
    *,
    survive: bool = False,
    read: bool = True,
    reusable: bool = False,
) -> Work:
    """The work of *node*; *visible* maps the tasks whose outputs can be read to their variables.

    :param survive: whether other branches run on after a failure, *read* whether its output is read in the machine, and
        *reusable* whether an earlier execution may have done a part of it; see `map_work`.
    """
    if node.each is not None:

        def make(inner: Node, seen: Mapping[str, str]) -> tuple[FlowState, Any]:
            work = work_of(inner, partition, seen)
            return work.state, work.result

        return Work(*map_work(node, visible, make, survive=survive, read=read, reusable=reusable))
    match node.step:
        case None:
            return Work(Pass(node.name, comment=node.comment), {})
        case Decision():
            return Work(decision_branch(node, node.step, visible), expression("$states.result[0].output"))
        case Procedure():
            return Work(*procedure_work(node, node.step, partition, visible))
        case _:
            return _call(node, node.step, partition, visible)


def _call(node: Node, step: ServiceStep, partition: str, visible: Mapping[str, str]) -> Work:
    state = Task(
        node.name,
        resource=f"arn:{partition}:states:::{step.integration}",
        arguments=arguments(node.name, step, visible),
        credentials=bind(node.name, node.credentials, visible) if node.credentials else None,
        timeout_seconds=node.timeout_seconds,
        retry=(*service_retriers(step.integration), NEVER, *((node.retry,) if node.retry else ())),
        comment=node.comment,
    )
    return Work(state, _result(node.name, step))


def _result(name: str, step: ServiceStep) -> Any:
    """What the task pushes: the service's answer as the upstream operator gives it, or a failure if it did not succeed.

    How ``.sync`` treats a job that was stopped is not documented, so the status is looked at.
    """
    answer = "$states.result"
    if step.status_field:
        status = f"{answer}.{step.status_field}"
        complaint = f"{literal(name + ': the job ended as ')} & {status}"
        answer = f"{status} = {literal(step.success_status)} ? {answer} : $error({complaint})"
    return {step.result_key: expression(answer)} if step.result_key else expression(answer)
