"""EMR in a group: clusters, steps, notebooks, serverless, on EKS; run where the embedded AWS can."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.emr import (
    EmrAddStepsOperator,
    EmrContainerOperator,
    EmrCreateJobFlowOperator,
    EmrEksCreateClusterOperator,
    EmrModifyClusterOperator,
    EmrServerlessCreateApplicationOperator,
    EmrServerlessDeleteApplicationOperator,
    EmrServerlessGetSessionEndpointOperator,
    EmrServerlessStartJobOperator,
    EmrServerlessStartSessionOperator,
    EmrServerlessStopApplicationOperator,
    EmrServerlessStopSessionOperator,
    EmrStartNotebookExecutionOperator,
    EmrStopNotebookExecutionOperator,
    EmrTerminateJobFlowOperator,
)
from airflow.providers.amazon.aws.utils.waiter import WaitPolicy

from airflow_sfn_ml.history import StateStatus
from tests.local.machines import unique
from tests.translators.machines import (
    beside,
    checked,
    connected,
    context,
    group_of,
    member,
    refusal,
    rendered,
    run,
    states,
    xcom,
)

ROLE = "arn:aws:iam::123456789012:role/emr"
INSTANCES = {"MasterInstanceType": "m4.large", "InstanceCount": 1, "KeepJobFlowAliveWhenNoSteps": True}
STEP = {"Name": "a", "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["{{ ds }}"]}}


def flow(**more: Any) -> dict[str, Any]:
    return {"Name": "flow", "Instances": INSTANCES, "JobFlowRole": "r", "ServiceRole": "s", **more}


# Clusters


def test_a_cluster_is_created_over_the_extra_of_its_connection(local_aws: Any, monkeypatch: pytest.MonkeyPatch):
    name = unique("flow")
    extra = {**flow(Name="other"), "Tags": [{"Key": "from", "Value": "connection"}]}
    monkeypatch.setenv("AIRFLOW_CONN_EMR_OWN", json.dumps({"conn_type": "emr", "extra": extra}))

    def build() -> None:
        EmrCreateJobFlowOperator(
            task_id="t", emr_conn_id="emr_own", job_flow_overrides={"Name": name + "{{ ds }}"}, wait_for_completion=True
        )

    cluster = xcom(local_aws, build, context(ds="-x"))
    made = local_aws.client("emr").describe_cluster(ClusterId=cluster)["Cluster"]
    assert made["Name"] == f"{name}-x"
    assert made["Tags"] == [{"Key": "from", "Value": "connection"}]


def test_a_connection_that_is_not_there_has_no_extra(local_aws: Any):
    cluster = xcom(local_aws, lambda: EmrCreateJobFlowOperator(task_id="t", job_flow_overrides=flow()))
    assert local_aws.client("emr").describe_cluster(ClusterId=cluster)["Cluster"]["Name"] == "flow"


def test_overrides_may_be_an_xcom_a_file_or_a_text(tmp_path: Path):
    text = "{'Name': '{{ ds }}', 'Instances': {}}"
    (tmp_path / "flow.json").write_text(text)

    def values(group: Any, **more: Any) -> list[Any]:
        checked(group)
        return list(rendered(group, context({"outside": {"Name": "out", "Instances": {}}}, **more))["t"].values())

    def build(overrides: Any) -> None:
        EmrCreateJobFlowOperator(task_id="t", emr_conn_id=None, job_flow_overrides=overrides)

    assert values(beside(build)) == [{"Name": "out", "Instances": {}}]
    from_file = group_of(lambda: build("flow.json"), template_searchpath=str(tmp_path))
    assert values(from_file, ds="x") == [{"Name": "x", "Instances": {}}]
    assert values(group_of(lambda: build(text)), ds="y") == [{"Name": "y", "Instances": {}}]


def test_what_a_cluster_is_waited_for_is_its_policys():
    given = {"emr_conn_id": None, "job_flow_overrides": flow(), "waiter_delay": 5, "waiter_max_attempts": 4}
    up = states(EmrCreateJobFlowOperator, **given, wait_for_completion=True)
    assert "in ['WAITING', 'RUNNING', 'TERMINATED']" in up["judge"]["Choices"][0]["Condition"]
    done = states(EmrCreateJobFlowOperator, **given, wait_policy=WaitPolicy.WAIT_FOR_STEPS_COMPLETION, deferrable=True)
    assert "in ['TERMINATED']" in done["judge"]["Choices"][0]["Condition"]
    assert "TERMINATED_WITH_ERRORS" in done["judge"]["Choices"][1]["Condition"]
    assert member(EmrCreateJobFlowOperator, **given, deferrable=True)["Type"] == "Task"


def test_a_cluster_that_takes_too_long_is_terminated_as_upstream():
    given = {"emr_conn_id": None, "job_flow_overrides": flow(), "wait_for_completion": True}
    found = states(EmrCreateJobFlowOperator, **given, waiter_delay=5, waiter_max_attempts=4)
    late = found["judge"]["Choices"][2]
    assert ("> 20" in late["Condition"], late["Next"]) == (True, "t: terminate")
    assert found["terminate"]["Arguments"] == {"JobFlowIds": ["{% $p_id %}"]}
    assert found["terminate"]["Next"] == "t: late"
    kept = states(EmrCreateJobFlowOperator, **given, terminate_job_flow_on_failure=False)
    assert "terminate" not in kept


def test_a_connection_whose_name_is_a_template_is_refused():
    told = refusal(EmrCreateJobFlowOperator, emr_conn_id="{{ params.conn }}")
    assert "emr_conn_id as a template (name the connection)" in told


def test_clusters_are_modified_and_terminated():
    state = member(EmrModifyClusterOperator, cluster_id="j-1", step_concurrency_level=3)
    assert state["Arguments"] == {"ClusterId": "j-1", "StepConcurrencyLevel": 3}
    assert state["Output"] == "{% $states.result.StepConcurrencyLevel %}"
    ended = member(EmrTerminateJobFlowOperator, job_flow_id="j-1")
    assert ended["Resource"] == "arn:aws:states:::elasticmapreduce:terminateCluster"
    waited = member(EmrTerminateJobFlowOperator, job_flow_id="j-1", deferrable=True)
    assert waited["Resource"].endswith("terminateCluster.sync")
    assert waited["TimeoutSeconds"] == 1200


# Steps


def test_steps_are_added_to_a_cluster_by_id_and_by_name(local_aws: Any, monkeypatch: pytest.MonkeyPatch):
    name = unique("flow")
    client = local_aws.client("emr")
    cluster = client.run_job_flow(**flow(Name=name))["JobFlowId"]
    by_id = xcom(
        local_aws, lambda: EmrAddStepsOperator(task_id="t", job_flow_id=cluster, steps=[STEP, STEP]), context(ds="x")
    )
    by_name = xcom(
        local_aws, lambda: EmrAddStepsOperator(task_id="t", job_flow_name=name, steps=[STEP]), context(ds="y")
    )
    with connected(local_aws, monkeypatch):
        theirs = EmrAddStepsOperator(task_id="t", job_flow_id=cluster, steps=[STEP])
        ids = theirs.hook.add_job_flow_steps(cluster, theirs.steps)
    assert [type(ids), *map(type, ids)] == [list, str]
    listed = {step["Id"]: step["Config"]["Args"] for step in client.list_steps(ClusterId=cluster)["Steps"]}
    assert [listed[step] for step in (*by_id, *by_name)] == [["x"], ["x"], ["y"]]


def test_a_cluster_that_is_not_found_fails_the_task(local_aws: Any):
    view = run(local_aws, group_of(lambda: EmrAddStepsOperator(task_id="t", job_flow_name="nobody", steps=[])))
    assert view.state("t").status is not StateStatus.SUCCEEDED
    assert (view.state("t").error, view.state("t").cause) == (
        "ClusterNotFound",
        "0 clusters found for name nobody",
    )


def test_clusters_are_looked_for_page_by_page():
    found = states(EmrAddStepsOperator, job_flow_name="n", cluster_states=["WAITING"], steps=[])
    assert found["begins"] == "find"
    assert "$merge([{'ClusterStates': ['WAITING']}, $p_marker != '' ? {'Marker': $p_marker} : {}])" in str(
        found["listClusters"]["Arguments"]
    )
    assert found["found"]["Choices"][0]["Next"] == "t: listClusters"


def test_steps_are_waited_for_together():
    found = states(EmrAddStepsOperator, job_flow_id="j-1", steps=[STEP], wait_for_completion=True, waiter_delay=5)
    assert found["look"]["Arguments"] == {"ClusterId": "j-1", "StepIds": "{% $p_ids %}"}
    assert found["wait"]["Seconds"] == 5
    assert "in ['CANCELLED', 'FAILED', 'INTERRUPTED']" in found["judge"]["Choices"][1]["Condition"]
    told = refusal(EmrAddStepsOperator, job_flow_id="j-1", steps=[STEP] * 11, deferrable=True)
    assert "waiting for more than ten steps (add them in several tasks)" in told
    told = refusal(EmrAddStepsOperator, job_flow_id="j-1", steps=[], openlineage_inject_parent_job_info=True)
    assert "openlineage_inject_parent_job_info (the operator adds it while it runs" in told


# Notebooks


def notebook(**more: Any) -> dict[str, Any]:
    return {"editor_id": "e", "relative_path": "p.ipynb", "cluster_id": "j-1", "service_role": "r", **more}


def test_a_notebook_runs_under_a_name_that_no_other_has():
    state = member(EmrStartNotebookExecutionOperator, **notebook(tags=[{"Key": "a", "Value": "b"}]))
    assert state["Arguments"]["NotebookExecutionName"].startswith("{% 'emr_notebook_' & ")
    assert state["Arguments"]["ExecutionEngine"] == {"Id": "j-1", "Type": "EMR", "MasterInstanceSecurityGroupId": ""}
    named = member(EmrStartNotebookExecutionOperator, **notebook(notebook_execution_name="mine"))
    assert named["Arguments"]["NotebookExecutionName"] == "mine"
    assert member(EmrStartNotebookExecutionOperator, **notebook()) == member(
        EmrStartNotebookExecutionOperator, **notebook()
    )


def test_notebooks_are_waited_for_and_stopped():
    found = states(EmrStartNotebookExecutionOperator, **notebook(), wait_for_completion=True)
    assert "in ['RUNNING', 'FINISHED']" in found["judge"]["Choices"][0]["Condition"]
    stopped = states(EmrStopNotebookExecutionOperator, notebook_execution_id="x", wait_for_completion=True)
    assert "in ['STOPPED', 'FINISHED']" in stopped["judge"]["Choices"][0]["Condition"]


# Serverless

APPLICATION = "00f1abcdefgh"


def job(**more: Any) -> dict[str, Any]:
    driver = {"sparkSubmit": {"entryPoint": "s3://bucket/a.py", "entryPointArguments": ["{{ ds }}"]}}
    return {"application_id": APPLICATION, "execution_role_arn": ROLE, "job_driver": driver, **more}


def test_an_application_is_created_and_started():
    found = states(
        EmrServerlessCreateApplicationOperator,
        release_label="emr-7.0.0",
        job_type="SPARK",
        config={"name": "n", "initialCapacity": {"DRIVER": {"workerCount": 1}}},
    )
    created = found["createApplication"]
    assert created["Resource"] == "arn:aws:states:::emr-serverless:createApplication.sync"
    assert created["Arguments"]["InitialCapacity"] == {"DRIVER": {"WorkerCount": 1}}
    assert found["startApplication"]["Resource"].endswith("startApplication.sync")
    assert found["startApplication"]["Output"] == "{% $p_id %}"
    left = states(
        EmrServerlessCreateApplicationOperator, release_label="l", job_type="SPARK", wait_for_completion=False
    )
    assert left["createApplication"]["Resource"].endswith(".sync")
    assert left["startApplication"]["Resource"].endswith("startApplication")


def test_a_job_starts_its_application_where_that_is_needed():
    overrides = {"monitoringConfiguration": {"s3MonitoringConfiguration": {"logUri": "s3://bucket/logs"}}}
    found = states(EmrServerlessStartJobOperator, **job(configuration_overrides=overrides, name="n"))
    assert found["ready"]["Choices"][0]["Next"] == "t: startJobRun"
    assert found["ready"]["Default"] == "t: startApplication"
    arguments = found["startJobRun"]["Arguments"]
    assert found["startJobRun"]["Resource"] == "arn:aws:states:::emr-serverless:startJobRun.sync"
    assert arguments["Name"] == "n"
    assert arguments["JobDriver"]["SparkSubmit"]["EntryPoint"] == "s3://bucket/a.py"
    assert arguments["ConfigurationOverrides"] == {
        "MonitoringConfiguration": {"S3MonitoringConfiguration": {"LogUri": "s3://bucket/logs"}}
    }
    assert "State in ['SUCCESS'] ?" in found["startJobRun"]["Output"]
    assert found["startJobRun"]["TimeoutSeconds"] == 1500


def test_a_job_has_a_token_and_a_name_that_no_other_try_has():
    first = states(EmrServerlessStartJobOperator, **job())["startJobRun"]["Arguments"]
    assert first == states(EmrServerlessStartJobOperator, **job())["startJobRun"]["Arguments"]
    assert "State.RetryCount" in first["ClientToken"]
    assert first["Name"] == "{% 'emr_serverless_job_airflow_' & $uuid() %}"
    own = states(EmrServerlessStartJobOperator, **job(client_request_token="own"))["startJobRun"]["Arguments"]
    assert own["ClientToken"].startswith("{% $substring('own', 0, 40) & '-' & ")
    named = states(EmrServerlessStartJobOperator, **job(config={"name": "own"}))["startJobRun"]["Arguments"]
    assert named["Name"] == "own"


def test_a_job_with_further_settings_goes_through_the_sdk():
    found = states(EmrServerlessStartJobOperator, **job(config={"retryPolicy": {"maxAttempts": 2}}))
    assert found["startJobRun"]["Resource"] == "arn:aws:states:::aws-sdk:emrserverless:startJobRun"
    assert found["look"]["Resource"] == "arn:aws:states:::aws-sdk:emrserverless:getJobRun"
    left = states(EmrServerlessStartJobOperator, **job(wait_for_completion=False))
    assert left["startJobRun"]["Resource"] == "arn:aws:states:::emr-serverless:startJobRun"
    assert left["startJobRun"]["Output"] == "{% $states.result.JobRunId %}"


def test_a_driver_that_is_an_xcom_is_spelled_by_the_start_task():
    group = beside(lambda outside: EmrServerlessStartJobOperator(task_id="t", **job(job_driver=outside)))
    checked(group)
    told = rendered(group, context({"outside": {"sparkSubmit": {"entryPoint": "s3://bucket/a.py"}}}))
    assert list(told["t"].values()) == [{"SparkSubmit": {"EntryPoint": "s3://bucket/a.py"}}]


def test_applications_are_stopped_and_deleted():
    stopped = member(EmrServerlessStopApplicationOperator, application_id=APPLICATION)
    assert stopped["Resource"].endswith("emr-serverless:stopApplication.sync")
    found = states(EmrServerlessDeleteApplicationOperator, application_id=APPLICATION, wait_for_completion=False)
    assert found["stopApplication"]["Resource"].endswith("stopApplication.sync")
    assert found["deleteApplication"]["Resource"].endswith("deleteApplication")


@pytest.mark.parametrize("operator", [EmrServerlessStopApplicationOperator, EmrServerlessDeleteApplicationOperator])
def test_jobs_that_still_run_are_cancelled_where_the_stop_is_forced(operator: Any):
    found = states(operator, application_id=APPLICATION, force_stop=True, waiter_delay=5, waiter_max_attempts=4)
    assert (found["begins"], found["begin"]["Next"]) == ("begin", "t: listJobRuns")
    assert found["listJobRuns"]["Arguments"]["States"][-1] == "CANCELLING"
    none, late = found["jobs"]["Choices"]
    assert (none["Next"], late["Next"], found["jobs"]["Default"]) == (
        "t: stopApplication",
        "t: jobsLate",
        "t: cancelJobs",
    )
    assert "> 20" in late["Condition"]
    assert found["cancelJobs"]["Items"] == "{% [$p_jobs[State != 'CANCELLING'].Id] %}"
    (cancel,) = found["cancelJobs"]["ItemProcessor"]["States"].values()
    assert cancel["Arguments"] == {"ApplicationId": APPLICATION, "JobRunId": "{% $states.input %}"}
    assert (found["cancelJobs"]["Next"], found["pause"]["Next"]) == ("t: pause", "t: listJobRuns")


def test_sessions_are_started_and_stopped_but_their_tokens_stay_out():
    found = states(EmrServerlessStartSessionOperator, application_id=APPLICATION, execution_role_arn=ROLE)
    assert found["done"]["Output"] == {"application_id": APPLICATION, "session_id": "{% $p_id %}"}
    stopped = states(EmrServerlessStopSessionOperator, application_id=APPLICATION, session_id="s" * 16)
    assert "in ['TERMINATED']" in stopped["judge"]["Choices"][0]["Condition"]
    told = refusal(EmrServerlessGetSessionEndpointOperator, application_id=APPLICATION, session_id="s")
    assert "it gives a token, which would stand in the execution's history for everyone who may read it" in told


# On EKS


def container(**more: Any) -> dict[str, Any]:
    driver = {"sparkSubmitJobDriver": {"entryPoint": "local:///a.py"}}
    return {
        "name": "n",
        "virtual_cluster_id": "v",
        "execution_role_arn": ROLE,
        "release_label": "emr-7.0.0-latest",
        "job_driver": driver,
        **more,
    }


def test_a_job_on_eks_is_waited_for_by_aws():
    state = member(EmrContainerOperator, **container(tags={"aB": "c"}, max_polling_attempts=4, poll_interval=5))
    assert state["Resource"] == "arn:aws:states:::emr-containers:startJobRun.sync"
    assert state["Arguments"]["JobDriver"] == {"SparkSubmitJobDriver": {"EntryPoint": "local:///a.py"}}
    assert state["Arguments"]["Tags"] == {"aB": "c"}
    assert state["TimeoutSeconds"] == 20
    assert "$states.result.State in ['COMPLETED'] ? $states.result.Id" in state["Output"]
    left = member(EmrContainerOperator, **container(wait_for_completion=False))
    assert left["Output"] == "{% $states.result.Id %}"


def test_a_job_on_eks_with_retries_goes_through_the_sdk():
    found = states(EmrContainerOperator, **container(job_retry_max_attempts=3))
    assert found["startJobRun"]["Arguments"]["RetryPolicyConfiguration"] == {"MaxAttempts": 3}
    assert found["look"]["Arguments"] == {"VirtualClusterId": "v", "Id": "{% $p_id %}"}
    for name in ("openlineage_inject_parent_job_info", "openlineage_inject_transport_info"):
        assert f"{name} (the operator adds it while it runs" in refusal(
            EmrContainerOperator, **container(**{name: True})
        )


def test_a_virtual_cluster_is_created():
    state = member(
        EmrEksCreateClusterOperator, virtual_cluster_name="v", eks_cluster_name="e", eks_namespace="n", tags={"aB": "c"}
    )
    assert state["Resource"] == "arn:aws:states:::emr-containers:createVirtualCluster"
    assert state["Arguments"]["ContainerProvider"] == {
        "Id": "e",
        "Type": "EKS",
        "Info": {"EksInfo": {"Namespace": "n"}},
    }
    assert state["Output"] == "{% $states.result.Id %}"
