"""Executions: names, limits, history, context, variables, JSONata, both query languages."""

from __future__ import annotations

import itertools
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.machines import ROLE, Account, unique

BOTH = "{% [$states.input, $x] %}"
WAIT = {"W": {"Type": "Wait", "Seconds": 60, "End": True}}


def jsonata(expression: Any, **fields: Any) -> dict[str, Any]:
    return {"P": {"Type": "Pass", "Output": expression, "End": True, **fields}}


def code(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return refused.value.response["Error"]["Code"]


def test_a_name_with_the_same_input_is_the_running_execution(account: Account) -> None:
    machine, name = account.create(WAIT), unique("named")
    first = account.sfn.start_execution(stateMachineArn=machine, name=name, input='{"a": 1}')
    assert account.sfn.start_execution(stateMachineArn=machine, name=name, input='{"a": 1}') | {
        "ResponseMetadata": None
    } == first | {"ResponseMetadata": None}
    with pytest.raises(ClientError) as refused:
        account.sfn.start_execution(stateMachineArn=machine, name=name, input='{"a": 2}')
    assert code(refused) == "ExecutionAlreadyExists"
    account.sfn.stop_execution(executionArn=first["executionArn"])
    with pytest.raises(ClientError) as refused:
        account.sfn.start_execution(stateMachineArn=machine, name=name, input='{"a": 1}')
    assert code(refused) == "ExecutionAlreadyExists"


def test_a_start_of_many_threads_makes_one_execution(account: Account) -> None:
    machine, name = account.create(WAIT), unique("raced")

    def start() -> str:
        return account.sfn.start_execution(stateMachineArn=machine, name=name)["executionArn"]

    with ThreadPoolExecutor(8) as pool:
        arns = {each.result() for each in [pool.submit(start) for _ in range(16)]}
    assert len(arns) == 1
    assert len(account.sfn.list_executions(stateMachineArn=machine)["executions"]) == 1
    account.sfn.stop_execution(executionArn=arns.pop())


def test_an_execution_without_a_name_gets_one(account: Account) -> None:
    machine = account.create(jsonata("{% $states.context.Execution.Name %}"))
    arns = [account.start(machine) for _ in range(2)]
    assert [json.loads(account.finish(arn)["output"]) for arn in arns] == [arn.split(":")[-1] for arn in arns]
    assert len(set(arns)) == 2


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"name": "with space"}, "InvalidName"),
        ({"name": "scheduled__2026-01-01T00:00:00+00:00"}, "InvalidName"),
        ({"input": "{not json"}, "InvalidExecutionInput"),
        ({"input": json.dumps("x" * 262_144)}, "ValidationException"),
    ],
)
def test_a_start_that_aws_refuses_is_refused(account: Account, arguments: dict, expected: str) -> None:
    machine = account.create(jsonata(1))
    with pytest.raises(ClientError) as refused:
        account.sfn.start_execution(stateMachineArn=machine, **arguments)
    assert code(refused) == expected


def test_unknown_arns_are_refused(account: Account) -> None:
    machine = account.create(jsonata(1))
    with pytest.raises(ClientError) as refused:
        account.sfn.start_execution(stateMachineArn=machine + "x")
    assert code(refused) == "StateMachineDoesNotExist"
    execution = machine.replace(":stateMachine:", ":execution:") + ":none"
    for call in (account.sfn.describe_execution, account.sfn.get_execution_history, account.sfn.stop_execution):
        with pytest.raises(ClientError) as refused:
            call(executionArn=execution)
        assert code(refused) == "ExecutionDoesNotExist"


