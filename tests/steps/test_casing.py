"""Names of fields in Step Functions."""

from __future__ import annotations

import pytest

from airflow_sfn_ml.steps import SdkStep
from airflow_sfn_ml.steps.casing import java, pascal, spelling, to_pascal
from airflow_sfn_ml.steps.requests import check_request


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("DBInstanceIdentifier", "DbInstanceIdentifier"),
        ("DBInstances", "DbInstances"),
        ("SSEKMSKeyId", "SsekmsKeyId"),
        ("ACL", "Acl"),
        ("ETag", "ETag"),
        ("TemplateURL", "TemplateURL"),
        ("EnableIAMDatabaseAuthentication", "EnableIAMDatabaseAuthentication"),
        ("MD5OfMessageBody", "Md5OfMessageBody"),
        ("S3BucketName", "S3BucketName"),
        ("applicationId", "ApplicationId"),
        ("Id", "Id"),
        ("x", "X"),
    ],
)
def test_the_sdk_for_java_makes_one_word_of_an_abbreviation_at_the_beginning(name: str, told: str) -> None:
    assert java(name) == told


def test_only_calls_through_the_sdk_are_spelled_like_it():
    assert spelling("aws-sdk:rds:describeDBInstances") is java
    assert spelling("sqs:sendMessage") is pascal


def test_a_request_in_any_spelling_becomes_one_of_the_sdk():
    request = {"DBInstanceIdentifier": "db", "Tags": [{"Key": "DBx", "Value": "v"}], "dbName": "n"}
    assert to_pascal("rds", "createDBInstance", request, java) == {
        "DbInstanceIdentifier": "db",
        "Tags": [{"Key": "DBx", "Value": "v"}],
        "DbName": "n",
    }


def test_a_request_in_the_apis_spelling_is_refused_with_the_sdks():
    found = check_request("rds", "describeDBInstances", {"DBInstanceIdentifier": "x"}, spelled=java)
    assert [problem.message for problem in found] == ["there is no such field, did you mean 'DbInstanceIdentifier'?"]


def test_a_step_of_the_sdk_is_written_in_its_spelling():
    step = SdkStep("look", "rds", "DescribeDBInstances", {"DBInstanceIdentifier": "x"})
    assert step.request_problems() == []
    assert step.to_dict()["Parameters"] == {"DbInstanceIdentifier": "x"}
