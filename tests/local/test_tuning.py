"""Tuning jobs: training jobs that really run, with values from the ranges, and the best of them."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from airflow_sfn_ml.local.jobs.search import choices, refused
from tests.local.machines import IMAGE, ROLE, Account, archive, unique

SYNC = "arn:aws:states:::sagemaker:createHyperParameterTuningJob.sync"
SCORE = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("-x", type=float)
parser.add_argument("--sign", type=int)
values = parser.parse_args()
print(f"score={values.x * values.sign}")
"""


def definition(account: Account, code: str = SCORE, **extra: Any) -> dict[str, Any]:
    """A TrainingJobDefinition that runs `code` in script mode."""
    source = account.put(f"{unique('source')}.tar.gz", archive({"train.py": code}))
    script = {"sagemaker_program": "train.py", "sagemaker_submit_directory": source}
    return {
        "StaticHyperParameters": {"sign": "1", **script},
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "score", "Regex": r"score=([-0-9.e]+)"}],
        },
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": f"s3://{account.bucket}/tuned"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **extra,
    }


def config(strategy: str, jobs: int | None, **ranges: Any) -> dict[str, Any]:
    limits = {"MaxParallelTrainingJobs": 2}
    if jobs is not None:
        limits["MaxNumberOfTrainingJobs"] = jobs
    return {
        "Strategy": strategy,
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
        "ResourceLimits": limits,
        "ParameterRanges": ranges,
    }


def uniform(low: str = "0", high: str = "1", **extra: Any) -> list[dict[str, Any]]:
    return [{"Name": "x", "MinValue": low, "MaxValue": high, **extra}]


def among(*values: str) -> dict[str, Any]:
    return {"CategoricalParameterRanges": [{"Name": "x", "Values": list(values)}]}


def describe(account: Account, name: str) -> dict[str, Any]:
    return account.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)


def finish(account: Account, name: str, until: Callable[[dict[str, Any]], bool] | None = None) -> dict[str, Any]:
    over = until or (lambda job: job["HyperParameterTuningJobStatus"] not in ("InProgress", "Stopping"))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        job = describe(account, name)
        if over(job):
            return job
        time.sleep(0.1)
    raise AssertionError(job)


def tune(account: Account, settings: dict[str, Any], training: dict[str, Any], **extra: Any) -> dict[str, Any]:
    name = unique("tune")
    account.sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig=settings,
        TrainingJobDefinition=training,
        **extra,
    )
    return finish(account, name)


def trials(account: Account, name: str, **query: Any) -> list[dict[str, Any]]:
    call = account.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job
    return call(HyperParameterTuningJobName=name, **query)["TrainingJobSummaries"]


def test_the_best_of_a_random_search_is_told(account: Account) -> None:
    settings = config("Random", 4, ContinuousParameterRanges=uniform("0.5", "2"))
    job = tune(account, settings, definition(account), Tags=[{"Key": "team", "Value": "x"}])
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    counters = {"Completed": 4, "InProgress": 0, "RetryableError": 0, "NonRetryableError": 0, "Stopped": 0}
    assert job["TrainingJobStatusCounters"] == counters
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 4, "Pending": 0, "Failed": 0}
    name = job["HyperParameterTuningJobName"]
    listed = trials(account, name, SortBy="FinalObjectiveMetricValue", SortOrder="Descending")
    scores = [each["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for each in listed]
    assert scores == sorted(scores, reverse=True)
    assert all(0.5 <= float(each["TunedHyperParameters"]["x"]) <= 2 for each in listed)
    best = job["BestTrainingJob"]
    assert best["TrainingJobName"] == listed[0]["TrainingJobName"]
    assert best["FinalHyperParameterTuningJobObjectiveMetric"] == {
        "Type": "Maximize",
        "MetricName": "score",
        "Value": scores[0],
    }
    trained = account.job(best["TrainingJobName"], "Training")
    assert trained["TuningJobArn"] == job["HyperParameterTuningJobArn"]
    assert trained["HyperParameters"]["_tuning_objective_metric"] == "score"
    assert trained["HyperParameters"]["x"] == best["TunedHyperParameters"]["x"]
    assert trained["TrainingJobName"].startswith(f"{name}-00")
    assert account.sagemaker.list_tags(ResourceArn=trained["TrainingJobArn"])["Tags"] == [{"Key": "team", "Value": "x"}]
    assert len(trials(account, name, MaxResults=3)) == 3
    assert trials(account, name, StatusEquals="Failed") == []


def test_a_grid_is_searched_whole_and_the_smallest_may_be_the_best(account: Account) -> None:
    settings = config("Grid", None, **among("3", "1", "2"))
    settings["HyperParameterTuningJobObjective"]["Type"] = "Minimize"
    job = tune(account, settings, definition(account))
    assert [each["TunedHyperParameters"]["x"] for each in trials(account, job["HyperParameterTuningJobName"])] == [
        "3",
        "1",
        "2",
    ]
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"x": "1"}


def test_no_more_than_the_parallel_jobs_run_at_once(account: Account) -> None:
    job = tune(account, config("Grid", None, **among("1", "2", "3", "4")), definition(account))
    spans = [
        account.job(each["TrainingJobName"], "Training") for each in trials(account, job["HyperParameterTuningJobName"])
    ]
    for span in spans:
        together = [each for each in spans if each["CreationTime"] <= span["CreationTime"] < each["TrainingEndTime"]]
        assert len(together) <= 2


def test_failed_jobs_are_counted_and_do_not_end_the_search(account: Account) -> None:
    code = SCORE + "\nassert values.x != 2, 'two is bad'\n"
    job = tune(account, config("Grid", None, **among("1", "2", "3")), definition(account, code))
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["TrainingJobStatusCounters"]["NonRetryableError"] == 1
    (failed,) = trials(account, job["HyperParameterTuningJobName"], StatusEquals="Failed")
    assert failed["ObjectiveStatus"] == "Failed"
    assert "two is bad" in failed["FailureReason"]
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"x": "3"}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise SystemExit(1)", "No training job succeeded after 2 attempts."),
        ("print('nothing to see')", "No objective metrics found after running 2 training jobs."),
    ],
)
def test_a_search_without_a_result_has_failed(account: Account, code: str, reason: str) -> None:
    job = tune(account, config("Grid", None, **among("1", "2")), definition(account, code))
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(reason)
    assert "BestTrainingJob" not in job