def test_what_a_state_gives_has_a_limit(account: Account) -> None:
    grow = "{% $pad('', 300000, 'x') %}"
    described = account.run({"P": {"Type": "Pass", "Output": grow, "End": True}})
    assert (described["status"], described["error"]) == ("FAILED", "States.DataLimitExceeded")
    half = "{% $pad('', 150000, 'x') %}"
    branch = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Output": half, "End": True}}}
    other = {"StartAt": "B", "States": {"B": {"Type": "Pass", "Output": half, "End": True}}}
    both = {
        "Both": {
            "Type": "Parallel",
            "Branches": [branch, other],
            "Next": "End",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "End"}],
        },
        "End": {"Type": "Succeed"},
    }
    described = account.run(both)
    assert (described["status"], described["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_the_limit_counts_bytes_of_json(account: Account) -> None:
    fits = account.run(jsonata("{% $pad('', 262142, 'x') %}"))
    assert fits["status"] == "SUCCEEDED"
    assert len(fits["output"]) == 262_144
    exceeds = account.run(jsonata("{% $pad('', 262143, 'x') %}"))
    assert exceeds["error"] == "States.DataLimitExceeded"


def test_what_variables_hold_has_a_limit(account: Account) -> None:
    large = "{% $pad('', 200000, 'x') %}"
    described = account.run({"P": {"Type": "Pass", "Assign": {"a": large, "b": large}, "Output": 1, "End": True}})
    assert (described["status"], described["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_history_is_paged_reversed_and_bare_on_demand(account: Account) -> None:
    states = {f"S{i}": {"Type": "Pass", "Next": f"S{i + 1}"} for i in range(4)} | {"S4": {"Type": "Succeed"}}
    execution = account.start(account.create(states), {"a": 1})
    account.finish(execution)
    whole = account.events(execution)
    assert [event["id"] for event in whole] == list(range(1, 13))
    paged: list[dict[str, Any]] = []
    token: dict[str, Any] = {}
    while True:
        page = account.sfn.get_execution_history(executionArn=execution, maxResults=5, **token)
        assert len(page["events"]) <= 5
        paged += page["events"]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert paged == whole
    backwards = account.sfn.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=3)["events"]
    assert backwards == whole[:-4:-1]
    bare = account.sfn.get_execution_history(executionArn=execution, includeExecutionData=False)["events"]
    assert bare[1]["stateEnteredEventDetails"] == {"name": "S0"}
    assert whole[1]["stateEnteredEventDetails"] == {
        "name": "S0",
        "input": '{"a":1}',
        "inputDetails": {"truncated": False},
    }
    assert all(later["timestamp"] >= earlier["timestamp"] for earlier, later in itertools.pairwise(whole))
    assert whole[0]["timestamp"].tzinfo is not None


def test_executions_are_listed_newest_first_by_status_and_page(account: Account) -> None:
    machine = account.create(jsonata("{% $states.input.fail ? $error('no') : 1 %}"))
    arns = [account.start(machine, {"fail": index == 1}) for index in range(3)]
    for arn in arns:
        account.finish(arn)
    listed = account.sfn.list_executions(stateMachineArn=machine)["executions"]
    assert [each["executionArn"] for each in listed] == arns[::-1]
    assert all(each["stopDate"] >= each["startDate"] for each in listed)
    failed = account.sfn.list_executions(stateMachineArn=machine, statusFilter="FAILED")["executions"]
    assert [each["executionArn"] for each in failed] == [arns[1]]
    page = account.sfn.list_executions(stateMachineArn=machine, maxResults=2)
    rest = account.sfn.list_executions(stateMachineArn=machine, maxResults=2, nextToken=page["nextToken"])
    assert [len(page["executions"]), len(rest["executions"]), "nextToken" in rest] == [2, 1, False]


def test_describe_tells_how_an_execution_ended(account: Account) -> None:
    failed = account.run({"F": {"Type": "Fail", "Error": "Mine", "Cause": "because"}}, {"a": 1})
    assert (failed["status"], failed["error"], failed["cause"]) == ("FAILED", "Mine", "because")
    assert failed["redriveStatus"] == "REDRIVABLE"
    assert failed["redriveCount"] == 0
    assert "output" not in failed
    assert json.loads(failed["input"]) == {"a": 1}
    fine = account.run(jsonata("text"))
    assert fine["output"] == '"text"'
    assert fine["redriveStatus"] == "NOT_REDRIVABLE"
    assert fine["stopDate"] >= fine["startDate"]


def test_the_context_object_has_the_fields_of_aws(account: Account) -> None:
    execution = account.start(account.create(jsonata("{% $states.context %}")), {"a": 1})
    context = json.loads(account.finish(execution)["output"])
    assert context["Execution"].pop("StartTime").endswith("Z")
    assert context["State"].pop("EnteredTime").endswith("Z")
    name = execution.split(":")[-1]
    assert context["Execution"] == {
        "Id": execution,
        "Input": {"a": 1},
        "Name": name,
        "RoleArn": ROLE,
        "RedriveCount": 0,
    }
    assert context["State"]["Name"] == "P"
    machine = execution.replace(":execution:", ":stateMachine:").rpartition(":")[0]
    assert context["StateMachine"] == {"Id": machine, "Name": machine.split(":")[-1]}


def test_assign_and_output_see_the_variables_of_the_entry(account: Account) -> None:
    described = account.run(
        {
            "One": {"Type": "Pass", "Assign": {"x": 1}, "Next": "Two"},
            "Two": {
                "Type": "Pass",
                "Assign": {"x": "{% $x + 1 %}", "y": "{% $x %}"},
                "Output": "{% $x %}",
                "Next": "Three",
            },
            "Three": {"Type": "Pass", "Output": ["{% $states.input %}", "{% $x %}", "{% $y %}"], "End": True},
        }
    )
    assert json.loads(described["output"]) == [1, 2, 1]


@pytest.mark.parametrize(("told", "output"), [(1, ["rule", "rule"]), (2, ["default", "default"])])
def test_a_choice_assigns_and_puts_out_what_its_rule_says(account: Account, told: int, output: list[str]) -> None:
    rule = {"Condition": "{% $states.input.told = 1 %}", "Next": "S", "Output": "rule", "Assign": {"x": "rule"}}
    own = {"Default": "S", "Output": "default", "Assign": {"x": "default"}}
    states = {"C": {"Type": "Choice", "Choices": [rule], **own}, "S": {"Type": "Succeed", "Output": BOTH}}
    assert json.loads(account.run(states, {"told": told})["output"]) == output


def test_a_choice_that_matches_nothing_fails_by_name(account: Account) -> None:
    states = {
        "C": {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "S"}]},
        "S": {"Type": "Succeed"},
    }
    described = account.run(states)
    assert (described["status"], described["error"]) == ("FAILED", "States.NoChoiceMatched")
    assert "'C'" in described["cause"]


def test_branches_read_outer_variables_and_keep_their_own(account: Account) -> None:
    branch = {
        "StartAt": "B",
        "States": {
            "B": {"Type": "Pass", "Assign": {"inner": "{% $x + 1 %}"}, "Next": "C"},
            "C": {"Type": "Pass", "Output": "{% $inner %}", "End": True},
        },
    }
    described = account.run(
        {
            "One": {"Type": "Pass", "Assign": {"x": 1}, "Next": "Two"},
            "Two": {
                "Type": "Parallel",
                "Branches": [branch],
                "Assign": {"got": "{% $states.result[0] %}"},
                "Next": "End",
            },
            "End": {"Type": "Pass", "Output": {"got": "{% $got %}", "inner": "{% $exists($inner) %}"}, "End": True},
        }
    )
    assert json.loads(described["output"]) == {"got": 2, "inner": False}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("{% $partition([1..5], 2) %}", [[1, 2], [3, 4], [5]]),
        ("{% $range(1, 7, 3) %}", [1, 4, 7]),
        ("{% $hash('x', 'MD5') %}", "9dd4e461268c8034f5c8564e155c67a6"),
        ("{% $random(7) = $random(7) %}", True),
        ("{% $length($uuid()) %}", 36),
        ("{% $parse('{\"a\": [1, null]}') %}", {"a": [1, None]}),
        ("{% $states.input.quote & $states.input.line %}", "a\"b'c\\\nd"),
        ("{% $states.input.none = null %}", True),
        ("{% $states.input.list[$ > 1] %}", [2, 3]),
        ("{% {'here': 1, 'gone': $states.input.gone} %}", {"here": 1}),
    ],
)
def test_jsonata_gives_what_aws_gives(account: Account, expression: str, value: Any) -> None:
    given = {"quote": "a\"b'c\\", "line": "\nd", "none": None, "list": [1, 2, 3]}
    described = account.run(jsonata(expression), given)
    assert json.loads(described["output"]) == value


