"""A hyperparameter tuning job: training jobs with values that `search` chooses, several at a time, and the best one.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-how-it-works.html. The training jobs are jobs as
any other. Nothing polls: each tells when it has ended.
"""

from __future__ import annotations

import logging
import queue
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.local.jobs.job import Job
from airflow_sfn_ml.local.jobs.search import OBJECTIVE, Choice, choices

log = logging.getLogger(__name__)

_HOPELESS = 5
"""After so many jobs without a success, or without an objective, the tuning job fails."""
_STATES = {"Completed": "Completed", "Failed": "NonRetryableError", "Stopped": "Stopped"}
_SUMMARY = (
    "TrainingJobName",
    "TrainingJobArn",
    "TrainingJobStatus",
    "CreationTime",
    "TrainingStartTime",
    "TrainingEndTime",
    "FailureReason",
)
_FROM_DEFINITION = (
    "RoleArn",
    "InputDataConfig",
    "VpcConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
    "RetryStrategy",
    "Environment",
)


@dataclass(frozen=True)
class Trial:
    """A training job, and the values that it tries."""

    choice: Choice
    job: Job

    @property
    def objective(self) -> float | None:
        """The value of the objective metric; None as long as the job has not ended, or when it printed none."""
        if not self.job.done:
            return None
        metrics = self.job.document().get("FinalMetricDataList") or ()
        wanted = self.choice.arm.objective["MetricName"]
        return next((each["Value"] for each in metrics if each["MetricName"] == wanted), None)

    @property
    def status(self) -> str:
        """What the counters call it."""
        return _STATES.get(self.job.status, "InProgress")

    @property
    def objective_status(self) -> str:
        if not self.job.done:
            return "Pending"
        return "Failed" if self.objective is None or self.job.status == "Failed" else "Succeeded"

    def rank(self) -> float:
        """Larger is better; objectives of several definitions are of one kind."""
        value = self.objective
        assert value is not None
        return value if self.choice.arm.objective["Type"] == "Maximize" else -value

    def summary(self) -> dict[str, Any]:
        """The HyperParameterTrainingJobSummary."""
        document = self.job.document()
        summary = {name: document[name] for name in _SUMMARY if name in document}
        summary |= {"TunedHyperParameters": dict(self.choice.values), "ObjectiveStatus": self.objective_status}
        if self.choice.arm.name:
            summary["TrainingJobDefinitionName"] = self.choice.arm.name
        if self.objective is not None:
            objective = {**self.choice.arm.objective, "Value": self.objective}
            summary["FinalHyperParameterTuningJobObjectiveMetric"] = objective
        return summary


