"""The group in a Dag: the same objects, the same edges, and a definition that follows what was set when."""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerProcessingOperator, SageMakerTrainingOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Label, TaskGroup, task
from airflow.serialization.serialized_objects import DagSerialization

from airflow_sfn_ml import ProcessingStep, StateMachineTaskGroup, TrainingStep
from airflow_sfn_ml.exceptions import CompileError, CrossesGroup
from airflow_sfn_ml.steps import Retry

ROLE = "arn:aws:iam::123456789012:role/states"


def config(**more: Any) -> dict[str, Any]:
    return {
        "ProcessingJobName": "prepare",
        "RoleArn": "arn:aws:iam::123456789012:role/sagemaker",
        "AppSpecification": {"ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1"},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
        },
        **more,
    }


def processing(task_id: str, **kwargs: Any) -> SageMakerProcessingOperator:
    return SageMakerProcessingOperator(task_id=task_id, config=config(), **kwargs)


def stored(dag: DAG) -> dict[str, Any]:
    """The tasks of *dag* as the scheduler reads them."""
    return {t.task_id: t for t in DagSerialization.from_dict(DagSerialization.to_dict(dag)).tasks}


def test_members_stay_the_objects_they_were():
    with DAG("d") as dag, StateMachineTaskGroup("g", role_arn=ROLE) as group:
        member = processing("a", doc_md="Prepares.")
    assert dag.get_task("g.a") is member
    assert isinstance(member, SageMakerProcessingOperator)
    assert member.doc_md == "Prepares."
    assert list(group.definition["States"]) == ["a"]


def test_the_scheduler_hands_members_to_the_trigger_and_only_start_to_a_worker():
    with DAG("d") as dag, StateMachineTaskGroup("g", role_arn=ROLE):
        processing("a") >> EmptyOperator(task_id="b")
    tasks = stored(dag)
    assert tasks["g.start"].start_from_trigger is False
    for name in ("g.a", "g.b"):
        assert tasks[name].start_from_trigger is True
        assert tasks[name].start_trigger_args.trigger_cls == "airflow_sfn_ml.triggers.state.StateTrigger"
        assert not tasks[name]._is_empty
    assert tasks["g.a"].task_type == "SageMakerProcessingOperator"


def test_edges_hold_whenever_they_are_drawn():
    with DAG("d") as dag:
        before = EmptyOperator(task_id="before")
        group = StateMachineTaskGroup("g", role_arn=ROLE)
        before >> group
        with group:
            a, b = processing("a"), processing("b")
            a >> Label("then") >> b
        c = EmptyOperator(task_id="after")
        late = EmptyOperator(task_id="late")
        b >> c
        late >> b
        group >> EmptyOperator(task_id="last")
    tasks = stored(dag)
    assert tasks["g.start"].upstream_task_ids == {"before", "late"}
    assert tasks["g.a"].upstream_task_ids == {"g.start"}
    assert tasks["g.b"].upstream_task_ids == {"g.a", "late"}
    assert tasks["after"].upstream_task_ids == {"g.b"}
    assert tasks["last"].upstream_task_ids == {"g.b"}
    assert group.definition["States"]["a"]["Next"] == "b"


def test_an_edge_inside_that_is_drawn_after_the_definition_was_read_counts():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        a, b = processing("a"), processing("b")
    assert "a | b" in group.definition["States"]
    a >> b
    assert list(group.definition["States"]) == ["a", "b"]


def test_attributes_that_are_set_after_the_with_reach_the_definition_and_not_airflow():
    with DAG("d") as dag, StateMachineTaskGroup("g", role_arn=ROLE) as group:
        a = processing("a")
    assert [r["ErrorEquals"] for r in group.definition["States"]["a"]["Retry"]][-1] != ["States.ALL"]
    a.retries = 4
    a.retry_delay = timedelta(seconds=20)
    a.execution_timeout = timedelta(minutes=3)
    a.config = config(Environment={"X": "later"})
    state = group.definition["States"]["a"]
    assert state["Retry"][-1] == {
        "ErrorEquals": ["States.ALL"],
        "IntervalSeconds": 20,
        "MaxAttempts": 4,
        "BackoffRate": 1,
    }
    assert state["TimeoutSeconds"] == 180
    assert state["Arguments"]["Environment"] == {"X": "later"}
    assert stored(dag)["g.a"].retries == 0
    assert stored(dag)["g.a"].execution_timeout is None


def test_default_args_reach_the_definition_and_never_the_retries_of_start():
    with (
        DAG(
            "d", default_args={"retries": 5, "owner": "ml", "outlets": [], "execution_timeout": timedelta(hours=1)}
        ) as dag,
        StateMachineTaskGroup("g", role_arn=ROLE) as group,
    ):
        processing("a")
    assert group.definition["States"]["a"]["Retry"][-1]["MaxAttempts"] == 5
    start = stored(dag)["g.start"]
    assert (start.retries, start.owner, start.execution_timeout) == (2, "ml", None)


def test_a_config_may_be_the_xcom_of_a_task_outside_which_then_gates_the_start():
    with DAG("d") as dag:

        @task
        def prepare() -> dict:
            return {}

        prepared = prepare()
        with StateMachineTaskGroup("g", role_arn=ROLE) as group:
            SageMakerProcessingOperator(task_id="a", config=prepared["processing"])
    assert stored(dag)["g.start"].upstream_task_ids == {"prepare"}
    assert group.definition["States"]["a"]["Arguments"].startswith("{% $merge([")