@pytest.mark.parametrize("expression", ["{% $states.input.gone %}", "{% 1/0 %}", "{% $eval('1') %}", "{% 1 + 'a' %}"])
def test_an_expression_without_a_value_is_an_error(account: Account, expression: str) -> None:
    execution = account.start(account.create(jsonata({"x": expression})))
    described = account.finish(execution)
    assert (described["status"], described["error"]) == ("FAILED", "States.QueryEvaluationError")
    (failed,) = [event for event in account.events(execution) if event["type"] == "EvaluationFailed"]
    assert failed["evaluationFailedEventDetails"]["location"] == "Output/x"
    assert "(entered at the event id #2)" in described["cause"]


def test_variables_are_values_not_text(account: Account) -> None:
    described = account.run(
        {
            "One": {"Type": "Pass", "Assign": {"text": "{% $states.input.text %}"}, "Next": "Two"},
            "Two": {"Type": "Pass", "Output": "{% $text %}", "End": True},
        },
        {"text": "\" & $error('spliced') & \""},
    )
    assert json.loads(described["output"]) == "\" & $error('spliced') & \""


def test_jsonata_of_many_executions_at_once(account: Account) -> None:
    machine = account.create(jsonata("{% $sum($map([1..50], function($v){ $v * $states.input.n })) %}"))
    arns = {n: account.start(machine, {"n": n}) for n in range(30)}
    assert {n: account.finish(arn)["output"] for n, arn in arns.items()} == {n: str(1275 * n) for n in range(30)}


