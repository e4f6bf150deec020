"""Comprehend in a group."""

from __future__ import annotations

from airflow.providers.amazon.aws.operators.comprehend import (
    ComprehendCreateDocumentClassifierOperator,
    ComprehendStartPiiEntitiesDetectionJobOperator,
)

from tests.translators.machines import beside, checked, context, rendered, states

ROLE = "arn:aws:iam::123456789012:role/comprehend"
DETECTION = {
    "input_data_config": {"S3Uri": "s3://bucket/in"},
    "output_data_config": {"S3Uri": "s3://bucket/out"},
    "mode": "ONLY_OFFSETS",
    "data_access_role_arn": ROLE,
    "language_code": "en",
}
CLASSIFIER = {
    "document_classifier_name": "n",
    "input_data_config": {"S3Uri": "s3://bucket/in"},
    "mode": "MULTI_CLASS",
    "data_access_role_arn": ROLE,
    "language_code": "en",
}


def test_a_detection_has_a_name_and_is_waited_for():
    found = states(ComprehendStartPiiEntitiesDetectionJobOperator, **DETECTION, waiter_delay=5)
    arguments = found["startPiiEntitiesDetectionJob"]["Arguments"]
    assert arguments["JobName"].startswith("{% 'start_pii_entities_detection_job-' & $string(")
    assert arguments["InputDataConfig"] == {"S3Uri": "s3://bucket/in"}
    assert "JobStatus in ['FAILED', 'STOP_REQUESTED', 'STOPPED']" in found["judge"]["Choices"][1]["Condition"]
    assert found["done"]["Output"] == "{% $p_id %}"
    named = states(
        ComprehendStartPiiEntitiesDetectionJobOperator, **DETECTION, start_pii_entities_kwargs={"JobName": "own"}
    )
    assert named["startPiiEntitiesDetectionJob"]["Arguments"]["JobName"] == "own"


def test_what_is_detected_in_may_be_an_xcom_of_an_outside_task():
    given = {key: value for key, value in DETECTION.items() if key != "input_data_config"}
    group = beside(
        lambda outside: ComprehendStartPiiEntitiesDetectionJobOperator(task_id="t", input_data_config=outside, **given)
    )
    checked(group)
    told = rendered(group, context({"outside": {"S3Uri": "s3://bucket/in"}}))
    assert list(told["t"].values()) == [{"S3Uri": "s3://bucket/in"}]


def test_a_classifier_may_fail_on_warnings():
    output = {"S3Uri": "s3://bucket/out"}
    found = states(
        ComprehendCreateDocumentClassifierOperator, **CLASSIFIER, output_data_config=output, fail_on_warnings=True
    )
    assert found["createDocumentClassifier"]["Arguments"]["OutputDataConfig"] == output
    assert "TRAINED_WITH_WARNING' ? $error('trained with warnings') : $p_arn" in found["done"]["Output"]
    calm = states(ComprehendCreateDocumentClassifierOperator, **CLASSIFIER, deferrable=True)
    assert calm["done"]["Output"] == "{% $p_arn %}"