def test_a_search_ends_when_its_target_is_reached(account: Account) -> None:
    settings = config("Grid", None, **among(*map(str, range(8))))
    settings["ResourceLimits"]["MaxParallelTrainingJobs"] = 1
    settings["TuningJobCompletionCriteria"] = {"TargetObjectiveMetricValue": 2}
    job = tune(account, settings, definition(account))
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"x": "2"}
    assert sum(job["TrainingJobStatusCounters"].values()) == 3


def test_a_search_ends_when_nothing_gets_better(account: Account) -> None:
    settings = config("Grid", None, **among("9", "1", "2", "3", "4"))
    settings["ResourceLimits"]["MaxParallelTrainingJobs"] = 1
    patience = {"MaxNumberOfTrainingJobsNotImproving": 3}
    settings["TuningJobCompletionCriteria"] = {"BestObjectiveNotImproving": patience}
    assert sum(tune(account, settings, definition(account))["TrainingJobStatusCounters"].values()) == 4


def test_stopping_a_tuning_job_stops_its_training_jobs(account: Account) -> None:
    name = unique("tune")
    account.sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig=config("Random", 6, ContinuousParameterRanges=uniform()),
        TrainingJobDefinition=definition(account, "import time; time.sleep(60)"),
    )
    finish(account, name, until=lambda job: job["TrainingJobStatusCounters"]["InProgress"] == 2)
    account.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    job = finish(account, name)
    assert job["HyperParameterTuningJobStatus"] == "Stopped"
    assert job["TrainingJobStatusCounters"]["Stopped"] == 2
    assert len(trials(account, name)) == 2


def test_a_state_waits_for_its_tuning_job_and_gives_its_document(account: Account) -> None:
    name = unique("tune")
    inbox = account.listen(
        source=["aws.sagemaker"],
        detail_type=["SageMaker HyperParameter Tuning Job State Change"],
        detail={"HyperParameterTuningJobName": [name]},
    )
    request = {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": config("Grid", None, **among("1", "2")),
        "TrainingJobDefinition": definition(account),
    }
    described = account.run({"Work": {"Type": "Task", "Resource": SYNC, "Arguments": request, "End": True}})
    document = json.loads(described["output"])
    assert document["HyperParameterTuningJobStatus"] == "Completed"
    assert document["BestTrainingJob"]["TunedHyperParameters"] == {"x": "2"}
    assert isinstance(document["BestTrainingJob"]["TrainingEndTime"], int)
    statuses = sorted(event["detail"]["HyperParameterTuningJobStatus"] for event in inbox.take(2))
    assert statuses == ["Completed", "InProgress"]
    (listed,) = account.sagemaker.list_hyper_parameter_tuning_jobs(NameContains=name)[
        "HyperParameterTuningJobSummaries"
    ]
    assert listed["Strategy"] == "Grid"
    assert listed["ObjectiveStatusCounters"]["Succeeded"] == 2


def test_stopping_the_execution_stops_the_search(account: Account) -> None:
    name = unique("tune")
    request = {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": config("Random", 4, ContinuousParameterRanges=uniform()),
        "TrainingJobDefinition": definition(account, "import time; time.sleep(60)"),
    }
    state = {"Type": "Task", "Resource": SYNC, "Arguments": request, "End": True}
    execution = account.start(account.create({"Work": state}))
    while "TaskSubmitted" not in account.types(execution):
        time.sleep(0.05)
    account.sfn.stop_execution(executionArn=execution)
    assert finish(account, name)["HyperParameterTuningJobStatus"] == "Stopped"
    assert {each["TrainingJobStatus"] for each in trials(account, name)} == {"Stopped"}