def test_jsonpath_machines_work(account: Account) -> None:
    definition = {
        "StartAt": "Pick",
        "States": {
            "Pick": {
                "Type": "Pass",
                "Parameters": {"got.$": "$.a[1]", "id.$": "$$.Execution.Name"},
                "ResultPath": "$.picked",
                "Assign": {"saved.$": "$$.Execution.Input.a[0]"},
                "Next": "Choose",
            },
            "Choose": {
                "Type": "Choice",
                "Default": "Bad",
                "Choices": [{"Variable": "$.picked.got", "NumericEquals": 2, "Next": "Each"}],
            },
            "Each": {
                "Type": "Map",
                "ItemsPath": "$.a",
                "MaxConcurrency": 2,
                "ResultPath": "$.mapped",
                "Next": "End",
                "ItemProcessor": {
                    "StartAt": "Add",
                    "States": {
                        "Add": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($, $saved)"}, "End": True}
                    },
                },
            },
            "End": {"Type": "Pass", "Parameters": {"all.$": "$.mapped[*].n"}, "End": True},
            "Bad": {"Type": "Fail"},
        },
    }
    execution = account.start(account.create_definition(definition), {"a": [1, 2, 3]})
    described = account.finish(execution)
    assert described["status"] == "SUCCEEDED", described["cause"]
    assert json.loads(described["output"]) == {"all": [2, 3, 4]}


def test_a_failing_item_stops_the_others_and_keeps_its_error(account: Account) -> None:
    item = {
        "StartAt": "Pause",
        "States": {
            "Pause": {"Type": "Wait", "Seconds": "{% $states.context.Map.Item.Value %}", "Next": "Break"},
            "Break": {"Type": "Pass", "Output": "{% $states.input.gone %}", "End": True},
        },
    }
    began = time.monotonic()
    described = account.run({"M": {"Type": "Map", "Items": [0, 60], "ItemProcessor": item, "End": True}})
    assert described["error"] == "States.QueryEvaluationError"
    assert time.monotonic() - began < 20


