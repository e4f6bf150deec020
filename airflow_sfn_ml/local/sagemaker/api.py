"""The API of jobs, in place of moto's, whose jobs are complete before they begin."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from typing import Any

from airflow_sfn_ml.local.jobs import search, transform
from airflow_sfn_ml.local.jobs.engine import JobEngine, JobExistsError, NoSuchJobError
from airflow_sfn_ml.local.jobs.job import KINDS, PROCESSING, TRAINING, TRANSFORM, TUNING, Job, Kind
from airflow_sfn_ml.local.patching import Patches
from airflow_sfn_ml.local.refusals import RefusedError
from airflow_sfn_ml.local.sagemaker.requests import InvalidRequestError, check


class JobApi:
    """The calls, by kind of job, for the server and for the Step Functions integration alike."""

    def __init__(self, engine: JobEngine) -> None:
        self.engine = engine

    def create(self, kind: Kind, request: dict[str, Any], account: str, region: str) -> Job:
        """Create<Kind>Job; raises RefusedError."""
        try:
            check(f"Create{kind.name}Job", request)
            _check_more(kind, request, account, region)
            return self.engine.create(kind, request, account, region)
        except InvalidRequestError as error:
            raise RefusedError("ValidationException", str(error)) from error
        except JobExistsError as error:
            raise RefusedError(
                "ResourceInUse",
                f"Job name must be unique within an AWS account and region, and a {kind.label.lower()} job with this "
                f"name already exists ({error})",
            ) from error

    def describe(self, kind: Kind, name: str, account: str, region: str) -> Job:
        try:
            return self.engine.find(kind, name, account, region)
        except NoSuchJobError as error:
            raise _not_found(kind, error) from error

    def stop(self, kind: Kind, name: str, account: str, region: str) -> None:
        try:
            self.engine.stop(kind, name, account, region)
        except NoSuchJobError as error:
            raise _not_found(kind, error) from error

    def trials(self, query: dict[str, Any], account: str, region: str) -> dict[str, Any]:
        """ListTrainingJobsForHyperParameterTuningJob."""
        try:
            trials = self.engine.trials(query["HyperParameterTuningJobName"], account, region)
        except NoSuchJobError as error:
            raise _not_found(TUNING, error) from error
        wanted = query.get("StatusEquals")
        found = [trial for trial in trials if wanted is None or trial.job.status == wanted]
        by = query.get("SortBy", "Name")
        if by == "FinalObjectiveMetricValue":
            found = [trial for trial in found if trial.objective is not None]
        found.sort(key=_TRIAL_KEYS[by], reverse=query.get("SortOrder", "Ascending") == "Descending")
        return _page("TrainingJobSummaries", [trial.summary() for trial in found], query)

    def list(self, kind: Kind, query: dict[str, Any], account: str, region: str) -> dict[str, Any]:
        """List<Kind>Jobs: filtered, sorted, paged."""
        jobs = [job for job in self.engine.jobs(kind, account, region) if _matches(job, query)]
        jobs.sort(key=_sort_key(kind, query), reverse=query.get("SortOrder", "Descending") == "Descending")
        return _page(f"{kind.name}JobSummaries", [job.summary() for job in jobs], query)


_TRIAL_KEYS: dict[str, Callable[[Any], Any]] = {
    "Name": lambda trial: trial.job.name,
    "CreationTime": lambda trial: trial.job.created,
    "Status": lambda trial: trial.job.status,
    "FinalObjectiveMetricValue": lambda trial: trial.objective,
}


def _page(name: str, summaries: list[dict[str, Any]], query: dict[str, Any]) -> dict[str, Any]:
    start = int(base64.b64decode(query["NextToken"])) if query.get("NextToken") else 0
    size = int(query.get("MaxResults") or 10)
    answer: dict[str, Any] = {name: summaries[start : start + size]}
    if start + size < len(summaries):
        answer["NextToken"] = base64.b64encode(str(start + size).encode()).decode()
    return answer


def _check_more(kind: Kind, request: dict[str, Any], account: str, region: str) -> None:
    """What SageMaker's model does not say of requests."""
    if kind is TUNING and (reason := search.refused(request)):
        raise RefusedError("ValidationException", reason)
    if kind is TRANSFORM:
        if reason := transform.refused(request):
            raise RefusedError("ValidationException", reason)
        find_model(request["ModelName"], account, region)


def find_model(name: str, account: str, region: str) -> None:
    """Refuse the name of a model that there is not."""
    from moto.sagemaker.models import sagemaker_backends

    if name not in sagemaker_backends[account][region]._models:
        arn = f"arn:aws:sagemaker:{region}:{account}:model/{name}"
        raise RefusedError("ValidationException", f'Could not find model "{arn}".')


