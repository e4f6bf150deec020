"""Comprehend: detection of personal data, document classifiers."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.asl.refs import Code
from airflow_sfn_ml.translators.phrases import merged
from airflow_sfn_ml.translators.table import Call, Row, Until, add, attr

_MODULE = "airflow.providers.amazon.aws.operators.comprehend"
_DETECTED = "$p_seen.PiiEntitiesDetectionJobProperties"
_TRAINED = "$p_seen.DocumentClassifierProperties"


def _detection(operator: Any) -> Any:
    """Further fields, with the name that the operator makes up where there is none."""
    named = Code(("'start_pii_entities_detection_job-' & $string($floor($millis() / 1000))",))
    return merged({"JobName": named}, operator.start_pii_entities_kwargs)


def _classifier(operator: Any) -> Any:
    output = {"OutputDataConfig": operator.output_data_config} if operator.output_data_config else {}
    return merged(operator.document_classifier_kwargs, output)


def _classified(operator: Any) -> Any:
    if not operator.fail_on_warnings or not (operator.deferrable or operator.wait_for_completion):
        return Code(("$p_arn",))
    return Code((f"{_TRAINED}.Status = 'TRAINED_WITH_WARNING' ? $error('trained with warnings') : $p_arn",))


add(
    Row(
        f"{_MODULE}.ComprehendStartPiiEntitiesDetectionJobOperator",
        calls=(
            Call(
                "aws-sdk:comprehend:startPiiEntitiesDetectionJob",
                {
                    "InputDataConfig": attr("input_data_config", empty=True),
                    "OutputDataConfig": attr("output_data_config", empty=True),
                    "Mode": attr("mode"),
                    "DataAccessRoleArn": attr("data_access_role_arn"),
                    "LanguageCode": attr("language_code"),
                },
                more=_detection,
                keep={"p_id": "$states.result.JobId"},
            ),
        ),
        until=Until(
            Call("aws-sdk:comprehend:describePiiEntitiesDetectionJob", {"JobId": Code(("$p_id",))}),
            status=f"{_DETECTED}.JobStatus",
            done=("COMPLETED",),
            failed=("FAILED", "STOP_REQUESTED", "STOPPED"),
            reason=f"{_DETECTED}.Message",
            every="waiter_delay",
            attempts="waiter_max_attempts",
        ),
        output="$p_id",
        xcom="the job's id",
    ),
    Row(
        f"{_MODULE}.ComprehendCreateDocumentClassifierOperator",
        calls=(
            Call(
                "aws-sdk:comprehend:createDocumentClassifier",
                {
                    "DocumentClassifierName": attr("document_classifier_name"),
                    "InputDataConfig": attr("input_data_config", empty=True),
                    "Mode": attr("mode"),
                    "DataAccessRoleArn": attr("data_access_role_arn"),
                    "LanguageCode": attr("language_code"),
                },
                more=_classifier,
                keep={"p_arn": "$states.result.DocumentClassifierArn"},
            ),
        ),
        until=Until(
            Call("aws-sdk:comprehend:describeDocumentClassifier", {"DocumentClassifierArn": Code(("$p_arn",))}),
            status=f"{_TRAINED}.Status",
            done=("TRAINED", "TRAINED_WITH_WARNING"),
            failed=("DELETING", "STOP_REQUESTED", "STOPPED", "IN_ERROR"),
            reason=f"{_TRAINED}.Message",
            every="waiter_delay",
            attempts="waiter_max_attempts",
        ),
        output=_classified,
        xcom="the classifier's ARN",
    ),
)