def test_a_wait_ends_with_its_execution(account: Account) -> None:
    execution = account.start(account.create(WAIT))
    stopped = account.sfn.stop_execution(executionArn=execution, cause="enough")
    described = account.sfn.describe_execution(executionArn=execution)
    assert (described["status"], described["cause"]) == ("ABORTED", "enough")
    again = account.sfn.stop_execution(executionArn=execution)
    assert again["stopDate"] == described["stopDate"] == stopped["stopDate"]


def test_a_stop_right_after_the_start_is_not_lost(account: Account) -> None:
    machine = account.create(WAIT)
    for _ in range(10):
        execution = account.start(machine)
        account.sfn.stop_execution(executionArn=execution)
        assert account.sfn.describe_execution(executionArn=execution)["status"] == "ABORTED"
        assert account.types(execution)[-1] == "ExecutionAborted"


def test_state_changes_are_events_on_the_default_bus(account: Account) -> None:
    name = unique("events")
    queue = account.aws.client("sqs")
    url = queue.create_queue(QueueName=name)["QueueUrl"]
    events = account.aws.client("events")
    machine = account.create(jsonata(1))
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [machine]}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": f"arn:aws:sqs:us-east-1:123456789012:{name}"}])
    execution = account.start(machine)
    account.finish(execution)
    found: dict[str, Any] = {}
    deadline = time.monotonic() + 20
    while len(found) < 2 and time.monotonic() < deadline:
        for message in queue.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ()):
            event = json.loads(message["Body"])
            found[event["detail"]["status"]] = event
        time.sleep(0.05)
    events.remove_targets(Rule=name, Ids=["1"])
    events.delete_rule(Name=name)
    assert set(found) == {"RUNNING", "SUCCEEDED"}
    assert found["SUCCEEDED"]["detail-type"] == "Step Functions Execution Status Change"
    assert found["SUCCEEDED"]["detail"]["executionArn"] == execution
    assert found["SUCCEEDED"]["detail"]["output"] == "1"
    assert isinstance(found["SUCCEEDED"]["detail"]["stopDate"], int)


def test_an_execution_can_run_another_and_wait_for_it(account: Account) -> None:
    inner = account.create(jsonata({"doubled": "{% $states.input.n * 2 %}"}))
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": inner, "Input": {"n": 21}},
        "Output": "{% $states.result.Output %}",
        "End": True,
    }
    described = account.run({"Nested": state})
    assert described["status"] == "SUCCEEDED", described["cause"]
    assert json.loads(described["output"]) == {"doubled": 42}


def test_another_service_can_be_called(account: Account) -> None:
    key = unique("key")
    account.put(key, "content")
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:listObjectsV2",
        "Arguments": {"Bucket": account.bucket, "Prefix": key},
        "Output": "{% $states.result.Contents.Key %}",
        "End": True,
    }
    described = account.run({"List": state})
    assert described["status"] == "SUCCEEDED", described["cause"]
    assert json.loads(described["output"]) == key


