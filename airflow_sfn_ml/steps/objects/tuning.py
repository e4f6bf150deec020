"""CreateHyperParameterTuningJob from a tuner."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.steps.objects.attributes import present, read, shaped, tag_list
from airflow_sfn_ml.steps.objects.code import Upload
from airflow_sfn_ml.steps.objects.training import training_request

_NOT_IN_TUNING = (
    "TrainingJobName",
    "HyperParameters",
    "Tags",
    "DebugHookConfig",
    "DebugRuleConfigurations",
    "ProfilerConfig",
    "ProfilerRuleConfigurations",
    "TensorBoardOutputConfig",
    "ExperimentConfig",
    "RemoteDebugConfig",
    "InfraCheckConfig",
    "SessionChainingConfig",
)
"""Fields of a training job that the definition of a tuning job does not have."""


def tuning_request(tuner: Any, *, job_name: Any = None, data: Any = None) -> tuple[dict[str, Any], list[Upload]]:
    """The request, and the code that has to be uploaded before it runs."""
    if isinstance(tuner, dict):
        return {**tuner, **present(HyperParameterTuningJobName=job_name)}, []
    ranges = shaped(read(tuner, "hyperparameter_ranges"))
    request = present(
        HyperParameterTuningJobName=job_name,
        HyperParameterTuningJobConfig=present(
            Strategy=read(tuner, "strategy") or "Bayesian",
            StrategyConfig=shaped(read(tuner, "strategy_config")),
            ResourceLimits=present(
                MaxNumberOfTrainingJobs=read(tuner, "max_jobs"),
                MaxParallelTrainingJobs=read(tuner, "max_parallel_jobs"),
                MaxRuntimeInSeconds=read(tuner, "max_runtime_in_seconds"),
            ),
            TrainingJobEarlyStoppingType=read(tuner, "early_stopping_type"),
            HyperParameterTuningJobObjective=_objective(tuner),
            ParameterRanges=ranges or None,
            TuningJobCompletionCriteria=shaped(read(tuner, "completion_criteria_config")),
            RandomSeed=read(tuner, "random_seed"),
        ),
        WarmStartConfig=shaped(read(tuner, "warm_start_config")),
        Autotune={"Mode": "Enabled"} if read(tuner, "autotune") else None,
        Tags=tag_list(read(tuner, "tags")),
    )
    several = read(tuner, "estimator_dict")
    if several is None:
        definition, uploads = _definition(tuner, read(tuner, "estimator", "model_trainer"), data, ranges)
        return {**request, "TrainingJobDefinition": definition}, uploads
    definitions, uploads = [], []
    for name, estimator in several.items():
        own = data.get(name) if isinstance(data, dict) else data
        own_ranges = (read(tuner, "hyperparameter_ranges_dict") or {}).get(name)
        definition, more = _definition(tuner, estimator, own, own_ranges)
        objective = _objective_of(tuner, name)
        own_fields = present(TuningObjective=objective, HyperParameterRanges=own_ranges)
        definitions.append({"DefinitionName": name, **definition, **own_fields})
        uploads += more
    return {**request, "TrainingJobDefinitions": definitions}, uploads


def _definition(tuner: Any, estimator: Any, data: Any, ranges: Any) -> tuple[dict[str, Any], list[Upload]]:
    request, uploads = training_request(estimator, data=data)
    metrics = read(tuner, "metric_definitions")
    if metrics is not None:
        request["AlgorithmSpecification"]["MetricDefinitions"] = shaped(metrics)
    tuned = {item["Name"] for kind in (ranges or {}).values() if isinstance(kind, list) for item in kind}
    static = read(tuner, "static_hyperparameters") or request.get("HyperParameters", {})
    static = {key: item for key, item in static.items() if key not in tuned}
    kept = {key: item for key, item in request.items() if key not in _NOT_IN_TUNING}
    return {"StaticHyperParameters": static, **kept}, uploads


def _objective(tuner: Any) -> Any:
    name = read(tuner, "objective_metric_name")
    return None if name is None else {"Type": read(tuner, "objective_type") or "Maximize", "MetricName": name}


def _objective_of(tuner: Any, name: str) -> Any:
    metrics, kind = read(tuner, "objective_metric_name_dict") or {}, read(tuner, "objective_type") or "Maximize"
    return {"Type": kind, "MetricName": metrics[name]} if name in metrics else None