def test_a_step_waits_for_the_steps_whose_output_it_reads():
    with DAG("d") as dag, StateMachineTaskGroup("g", role_arn=ROLE) as group:
        first = group.step(ProcessingStep("first", request=config()))
        group.step(ProcessingStep("second", request=config(Environment={"A": first.result["ProcessingJobArn"]})))
    assert stored(dag)["g.second"].upstream_task_ids == {"g.first"}
    environment = group.definition["States"]["second"]["Arguments"]["Environment"]
    assert environment == {"A": "{% $t0_first.Processing.ProcessingJobArn %}"}


def test_a_step_may_be_added_after_the_with():
    with DAG("d") as dag, StateMachineTaskGroup("g", role_arn=ROLE) as group:
        a = processing("a")
    b = group.step(ProcessingStep("b", request=config()))
    a >> b
    assert list(group.definition["States"]) == ["a", "b"]
    assert stored(dag)["g.b"].start_from_trigger is True


def test_groups_inside_of_the_group_are_part_of_the_names():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group, TaskGroup("inner"):
        processing("a")
    assert list(group.definition["States"]) == ["inner.a"]


def test_the_definition_is_the_same_in_every_parse():
    def make() -> str:
        with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
            [processing("a"), processing("b")] >> processing("c")
        return json.dumps(group.definition) + group.digest

    assert make() == make()


def test_every_problem_of_a_group_is_told_at_once():
    with DAG("d"), StateMachineTaskGroup("g") as group:

        @task
        def python() -> None: ...

        python()
        a = processing("a", trigger_rule="one_success")
        a.config = config(ProcessingResource={})
        SageMakerTrainingOperator(task_id="b", config=[])
    with pytest.raises(CompileError) as error:
        group.compiled()
    told = str(error.value)
    assert "g: role_arn is missing" in told
    assert "g.python: _PythonDecoratedOperator cannot run inside of a state machine" in told
    assert "g.a: trigger rule one_success cannot be kept inside of the group" in told
    assert "g.a: ProcessingResource: " in told
    assert "ProcessingResources" in told
    assert "g.b: the request is list, not a dict" in told


def test_a_problem_is_an_import_error_of_the_dag():
    with DAG("d") as dag, StateMachineTaskGroup("g", role_arn=ROLE):
        processing("a", trigger_rule="one_failed")
    with pytest.raises(Exception, match="trigger rule one_failed cannot be kept"):
        DagSerialization.to_dict(dag)


def test_a_path_that_leaves_the_group_and_comes_back_is_named():
    with DAG("d"):
        outside = EmptyOperator(task_id="outside")
        with StateMachineTaskGroup("g", role_arn=ROLE) as group:
            a, b = processing("a"), processing("b")
        a >> outside >> b
    with pytest.raises(
        CrossesGroup, match=r"g\.a -> outside -> g\.(b|start): this path leaves the group and comes back"
    ):
        group.compiled()


def test_a_subclass_with_an_execute_of_its_own_is_refused():
    class Mine(SageMakerProcessingOperator):
        def execute(self, context: Any) -> Any: ...

    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        Mine(task_id="a", config=config())
    with pytest.raises(CompileError, match="Mine overrides execute"):
        group.compiled()


def test_a_subclass_that_only_sets_defaults_is_its_parents():
    class Mine(SageMakerProcessingOperator):
        pass

    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        Mine(task_id="a", config=config())
    assert group.definition["States"]["a"]["Resource"].endswith("createProcessingJob.sync")


def test_a_task_that_is_added_behind_the_groups_back_is_told():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        processing("a")
    SageMakerProcessingOperator(task_id="b", config=config(), task_group=group, dag=group.dag)
    with pytest.raises(CompileError, match=r"g\.b: was added to the group after its with block"):
        group.compiled()


def test_a_body_that_raises_is_not_compiled():
    with DAG("d"):
        group = StateMachineTaskGroup("g")
    with contextlib.suppress(ZeroDivisionError), group:
        raise ZeroDivisionError
    assert group.start_task_id not in group.dag.task_dict


def test_callbacks_that_never_run_are_warned_of():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        processing("a", on_execute_callback=print)
    with pytest.warns(UserWarning, match=r"g\.a: on_execute_callback never runs"):
        group.compiled()


def test_a_task_with_outlets_or_success_callbacks_ends_on_a_worker():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE):
        a, b = processing("a", on_success_callback=print), processing("b")
    assert a.start_trigger_args.trigger_kwargs["ends_on_worker"] is True
    assert b.start_trigger_args.trigger_kwargs["ends_on_worker"] is False


def test_integers_that_are_given_as_text_become_numbers_as_upstream():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        SageMakerProcessingOperator(task_id="a", config=config(StoppingCondition={"MaxRuntimeInSeconds": "60"}))
    assert group.definition["States"]["a"]["Arguments"]["StoppingCondition"] == {"MaxRuntimeInSeconds": 60}


def test_training_steps_and_operators_make_the_same_state():
    request = {
        "TrainingJobName": "fit",
        "RoleArn": "arn:aws:iam::123456789012:role/sagemaker",
        "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    with DAG("d"):
        with StateMachineTaskGroup("g", role_arn=ROLE) as one:
            SageMakerTrainingOperator(task_id="fit", config=request)
        with StateMachineTaskGroup("h", role_arn=ROLE) as other:
            other.step(TrainingStep("fit", request=request))
    assert one.definition["States"] == other.definition["States"]


def test_what_a_step_sets_and_a_task_cannot_keep_is_refused_with_the_way_out():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        stubborn = ProcessingStep("a", request=config(), timeout_seconds=5)
        stubborn.add_retry(Retry(error_equals=["States.ALL"]))
        group.step(stubborn)
    with pytest.raises(CompileError) as error:
        group.compiled()
    assert "g.a: its step sets timeout_seconds, retry, which a task of a group does not" in str(error.value)
