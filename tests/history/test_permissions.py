"""Which permission is missing, as AWS words it in its documentation and in errors that people post."""

from __future__ import annotations

import pytest

from airflow_sfn_ml.history.permissions import missing_permissions

CASES = {
    "User: arn:aws:sts::123456789012:assumed-role/fit/SageMaker is not authorized to perform: s3:GetObject on "
    'resource: "arn:aws:s3:::data/x.csv" because no identity-based policy allows the s3:GetObject action': (
        "the role fit lacks s3:GetObject on arn:aws:s3:::data/x.csv"
    ),
    "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: iam:PassRole on resource: "
    "arn:aws:iam::123456789012:role/fit.": "the user ann lacks iam:PassRole on arn:aws:iam::123456789012:role/fit",
    "'arn:aws:iam::123456789012:role/service-role/states' is not authorized to create managed-rule.": (
        "the role states lacks events:PutRule"
    ),
    'Could not assume role. Please ensure that the role "arn:aws:iam::123456789012:role/fit" exists and that its trust '
    'relationship policy allows the action "sts:AssumeRole" for the service principal "sagemaker.amazonaws.com".': (
        "the trust policy of the role fit lacks sts:AssumeRole on behalf of sagemaker.amazonaws.com"
    ),
    "ValidationException: no such bucket": None,
}


@pytest.mark.parametrize("text", CASES, ids=range(len(CASES)))
def test_what_is_missing_is_named_with_who_lacks_it(text):
    assert [str(missing) for missing in missing_permissions(text)] == ([CASES[text]] if CASES[text] else [])


def test_what_is_said_twice_is_told_once():
    text = next(iter(CASES))
    assert len(missing_permissions(f"{text}\n{text}")) == 1
