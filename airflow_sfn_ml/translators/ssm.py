"""The operators of Systems Manager."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.asl import Catch, Map, Pass, State, StateMachine, Task
from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.translators.phrases import polling
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.sensing import code
from airflow_sfn_ml.translators.table import (
    Call,
    Row,
    Until,
    add,
    attr,
    called,
    finished,
    procedure,
)

_OPERATORS = "airflow.providers.amazon.aws.operators"


_SENT = Call(
    "aws-sdk:ssm:sendCommand",
    {"DocumentName": attr("document_name")},
    more="run_command_kwargs",
    keep={"p_id": "$states.result.Command.CommandId", "p_instances": "[$states.result.Command.InstanceIds]"},
)
_INVOCATIONS = "$p_seen.CommandInvocations[InstanceId in $p_instances]"


def _command(operator: Any) -> Translation:
    fails = ["Cancelled", "TimedOut", "Cancelling", *(["Failed"] if operator.fail_on_nonzero_exit else [])]
    under_way = "['Pending', 'Delayed', 'InProgress']"
    ended = f"$count({_INVOCATIONS}[$not(Status in {under_way})]) >= $count($p_instances)"
    failed = f"$count({_INVOCATIONS}[Status in {fails}]) > 0"
    until = Until(
        Call("aws-sdk:ssm:listCommandInvocations", {"CommandId": Code(("$p_id",))}),
        f"$string([{_INVOCATIONS}.(InstanceId & ' ' & Status)])",
        f"{ended} and $not({failed})",
        failed,
        every="waiter_delay",
        seconds=polling(),
    )
    return Translation(procedure(Row("", calls=(_SENT,), until=until, output="$p_id"), operator))


_FIELDS = {
    "status": "Status",
    "response_code": "ResponseCode",
    "standard_output": "StandardOutputContent",
    "standard_error": "StandardErrorContent",
    "execution_start_time": "ExecutionStartDateTime",
    "execution_end_time": "ExecutionEndDateTime",
    "document_name": "DocumentName",
    "comment": "Comment",
}


def _invocations(operator: Any) -> Translation:
    """The output of a command on one instance, or on all that it ran on."""
    details = ", ".join(
        f"'{name}': $exists($states.result.{field}) ? $states.result.{field} : ''" for name, field in _FIELDS.items()
    )
    get = Task(
        "getCommandInvocation",
        resource="aws-sdk:ssm:getCommandInvocation",
        arguments={"CommandId": operator.command_id, "InstanceId": code("$states.input")},
        output=code(f"{{'instance_id': $states.input, {details}}}"),
        catch=(
            Catch(
                error_equals=("States.TaskFailed",),
                next="not told",
                output=code("{'instance_id': $states.input, 'error': $states.errorOutput.Cause}"),
            ),
        ),
    )
    inner = StateMachine(get.name, (get, Pass("not told")), processor_config={"Mode": "INLINE"})
    each = Map(
        "each", items=code("$p_on"), item_processor=inner, assign={"p_all": code("[$states.result]")}, next="done"
    )
    listed = Call(
        "aws-sdk:ssm:listCommandInvocations",
        {"CommandId": attr("command_id")},
        keep={"p_on": "[$states.result.CommandInvocations.InstanceId]"},
    )
    one = Pass("begin", assign={"p_on": [operator.instance_id]}, next=each.name)
    states: list[State] = [one, each] if operator.instance_id else [*called(listed, operator, each.name), each]
    output = {"command_id": Code((Given(operator.command_id),)), "invocations": code("$p_all")}
    return Translation(finished(operator, states, output))


add(
    Row(
        f"{_OPERATORS}.ssm.SsmRunCommandOperator",
        calls=(_SENT,),
        until=Until(Call("aws-sdk:ssm:listCommandInvocations")),
        build=_command,
        xcom="the id of the command",
        note="The instances are waited for together.",
    ),
    Row(
        f"{_OPERATORS}.ssm.SsmGetCommandInvocationOperator",
        calls=(Call("aws-sdk:ssm:getCommandInvocation"),),
        waits=(),
        build=_invocations,
        xcom="{command_id, invocations: [{instance_id, status, response_code, standard_output, ...}]}",
    ),
)