def test_names_and_settings_that_sagemaker_refuses_are_refused(account: Account) -> None:
    with pytest.raises(ClientError, match="less than or equal to 32"):
        account.sagemaker.create_hyper_parameter_tuning_job(
            HyperParameterTuningJobName="x" * 33,
            HyperParameterTuningJobConfig=config("Grid", None, **among("1")),
            TrainingJobDefinition=definition(account),
        )
    with pytest.raises(ClientError, match="takes CategoricalParameterRanges only"):
        tune(account, config("Grid", None, ContinuousParameterRanges=uniform()), definition(account))
    with pytest.raises(ClientError) as absent:
        describe(account, "never-was")
    assert absent.value.response["Error"]["Code"] == "ResourceNotFound"


METRICS = {"AlgorithmSpecification": {"MetricDefinitions": [{"Name": "score", "Regex": "(.)"}]}}


def request(settings: dict[str, Any], **extra: Any) -> dict[str, Any]:
    return {
        "HyperParameterTuningJobName": "pure",
        "HyperParameterTuningJobConfig": settings,
        "TrainingJobDefinition": METRICS,
        **extra,
    }


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (request(config("Random", None, **among("1"))), "MaxNumberOfTrainingJobs must be given"),
        (request(config("Random", 1, **among("1"))), "MaxParallelTrainingJobs must not be greater"),
        (request(config("Random", 2, IntegerParameterRanges=uniform("3", "2"))), "MinValue of the hyperparameter x"),
        (request(config("Random", 2, IntegerParameterRanges=uniform("a", "b"))), "is not one of numbers"),
        (
            request(config("Random", 2, ContinuousParameterRanges=uniform(ScalingType="Logarithmic"))),
            "range must be above 0",
        ),
        (
            request(config("Random", 2, ContinuousParameterRanges=uniform(ScalingType="ReverseLogarithmic"))),
            "from 0 to below 1",
        ),
        (request(config("Random", 2, **among("1")), TrainingJobDefinitions=[METRICS]), "Exactly one of"),
        (request(config("Random", 2, **among("1")), Autotune={"Mode": "Enabled"}), "neither warm starts nor"),
        (
            request(config("Random", 2, **among("1")), TrainingJobDefinition={"AlgorithmSpecification": {}}),
            "The objective metric score is not one of the MetricDefinitions",
        ),
        (
            request(
                config("Random", 2, **among("1")), TrainingJobDefinition=METRICS | {"StaticHyperParameters": {"x": "1"}}
            ),
            "The hyperparameter x is given more than once",
        ),
    ],
)
def test_searches_that_make_no_sense_are_refused(asked: dict[str, Any], reason: str) -> None:
    assert reason in (refused(asked) or "")


def test_values_stay_in_their_ranges_and_a_seed_repeats_them() -> None:
    settings = config(
        "Bayesian",
        300,
        IntegerParameterRanges=[
            {"Name": "n", "MinValue": "1", "MaxValue": "3"},
            {"Name": "log", "MinValue": "1", "MaxValue": "1000", "ScalingType": "Logarithmic"},
        ],
        ContinuousParameterRanges=[
            {"Name": "rate", "MinValue": "0.0001", "MaxValue": "1", "ScalingType": "Logarithmic"},
            {"Name": "keep", "MinValue": "0", "MaxValue": "0.999", "ScalingType": "ReverseLogarithmic"},
        ],
        CategoricalParameterRanges=[{"Name": "kind", "Values": ["a", "b"]}],
    )
    settings["RandomSeed"] = 7
    found = [choice.values for choice in choices(request(settings))]
    assert found == [choice.values for choice in choices(request(settings))]
    assert len(found) == 300
    assert {each["n"] for each in found} == {"1", "2", "3"}
    assert {each["kind"] for each in found} == {"a", "b"}
    assert all(0.0001 <= float(each["rate"]) <= 1 for each in found)
    small = Counter(float(each["rate"]) < 0.01 for each in found)
    assert 100 < small[True] < 200, "half of the decades of a logarithmic range are below 0.01"
    assert Counter(int(each["log"]) < 32 for each in found)[True] > 100
    assert Counter(float(each["keep"]) > 0.968 for each in found)[True] > 100
    settings["RandomSeed"] = 8
    assert found != [choice.values for choice in choices(request(settings))]


def test_definitions_take_turns() -> None:
    one = METRICS | {"DefinitionName": "one", "HyperParameterRanges": among("1")}
    two = METRICS | {"DefinitionName": "two", "HyperParameterRanges": among("2")}
    settings = config("Random", 4)
    asked = {"HyperParameterTuningJobName": "pure", "HyperParameterTuningJobConfig": settings}
    found = [(each.arm.name, each.values["x"]) for each in choices(asked | {"TrainingJobDefinitions": [one, two]})]
    assert found == [("one", "1"), ("two", "2"), ("one", "1"), ("two", "2")]