class Tuner:
    """The life of one tuning job; `run` is its thread, `stop` may come from any other.

    :param train: creates a training job from a request.
    :param halt: stops a training job.
    """

    def __init__(self, job: Job, train: Callable[[dict[str, Any]], Job], halt: Callable[[Job], None]) -> None:
        self.job = job
        self.trials: tuple[Trial, ...] = ()
        self._train, self._halt = train, halt
        self._choices = choices(job.request)
        self._config = job.request["HyperParameterTuningJobConfig"]
        self._told: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._over = False
        self._note()

    def run(self) -> None:
        """Run training jobs until enough have ended."""
        if self._config["Strategy"] in ("Bayesian", "Hyperband"):
            log.warning("tuning job %s: %s is a random search here", self.job.name, self._config["Strategy"])
        seconds = self._config["ResourceLimits"].get("MaxRuntimeInSeconds")
        timer = threading.Timer(seconds or 0, self._told.put, ("too long",))
        timer.daemon = True
        if seconds:
            timer.start()
        try:
            self._run()
        except Exception as error:
            log.exception("tuning job %s", self.job.name)
            self._end_trials()
            self.job.finish("Failed", f"InternalServerError: {type(error).__name__}: {error}")
        finally:
            timer.cancel()

    def stop(self) -> None:
        """Stop it and its training jobs."""
        if self.job.begin_stopping():
            self._told.put("stop")

    def kill(self) -> None:
        """Start no more jobs, because the server ends; those that run are ended as all jobs are."""
        self._over = True

    def _run(self) -> None:
        while True:
            self._start_more()
            if all(trial.job.done for trial in self.trials):
                break
            if self._told.get() in ("stop", "too long") or self._is_enough():
                self._over = True
                self._end_trials()
            self._note()
        self._note()
        self._finish()

    def _start_more(self) -> None:
        while not self._over and self._running() < self._config["ResourceLimits"]["MaxParallelTrainingJobs"]:
            choice = next(self._choices, None)
            if choice is None:
                self._over = True
                return
            job = self._train(self._request(choice, len(self.trials) + 1))
            job.note(TuningJobArn=self.job.arn)
            self.trials = (*self.trials, Trial(choice, job))
            self._note()
            job.on_end(lambda ended: self._told.put(ended.name))

    def _running(self) -> int:
        return sum(not trial.job.done for trial in self.trials)

    def _end_trials(self) -> None:
        for trial in self.trials:
            self._halt(trial.job)

    def _request(self, choice: Choice, number: int) -> dict[str, Any]:
        definition = choice.arm.definition
        request = {name: definition[name] for name in _FROM_DEFINITION if name in definition}
        instances = definition.get("HyperParameterTuningResourceConfig")
        if instances and "ResourceConfig" not in request:
            request["ResourceConfig"] = _resources(instances)
        parameters = {**(definition.get("StaticHyperParameters") or {}), **choice.values}
        return {
            **request,
            "TrainingJobName": f"{self.job.name}-{number:03d}-{uuid.uuid4().hex[:8]}",
            "AlgorithmSpecification": definition["AlgorithmSpecification"],
            "HyperParameters": {**parameters, OBJECTIVE: choice.arm.objective["MetricName"]},
            "Tags": [{"Key": key, "Value": value} for key, value in self.job.tags.items()],
        }

    def _is_enough(self) -> bool:
        """Whether the target is reached, nothing gets better any more, or all goes wrong."""
        ended = sorted((trial for trial in self.trials if trial.job.done), key=_end)
        good = [trial for trial in ended if trial.objective_status == "Succeeded"]
        if not good:
            return len(ended) >= _HOPELESS
        criteria = self._config.get("TuningJobCompletionCriteria") or {}
        target = criteria.get("TargetObjectiveMetricValue")
        best = max(good, key=Trial.rank)
        if target is not None:
            sign = 1 if best.choice.arm.objective["Type"] == "Maximize" else -1
            if best.rank() >= sign * target:
                return True
        patience = (criteria.get("BestObjectiveNotImproving") or {}).get("MaxNumberOfTrainingJobsNotImproving")
        return patience is not None and len(ended) - 1 - ended.index(best) >= patience

    def _note(self) -> None:
        """Tell of the counters and the best job."""
        trials = self.trials
        states = Counter(trial.status for trial in trials)
        objectives = Counter(trial.objective_status for trial in trials)
        names = ("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped")
        facts: dict[str, Any] = {
            "TrainingJobStatusCounters": {name: states[name] for name in names},
            "ObjectiveStatusCounters": {name: objectives[name] for name in ("Succeeded", "Pending", "Failed")},
        }
        if good := [trial for trial in trials if trial.objective_status == "Succeeded"]:
            facts["BestTrainingJob"] = max(good, key=Trial.rank).summary()
        self.job.note(**facts)

    def _finish(self) -> None:
        if self.job.status == "Stopping":
            self.job.finish("Stopped")
            return
        count = len(self.trials)
        if not any(trial.job.status == "Completed" for trial in self.trials):
            self.job.finish(
                "Failed",
                f"No training job succeeded after {count} attempts. For additional details, please take a look at the "
                "training job failures by listing training jobs for the hyperparameter tuning job.",
            )
        elif not any(trial.objective_status == "Succeeded" for trial in self.trials):
            self.job.finish(
                "Failed",
                f"No objective metrics found after running {count} training jobs. Please ensure that the custom "
                "algorithm is emitting the objective metric as defined by the regular expression provided.",
            )
        else:
            self.job.finish("Completed")


def _end(trial: Trial) -> Any:
    return trial.job.document()["TrainingEndTime"]


def _resources(instances: Mapping[str, Any]) -> dict[str, Any]:
    """HyperParameterTuningResourceConfig as ResourceConfig."""
    first = (instances.get("InstanceConfigs") or [instances])[0]
    sizes = {name: first[name] for name in ("InstanceType", "InstanceCount", "VolumeSizeInGB") if name in first}
    return {"VolumeSizeInGB": instances.get("VolumeSizeInGB", 1), **sizes}
