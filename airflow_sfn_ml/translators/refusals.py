"""Operators that no translator can ever take, each with its reason and what to do instead.

What only nobody has written a translator for yet is not here: anybody may register one.
"""

from __future__ import annotations

from typing import Any

_AMAZON = "airflow.providers.amazon.aws"
_STANDARD = "airflow.providers.standard"
_OUT = "move the task before or after the group"
_LAMBDA = f"put the code into a Lambda function, a container of Batch or ECS or a processing job, or {_OUT}"
_NOTEBOOK = (
    "it drives SageMaker Unified Studio with a client library of its own on the worker; "
    f"run the notebook as a processing job, or {_OUT}"
)

REFUSED = {
    f"{_STANDARD}.operators.python": f"it runs Python on an Airflow worker; {_LAMBDA}",
    f"{_STANDARD}.decorators": f"it runs Python on an Airflow worker; {_LAMBDA}",
    "airflow.sdk.bases.decorator": f"it runs Python on an Airflow worker; {_LAMBDA}",
    f"{_STANDARD}.operators.bash": f"it runs a shell on an Airflow worker; {_LAMBDA}",
    f"{_STANDARD}.operators.branch": (
        "it decides in Python on an Airflow worker which tasks run; decide with ChoiceStep or "
        f"SageMakerConditionOperator over the outputs of tasks, or {_OUT}"
    ),
    f"{_STANDARD}.operators.datetime": f"it decides by the clock of an Airflow worker which tasks run; {_OUT}",
    f"{_STANDARD}.operators.weekday": f"it decides by the clock of an Airflow worker which tasks run; {_OUT}",
    f"{_STANDARD}.sensors.weekday": f"it asks an Airflow worker which day it is; {_OUT}",
    f"{_STANDARD}.operators.trigger_dagrun": f"it starts a Dag run in Airflow; {_OUT}",
    f"{_STANDARD}.operators.latest_only": f"it asks Airflow about the Dag's other runs; {_OUT}",
    f"{_STANDARD}.operators.smooth": f"it only writes into the worker's log; {_OUT}",
    f"{_STANDARD}.operators.hitl": f"a person answers it in Airflow; {_OUT}",
    f"{_STANDARD}.sensors.external_task": f"it asks Airflow about other Dags; {_OUT}",
    f"{_STANDARD}.sensors.filesystem": f"it looks at files of an Airflow worker; {_OUT}",
    f"{_STANDARD}.sensors.bash": f"it runs a shell on an Airflow worker; {_LAMBDA}",
    f"{_STANDARD}.sensors.python": f"it runs Python on an Airflow worker; {_LAMBDA}",
    f"{_AMAZON}.transfers": (
        f"the data passes through the Airflow worker; {_OUT}, or let a Glue job, DataSync, or COPY and UNLOAD by "
        "RedshiftDataOperator move it"
    ),
    f"{_AMAZON}.operators.eks.EksPodOperator": (
        "Airflow makes the pod, with a kubeconfig of its worker and all that KubernetesPodOperator can do; run a Job "
        f"with EksRunJobStep, a task of Batch or ECS, or {_OUT}"
    ),
    f"{_AMAZON}.operators.emr.EmrServerlessGetSessionEndpointOperator": (
        f"it gives a token, which would stand in the execution's history for everyone who may read it; {_OUT}"
    ),
    f"{_AMAZON}.operators.bedrock.BedrockInvokeAgentRuntimeOperator": (
        f"its answer is a stream, which Step Functions does not read; call it from a Lambda function, or {_OUT}"
    ),
    f"{_AMAZON}.operators.appflow.AppflowRecordsShortCircuitOperator": (
        "it skips all that comes after it, whatever its trigger rules; read the records of the flow with SdkStep and "
        "decide with ChoiceStep"
    ),
    f"{_AMAZON}.operators.s3.S3FileTransformOperator": (
        f"it runs a script on an Airflow worker, over files there; make it a processing job, or {_OUT}"
    ),
    f"{_AMAZON}.operators.sagemaker_unified_studio": _NOTEBOOK,
    f"{_AMAZON}.operators.sagemaker_unified_studio_notebook": _NOTEBOOK,
    f"{_AMAZON}.sensors.sagemaker_unified_studio": _NOTEBOOK,
    f"{_AMAZON}.sensors.sagemaker_unified_studio_notebook": _NOTEBOOK,
    f"{_AMAZON}.operators.ses": (
        f"it puts an e-mail together on the worker, with files there; publish to SNS with SnsPublishOperator, or {_OUT}"
    ),
    f"{_AMAZON}.operators.mwaa": (
        f"it calls Airflow's own API with a token that is made on the worker; {_OUT}, or start the Dag from a Lambda "
        "function"
    ),
    f"{_AMAZON}.sensors.mwaa": f"it calls Airflow's own API with a token that is made on the worker; {_OUT}",
    "airflow.providers.cncf.kubernetes": (
        f"Airflow makes the pod; run a Job with EksRunJobStep, a task of Batch or ECS, or {_OUT}"
    ),
    "airflow.providers.docker": f"it runs a container beside the Airflow worker; run it with Batch or ECS, or {_OUT}",
    "airflow.providers.ssh": f"the Airflow worker connects to the host; run the command with SSM, or {_OUT}",
    "airflow.providers.http": (
        f"the Airflow worker makes the request; make it with HttpInvokeStep, which a state machine can, or {_OUT}"
    ),
    "airflow.providers.common.sql": (
        "the Airflow worker talks to the database; use AthenaOperator, RedshiftDataOperator or a Lambda function, or "
        f"{_OUT}"
    ),
    "airflow.providers.smtp": f"the Airflow worker sends the e-mail; publish to SNS with SnsPublishOperator, or {_OUT}",
}
"""By the path of a class, or of a module or package for all in it; the longest that fits counts."""


def refusal(cls: type[Any]) -> str | None:
    """Why *cls* can never run in a state machine, if that is known; of its parents the nearest that is here counts."""
    for parent in cls.__mro__:
        path = f"{parent.__module__}.{parent.__qualname__}"
        found = [key for key in REFUSED if f"{path}.".startswith(f"{key}.")]
        if found:
            return REFUSED[max(found, key=len)]
    return None
