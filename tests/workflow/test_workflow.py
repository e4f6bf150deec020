"""Workflows against the embedded AWS: create, execute, wait, list, change."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid

import pytest

from airflow_sfn_ml.exceptions import (
    DefinitionError,
    ExecutionAborted,
    ExecutionFailed,
    MissingRequiredParameter,
    WorkflowNotFound,
)
from airflow_sfn_ml.inputs import ExecutionInput
from airflow_sfn_ml.steps import Chain, Fail, Graph, LambdaStep, ModelStep, Parallel, Pass, Succeed, TrainingStep, Wait
from airflow_sfn_ml.workflow import Execution, ExecutionStatus, Workflow
from tests.steps.stand_ins import IMAGE, SKLearn

ROLE = "arn:aws:iam::123456789012:role/sfn"


@pytest.fixture
def client(local_aws):
    return local_aws.client("stepfunctions")


@pytest.fixture
def make(client):
    made = []

    def workflow(definition, **kwargs):
        made.append(Workflow(f"w-{uuid.uuid4().hex[:8]}", definition, ROLE, client=client, **kwargs))
        return made[-1]

    yield workflow
    for each in made:
        each.delete()


def test_a_workflow_runs_from_definition_to_output(make):
    inputs = ExecutionInput(schema={"who": str, "seconds": int})
    greeting = Pass("Greet", result={"said": "hello " + inputs["who"]})
    workflow = make(Chain([greeting, Wait("Wait", seconds=inputs["seconds"]), Succeed("Done")]), execution_input=inputs)
    assert workflow.create().endswith(f":stateMachine:{workflow.name}")
    execution = workflow.execute(name="first", inputs={"who": "world", "seconds": 0})
    assert execution.name == "first"
    assert execution.wait(timeout=30) == {"said": "hello world"}
    assert execution.status is ExecutionStatus.Succeeded
    assert execution.get_input() == {"who": "world", "seconds": 0}
    assert execution.get_output() == {"said": "hello world"}
    assert [event["type"] for event in execution.list_events(max_items=2)] == ["ExecutionStarted", "PassStateEntered"]
    assert execution.list_events(reverse_order=True)[0]["type"] == "ExecutionSucceeded"


def test_the_same_workflow_in_jsonata_gives_the_same(make):
    inputs = ExecutionInput(schema={"who": str})
    parallel = Parallel("Both")
    parallel.add_branch(Pass("Left", result={"said": inputs["who"] + "!"}))
    parallel.add_branch(Pass("Right", result={"list": ["a", inputs["who"]]}))
    workflow = make(parallel, execution_input=inputs, query_language="JSONata")
    workflow.create()
    assert workflow.execute(inputs={"who": "you"}).wait(30) == [{"said": "you!"}, {"list": ["a", "you"]}]


def test_create_takes_what_is_there(make, caplog):
    workflow = make(Pass("a"))
    arn = workflow.create()
    assert workflow.create() == arn
    same = Workflow(workflow.name, Pass("a"), ROLE, client=workflow.client)
    assert same.create() == arn
    other = Workflow(workflow.name, Pass("b"), ROLE, client=workflow.client)
    assert other.create() == arn
    assert "with another definition or role" in caplog.text


def test_create_or_update_changes_only_what_differs(make, monkeypatch):
    workflow = make(Pass("a"), tags={"team": "fish"})
    arn = workflow.create_or_update()
    tags = workflow.client.list_tags_for_resource(resourceArn=arn)["tags"]
    assert {"key": "team", "value": "fish"} in tags
    updates = []
    update = Workflow.update
    monkeypatch.setattr(Workflow, "update", lambda self, *a, **k: updates.append(self) or update(self, *a, **k))
    Workflow(workflow.name, Pass("a"), ROLE, client=workflow.client).create_or_update()
    assert updates == []
    Workflow(workflow.name, Pass("b"), ROLE, client=workflow.client).create_or_update()
    assert len(updates) == 1
    assert list(Workflow.attach(arn, workflow.client).definition.to_dict()["States"]) == ["b"]


def test_update_changes_the_definition_and_the_role(make):
    workflow = make(Pass("a"))
    with pytest.raises(MissingRequiredParameter):
        workflow.update()
    with pytest.raises(WorkflowNotFound, match="Before Workflow.update"):
        workflow.update(definition=Pass("b"))
    workflow.create()
    workflow.update(definition=Pass("b"), role=f"{ROLE}2")
    found = Workflow.attach(workflow.state_machine_arn, workflow.client)
    assert (list(found.definition.to_dict()["States"]), found.role) == (["b"], f"{ROLE}2")
    assert found.definition.to_json() == json.dumps(found.definition.to_dict())


def test_an_attached_workflow_executes(make):
    workflow = make(Pass("a", result=1))
    workflow.create()
    assert Workflow.attach(workflow.state_machine_arn, workflow.client).execute().wait(30) == 1


def test_a_failure_is_raised_with_its_cause(make):
    workflow = make(Fail("no", error="Broken", cause="it was old"))
    workflow.create()
    execution = workflow.execute()
    with pytest.raises(ExecutionFailed, match="Broken: it was old"):
        execution.wait(30)
    assert execution.get_output(wait=True) is None


def test_a_stopped_execution_says_so_and_a_running_one_can_be_waited_for_no_longer(make):
    workflow = make(Wait("long", seconds=600))
    workflow.create()
    execution = workflow.execute()
    with pytest.raises(TimeoutError, match="still running"):
        execution.wait(0.1)
    assert [each.name for each in workflow.list_executions(status_filter=ExecutionStatus.Running)] == [execution.name]
    assert "stopDate" in execution.stop(cause="enough", error="Stopped")
    with pytest.raises(ExecutionAborted, match="Stopped: enough"):
        execution.wait(30)
    listed = workflow.list_executions()[0]
    assert isinstance(listed, Execution)
    assert listed.status is ExecutionStatus.Aborted


def test_progress_is_told_as_states_begin_and_end(make, capsys):
    workflow = make(Chain([Pass("first"), Wait("second", seconds=1), Fail("third", error="E")]))
    workflow.create()
    with pytest.raises(ExecutionFailed):
        workflow.execute().wait(30, progress=True)
    lines = [line.split(" ", 1)[1] for line in capsys.readouterr().out.splitlines()]
    assert "first: succeeded" in lines
    assert lines[-1].startswith("third: failed")
    views = []
    with pytest.raises(ExecutionFailed):
        workflow.execute().wait(30, progress=views.append)
    assert views[-1].status == "FAILED"


def test_a_failed_execution_is_redriven(make):
    workflow = make(Fail("a", error="E"))
    workflow.create()
    execution = workflow.execute()
    with pytest.raises(ExecutionFailed):
        execution.wait(30)
    assert execution.redrive("one-two") is execution
    assert execution.status is ExecutionStatus.Running
    with pytest.raises(ExecutionFailed):
        execution.wait(30)
    execution.redrive("one-two")
    assert execution.describe()["redriveCount"] == 1


def test_versions_are_published_listed_and_executed(make):
    workflow = make(Pass("a", result="one"))
    workflow.create()
    first = workflow.publish("the first")
    workflow.update(definition=Pass("a", result="two"))
    second = workflow.publish()
    assert [version["stateMachineVersionArn"] for version in workflow.list_versions()] == [second, first]
    assert workflow.execute(version=first).wait(30) == "one"
    assert workflow.execute(version=second).wait(30) == "two"


def test_workflows_are_listed(make):
    workflow = make(Pass("a"))
    arn = workflow.create()
    found = Workflow.list_workflows(max_items=1000, client=workflow.client)
    assert arn in [machine["stateMachineArn"] for machine in found]
    assert workflow.name in Workflow.list_workflows(max_items=1000, client=workflow.client, html=True)


def test_inputs_are_checked_against_the_schema(make):
    workflow = make(Pass("a"), execution_input=ExecutionInput(schema={"n": int, "m": str}))
    workflow.create()
    with pytest.raises(ValueError, match=r"schema: .*\"n\": \"int\".*m is missing, n is a str"):
        workflow.execute(inputs={"n": "1"})
    with pytest.raises(ValueError, match="there is none"):
        workflow.execute()


def test_what_aws_would_refuse_is_said_before_anything_is_sent(make):
    train = TrainingStep("train", request={"TrainingJobName": "a_b", "RoleArn": ROLE})
    model = ModelStep(
        "model",
        request={
            "ModelName": "m",
            "PrimaryContainer": {"ModelDataUrl": train.output()["ModelArtifacts"]["S3Artifacts"]},
        },
    )
    workflow = make(Chain([train, model]))
    with pytest.raises(DefinitionError) as caught:
        workflow.create()
    told = "\n".join(caught.value.problems)
    assert "train: TrainingJobName" in told
    assert "train: OutputDataConfig: is required" in told
    assert "model: the output of 'train': the answer['ModelArtifacts'] has no 'S3Artifacts'" in told
    assert workflow.state_machine_arn is None
    assert make(Chain([train, model]), check=False).create()


def test_code_is_uploaded_when_the_workflow_is_created(make, local_aws, tmp_path, monkeypatch):
    for name, value in local_aws.env().items():
        monkeypatch.setenv(name, value)
    s3 = local_aws.client("s3")
    s3.create_bucket(Bucket="code-of-workflows")
    (tmp_path / "train.py").write_text("print(1)")
    estimator = SKLearn(
        entry_point="train.py",
        source_dir=str(tmp_path),
        role=ROLE,
        image_uri=IMAGE,
        instance_type="ml.m5.large",
        output_path="s3://code-of-workflows/out",
        code_location="s3://code-of-workflows",
    )
    step = TrainingStep("train", estimator, ExecutionInput()["name"])
    (upload,) = step.uploads
    key = upload.uri.removeprefix("s3://code-of-workflows/")
    make(step).create()
    assert s3.get_object(Bucket="code-of-workflows", Key=key)["Body"].read() == upload.archive()


def test_the_settings_of_the_machine_are_sent(make):
    log_group = "arn:aws:logs:us-east-1:123456789012:log-group:/sfn"
    workflow = make(
        Pass("a"), type="EXPRESS", logging_configuration=log_group, tracing=True, tags=[{"Key": "a", "Value": "b"}]
    )
    assert workflow.configuration["loggingConfiguration"]["destinations"] == [
        {"cloudWatchLogsLogGroup": {"logGroupArn": f"{log_group}:*"}}
    ]
    assert workflow.configuration["tracingConfiguration"] == {"enabled": True}
    assert workflow.tags == [{"key": "a", "value": "b"}]
    template = json.loads(workflow.get_cloudformation_template())
    properties = template["Resources"]["StateMachineComponent"]["Properties"]
    assert properties["StateMachineType"] == "EXPRESS"
    assert properties["TracingConfiguration"] == {"Enabled": True}
    assert properties["Tags"] == [{"Key": "a", "Value": "b"}]
    assert json.loads(properties["DefinitionString"]) == workflow.definition.to_dict()


def test_a_workflow_shows_itself(make):
    workflow = make(Chain([Pass("first"), Pass("second")]))
    assert workflow._repr_html_() == "Workflow: Does Not Exist."
    assert ">first<" in workflow.render_graph()._repr_html_()
    workflow.create()
    assert workflow.state_machine_arn in workflow._repr_html_()
    execution = workflow.execute()
    execution.wait(30)
    assert ">second<" in execution.render_progress()
    assert execution.execution_arn in execution._repr_html_()


def test_the_partition_is_that_of_the_client(make):
    workflow = make(LambdaStep("l", parameters={"FunctionName": "f"}))
    assert workflow.client.meta.partition == "aws"
    assert Graph(LambdaStep("l")).to_dict("aws-cn")["States"]["l"]["Resource"] == "arn:aws-cn:states:::lambda:invoke"


def test_importing_workflows_loads_neither_airflow_nor_boto3():
    code = "import sys, airflow_sfn_ml.workflow; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"airflow", "boto3", "botocore"} & set(loaded)