def _not_found(kind: Kind, error: NoSuchJobError) -> RefusedError:
    if kind is TRAINING:
        return RefusedError("ValidationException", "Requested resource not found.")
    return RefusedError("ResourceNotFound", f"Could not find requested job with name: {error}")


def _matches(job: Job, query: dict[str, Any]) -> bool:
    wanted = query.get("StatusEquals")
    moments = {"CreationTime": job.created, "LastModifiedTime": job.modified}
    return (
        (wanted is None or job.status == wanted)
        and (query.get("NameContains") or "") in job.name
        and all(date.timestamp() > query.get(f"{name}After", 0) for name, date in moments.items())
        and all(date.timestamp() < query.get(f"{name}Before", math.inf) for name, date in moments.items())
    )


def _sort_key(kind: Kind, query: dict[str, Any]) -> Callable[[Job], Any]:
    by = query.get("SortBy", "CreationTime")
    return {"Name": lambda job: job.name, "Status": lambda job: job.status}.get(by, lambda job: job.created)


def patches_for(api: JobApi) -> Patches:
    """The replacements that put `api` behind moto's HTTP server."""
    patches = Patches("moto.sagemaker")
    for kind in KINDS:
        _replace_calls(patches, api, kind)
    _add_trials(patches, api)
    _replace_tags(patches, api)
    return patches


def _replace_calls(patches: Patches, api: JobApi, kind: Kind) -> None:
    name = kind.call

    @patches.replaces("responses", f"SageMakerResponse.create_{name}_job", "self")
    def create(self: Any) -> Any:
        job = api.create(kind, json.loads(self.body), self.current_account, self.region)
        return _result({kind.arn_key: job.arn})

    @patches.replaces("responses", f"SageMakerResponse.describe_{name}_job", "self")
    def describe(self: Any) -> Any:
        wanted = self._get_param(kind.name_key)
        job = api.describe(kind, wanted, self.current_account, self.region)
        return _result(job.document())

    @patches.replaces("responses", f"SageMakerResponse.list_{name}_jobs", "self")
    def list_jobs(self: Any) -> Any:
        return _result(api.list(kind, json.loads(self.body), self.current_account, self.region))

    def stop(self: Any) -> Any:
        from moto.core.responses import EmptyResult

        wanted = self._get_param(kind.name_key)
        api.stop(kind, wanted, self.current_account, self.region)
        return EmptyResult()

    if kind is PROCESSING:
        patches.replaces("responses", "SageMakerResponse.stop_processing_job", "self")(stop)
    else:
        patches.adds("responses", f"SageMakerResponse.stop_{name}_job")(stop)


def _add_trials(patches: Patches, api: JobApi) -> None:
    @patches.adds("responses", "SageMakerResponse.list_training_jobs_for_hyper_parameter_tuning_job")
    def list_trials(self: Any) -> Any:
        return _result(api.trials(json.loads(self.body), self.current_account, self.region))


def _replace_tags(patches: Patches, api: JobApi) -> None:
    """ListTags, AddTags and DeleteTags of jobs; those of everything else stay moto's."""
    from moto.sagemaker.responses import SageMakerResponse

    others = {name: getattr(SageMakerResponse, name) for name in ("list_tags", "add_tags", "delete_tags")}

    def _tags(job: Job) -> list[dict[str, str]]:
        return [{"Key": key, "Value": value} for key, value in job.tags.items()]

    @patches.replaces("responses", "SageMakerResponse.list_tags", "self")
    def list_tags(self: Any) -> Any:
        job = api.engine.by_arn(self._get_param("ResourceArn"))
        return others["list_tags"](self) if job is None else _result({"Tags": _tags(job)})

    @patches.replaces("responses", "SageMakerResponse.add_tags", "self")
    def add_tags(self: Any) -> Any:
        job = api.engine.by_arn(self._get_param("ResourceArn"))
        if job is None:
            return others["add_tags"](self)
        job.tags |= {tag["Key"]: tag["Value"] for tag in self._get_param("Tags")}
        return _result({"Tags": _tags(job)})

    @patches.replaces("responses", "SageMakerResponse.delete_tags", "self")
    def delete_tags(self: Any) -> Any:
        job = api.engine.by_arn(self._get_param("ResourceArn"))
        if job is None:
            return others["delete_tags"](self)
        for key in self._get_param("TagKeys"):
            job.tags.pop(key, None)
        return _result({})


def _result(document: dict[str, Any]) -> Any:
    from moto.core.responses import ActionResult

    return ActionResult(document)
