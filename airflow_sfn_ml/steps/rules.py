"""What SageMaker refuses although its model allows it.

Each rule is from the API reference of the operation, and sees the values that are known; one that is not, passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Later = Callable[[Any], bool]
Found = Iterator[tuple[str, str]]

CONTAINER_ROOT = "/opt/ml/processing"
DAY = 86_400
"""MaxRuntimeInSeconds of a training job that does not say."""


def rule_problems(service: str, operation: str, request: Mapping[str, Any], later: Later) -> Found:
    """Path and message of everything in *request* that a rule of *operation* forbids."""
    for rule in RULES.get((service, operation), ()):
        yield from rule(request, later)


def _one_algorithm(request: Mapping[str, Any], later: Later) -> Found:
    """A training job takes its code from an image or from a named algorithm."""
    spec = request.get("AlgorithmSpecification")
    if isinstance(spec, Mapping) and ("TrainingImage" in spec) == ("AlgorithmName" in spec):
        yield "AlgorithmSpecification", "takes exactly one of TrainingImage and AlgorithmName"


def _spot_waits_long_enough(request: Mapping[str, Any], later: Later) -> Found:
    """A job on spot instances says how long it may take with all its interruptions."""
    if request.get("EnableManagedSpotTraining") is not True:
        return
    condition = request.get("StoppingCondition", {})
    if not isinstance(condition, Mapping):
        return
    path = "StoppingCondition.MaxWaitTimeInSeconds"
    wait, runtime = condition.get("MaxWaitTimeInSeconds"), condition.get("MaxRuntimeInSeconds", DAY)
    if wait is None:
        yield path, "is required with EnableManagedSpotTraining: running and waiting together"
    elif isinstance(wait, int) and isinstance(runtime, int) and wait < runtime:
        yield path, f"is {wait}, and must not be less than MaxRuntimeInSeconds, which is {runtime}"


def _paths_in_the_container(request: Mapping[str, Any], later: Later) -> Found:
    """A processing job sees its inputs and leaves its outputs below one directory."""
    output = request.get("ProcessingOutputConfig", {})
    places = [
        *_local_paths(request.get("ProcessingInputs"), "ProcessingInputs", ("S3Input", "DatasetDefinition")),
        *_local_paths(
            output.get("Outputs") if isinstance(output, Mapping) else None,
            "ProcessingOutputConfig.Outputs",
            ("S3Output",),
        ),
    ]
    for path, value in places:
        if isinstance(value, str) and not later(value) and not value.startswith(f"{CONTAINER_ROOT}/"):
            yield path, f"is {value!r}, and must be below {CONTAINER_ROOT}"


def _local_paths(items: Any, path: str, kinds: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for index, item in enumerate(items if isinstance(items, (list, tuple)) else ()):
        for kind in kinds:
            place = item.get(kind) if isinstance(item, Mapping) else None
            if isinstance(place, Mapping) and "LocalPath" in place:
                yield f"{path}[{index}].{kind}.LocalPath", place["LocalPath"]


RULES: Mapping[tuple[str, str], tuple[Callable[[Mapping[str, Any], Later], Found], ...]] = {
    ("sagemaker", "CreateTrainingJob"): (_one_algorithm, _spot_waits_long_enough),
    ("sagemaker", "CreateProcessingJob"): (_paths_in_the_container,),
}
