"""What a hyperparameter tuning job tries: values drawn from the ranges of its training job definitions.

`Random` draws, `Grid` goes through all combinations. `Bayesian` and `Hyperband` are drawn at random as well: the
results of earlier jobs do not guide the search here.
"""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

OBJECTIVE = "_tuning_objective_metric"
_NUMBERS = ("IntegerParameterRanges", "ContinuousParameterRanges")


@dataclass(frozen=True)
class Arm:
    """One training job definition with what is searched in it."""

    definition: Mapping[str, Any]
    objective: Mapping[str, Any]
    ranges: Mapping[str, Any]

    @property
    def name(self) -> str | None:
        name: str | None = self.definition.get("DefinitionName")
        return name

    @property
    def regex(self) -> str | None:
        """The regular expression that finds the objective in a job's output."""
        metrics = self.definition["AlgorithmSpecification"].get("MetricDefinitions") or ()
        return next((each["Regex"] for each in metrics if each["Name"] == self.objective["MetricName"]), None)


@dataclass(frozen=True)
class Choice:
    """Values for one training job."""

    arm: Arm
    values: Mapping[str, str]


def arms(request: Mapping[str, Any]) -> list[Arm]:
    """The definitions of a CreateHyperParameterTuningJob request."""
    config = request["HyperParameterTuningJobConfig"]
    definitions = request.get("TrainingJobDefinitions") or [request["TrainingJobDefinition"]]
    return [
        Arm(
            each,
            each.get("TuningObjective") or config.get("HyperParameterTuningJobObjective") or {},
            each.get("HyperParameterRanges") or config.get("ParameterRanges") or {},
        )
        for each in definitions
    ]


def choices(request: Mapping[str, Any]) -> Iterator[Choice]:
    """What is tried, one after the other, definitions in turn; at most MaxNumberOfTrainingJobs."""
    config = request["HyperParameterTuningJobConfig"]
    if config["Strategy"] == "Grid":
        every: Iterator[Choice] = itertools.chain.from_iterable(map(_grid, arms(request)))
    else:
        seed = config.get("RandomSeed", request["HyperParameterTuningJobName"])
        every = _random(arms(request), random.Random(str(seed)))
    return itertools.islice(every, config["ResourceLimits"].get("MaxNumberOfTrainingJobs"))


def refused(request: Mapping[str, Any]) -> str | None:
    """Why a request cannot be run; None if it can."""
    config = request["HyperParameterTuningJobConfig"]
    limits = config["ResourceLimits"]
    if ("TrainingJobDefinition" in request) == ("TrainingJobDefinitions" in request):
        return "Exactly one of TrainingJobDefinition and TrainingJobDefinitions must be given."
    if request.get("WarmStartConfig") or request.get("Autotune"):
        return "the embedded AWS has neither warm starts nor Autotune; test this job on AWS"
    if config["Strategy"] != "Grid" and "MaxNumberOfTrainingJobs" not in limits:
        return "MaxNumberOfTrainingJobs must be given unless the strategy is Grid."
    if limits["MaxParallelTrainingJobs"] > limits.get("MaxNumberOfTrainingJobs", math.inf):
        return "MaxParallelTrainingJobs must not be greater than MaxNumberOfTrainingJobs."
    return next(filter(None, (_arm_refused(arm, config["Strategy"]) for arm in arms(request))), None)


def _arm_refused(arm: Arm, strategy: str) -> str | None:
    metric = arm.objective.get("MetricName")
    if metric is None:
        return "The hyperparameter tuning job has no objective metric."
    if arm.regex is None:
        return f"The objective metric {metric} is not one of the MetricDefinitions of the training job definition."
    try:
        re.compile(arm.regex)
    except re.error as error:
        return f"The regular expression of the metric {metric} is not one: {error}"
    if arm.ranges.get("AutoParameters"):
        return "the embedded AWS has no AutoParameters; test this job on AWS"
    if strategy == "Grid" and any(arm.ranges.get(kind) for kind in _NUMBERS):
        return "The strategy Grid takes CategoricalParameterRanges only."
    names = [each["Name"] for kind in arm.ranges.values() for each in kind]
    static = arm.definition.get("StaticHyperParameters") or {}
    if twice := sorted({name for name in names if names.count(name) > 1 or name in static}):
        return f"The hyperparameter {twice[0]} is given more than once."
    return next(filter(None, (_range_refused(each) for kind in _NUMBERS for each in arm.ranges.get(kind) or ())), None)


def _range_refused(each: Mapping[str, Any]) -> str | None:
    name, scaling = each["Name"], each.get("ScalingType", "Auto")
    try:
        low, high = float(each["MinValue"]), float(each["MaxValue"])
    except ValueError:
        return f"The range of the hyperparameter {name} is not one of numbers."
    if low > high:
        return f"The MinValue of the hyperparameter {name} is greater than its MaxValue."
    if scaling == "Logarithmic" and low <= 0:
        return f"The hyperparameter {name} is scaled logarithmically; its range must be above 0."
    if scaling == "ReverseLogarithmic" and not 0 <= low <= high < 1:
        return f"The hyperparameter {name} is scaled reverse-logarithmically; its range must be from 0 to below 1."
    return None


def _grid(arm: Arm) -> Iterator[Choice]:
    ranges = arm.ranges.get("CategoricalParameterRanges") or ()
    names = [each["Name"] for each in ranges]
    for values in itertools.product(*(each["Values"] for each in ranges)):
        yield Choice(arm, dict(zip(names, values, strict=True)))


def _random(every: list[Arm], source: random.Random) -> Iterator[Choice]:
    for arm in itertools.cycle(every):
        values = {each["Name"]: str(_integer(each, source)) for each in arm.ranges.get("IntegerParameterRanges") or ()}
        for each in arm.ranges.get("ContinuousParameterRanges") or ():
            values[each["Name"]] = repr(_number(each, source))
        for each in arm.ranges.get("CategoricalParameterRanges") or ():
            values[each["Name"]] = source.choice(each["Values"])
        yield Choice(arm, values)


def _integer(each: Mapping[str, Any], source: random.Random) -> int:
    if each.get("ScalingType") == "Logarithmic":
        return round(_number(each, source))
    return source.randint(int(each["MinValue"]), int(each["MaxValue"]))


def _number(each: Mapping[str, Any], source: random.Random) -> float:
    low, high = float(each["MinValue"]), float(each["MaxValue"])
    match each.get("ScalingType"):
        case "Logarithmic":
            value = math.exp(source.uniform(math.log(low), math.log(high)))
        case "ReverseLogarithmic":
            value = 1 - math.exp(source.uniform(math.log(1 - high), math.log(1 - low)))
        case _:
            value = source.uniform(low, high)
    return min(max(value, low), high)