def test_pages_neither_lose_nor_repeat_what_is_there_while_more_comes(account: Account) -> None:
    machine = account.create(WAIT)
    arns = [account.start(machine) for _ in range(4)]
    page = account.sfn.list_executions(stateMachineArn=machine, maxResults=2, statusFilter="RUNNING")
    late = account.start(machine)
    account.sfn.stop_execution(executionArn=arns[3])
    rest = account.sfn.list_executions(
        stateMachineArn=machine, maxResults=2, statusFilter="RUNNING", nextToken=page["nextToken"]
    )
    found = [each["executionArn"] for each in page["executions"] + rest["executions"]]
    assert found == arns[::-1]
    backwards = account.sfn.get_execution_history(executionArn=late, reverseOrder=True, maxResults=1)
    account.sfn.stop_execution(executionArn=late)
    rest = account.sfn.get_execution_history(
        executionArn=late, reverseOrder=True, maxResults=1, nextToken=backwards["nextToken"]
    )
    assert [backwards["events"][0]["id"], rest["events"][0]["id"]] == [2, 1]
    for arn in arns[:3]:
        account.sfn.stop_execution(executionArn=arn)
    with pytest.raises(ClientError) as refused:
        account.sfn.list_executions(stateMachineArn=machine, nextToken="???")
    assert code(refused) == "InvalidToken"


def test_executions_are_listed_by_version_alias_and_redrive(account: Account) -> None:
    definition = json.dumps({"StartAt": "F", "States": {"F": {"Type": "Fail"}}})
    made = account.sfn.create_state_machine(name=unique("listed"), definition=definition, roleArn=ROLE, publish=True)
    machine, version = made["stateMachineArn"], made["stateMachineVersionArn"]
    route = [{"stateMachineVersionArn": version, "weight": 100}]
    alias = account.sfn.create_state_machine_alias(name="live", routingConfiguration=route)["stateMachineAliasArn"]
    arns = [account.start(each) for each in (machine, version, alias)]
    for arn in arns:
        account.finish(arn)

    def listed(arn: str, **query: Any) -> list[str]:
        found = account.sfn.list_executions(stateMachineArn=arn, **query)["executions"]
        return [each["executionArn"] for each in found]

    assert listed(machine) == arns[::-1]
    assert listed(version) == [arns[2], arns[1]]
    assert listed(alias) == [arns[2]]
    account.sfn.redrive_execution(executionArn=arns[1])
    account.finish(arns[1])
    assert listed(version, redriveFilter="REDRIVEN") == [arns[1]]
    assert listed(version, redriveFilter="NOT_REDRIVEN", statusFilter="FAILED") == [arns[2]]


@pytest.mark.parametrize("pattern", ["sync", "sync:2"])
def test_the_inner_execution_is_waited_for_and_stopped_with_the_outer(account: Account, pattern: str) -> None:
    inner = account.create({"W": {"Type": "Wait", "Seconds": "{% $states.input.seconds %}", "End": True}})
    state = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::states:startExecution.{pattern}",
        "Arguments": {"StateMachineArn": inner, "Input": {"seconds": "{% $states.input.seconds %}"}},
        "End": True,
    }
    outer = account.create({"Inner": state})
    output = json.loads(account.finish(account.start(outer, {"seconds": 1}))["output"])
    assert output["Status"] == "SUCCEEDED"
    execution = account.start(outer, {"seconds": 60})
    deadline = time.monotonic() + 30
    while "TaskSubmitted" not in account.types(execution):
        assert time.monotonic() < deadline
    account.sfn.stop_execution(executionArn=execution)
    assert account.finish(execution)["status"] == "ABORTED"
    newest = account.sfn.list_executions(stateMachineArn=inner)["executions"][0]["executionArn"]
    assert account.finish(newest)["status"] == "ABORTED"


def test_executions_of_a_machine_count_their_retries_apart(account: Account) -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1}]
    look = {"Bucket": account.bucket, "Key": "{% $states.input.key %}"}
    head = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:headObject", "Arguments": look, "Retry": retry}
    machine = account.create({"Look": {**head, "Output": "{% $states.input.key %}", "End": True}})
    account.put("there", "")
    with ThreadPoolExecutor(8) as pool:
        arns = list(
            pool.map(lambda key: account.start(machine, {"key": key}), ["there", *(f"no-{n}" for n in range(7))])
        )
    assert json.loads(account.finish(arns[0])["output"]) == "there"
    for arn in arns[1:]:
        assert account.finish(arn)["status"] == "FAILED"
        assert account.types(arn).count("TaskFailed") == 3
