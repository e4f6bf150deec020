"""What operators do to their values before a call, done where the values become known."""

from __future__ import annotations

import io
import json
import tarfile
import uuid
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerModelOperator, SageMakerProcessingOperator
from airflow.sdk import DAG, BaseOperator

from airflow_sfn_ml.asl.refs import Code, Given, Param, Ref
from airflow_sfn_ml.exceptions import CompileError, NotPrepared, UnsupportedTemplate
from airflow_sfn_ml.translators.preparations import (
    INTEGER,
    JSON,
    ROLE,
    Start,
    integers,
    merged_extra,
    named,
    prepare,
    prepared,
    tags,
)
from airflow_sfn_ml.translators.templates import Reading
from airflow_sfn_ml.translators.uploads import UPLOADS, upload
from tests.translators.machines import beside, connected, context, group_of, rendered

MEMBER = "{{ ti.xcom_pull('g.a')['n'] }}"


class Hook:
    """A hook whose IAM knows one role, and which counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def client_of(self, service: str) -> Hook:
        assert service == "iam"
        return self

    def get_role(self, RoleName: str) -> dict[str, Any]:
        self.asked += 1
        return {"Role": {"Arn": f"arn:aws:iam::123456789012:role/service/{RoleName}"}}


def read(value: Any) -> tuple[Any, Reading]:
    reading = Reading("t", {"g.a": "a"}, dag_id="d")
    return reading.read(value), reading


def started(reading: Reading, pointer: str, value: Any, hook: Any = None) -> Any:
    """*value*, rendered for *pointer*, as the start task prepares it."""
    return prepare(value, reading.preparations[pointer], Start(lambda: hook))


def outside() -> Any:
    with DAG("d"):
        return BaseOperator(task_id="outside").output


def test_what_is_written_out_is_prepared_at_parse():
    value, reading = read(prepared({"A": {"n": "3"}, "L": [{"n": "4"}, {"m": 1}]}, *integers(("A", "n"), ("L", "n"))))
    assert value == {"A": {"n": 3}, "L": [{"n": 4}, {"m": 1}]}
    assert reading.params == {}


def test_a_template_is_prepared_when_it_has_been_rendered():
    value, reading = read(prepared({"A": {"n": "{{ params.n }}", "s": "{{ ds }}"}}, *integers(("A", "n"))))
    assert value == {"A": {"n": Param("t", "/A/n"), "s": Param("t", "/A/s")}}
    assert started(reading, "/A/n", "3") == 3
    assert list(reading.preparations) == ["/A/n"]


def test_an_xcom_is_prepared_as_a_whole():
    value, reading = read(prepared(outside(), *integers(("A", "n"), ("L", "n"))))
    assert value == Param("t", "request")
    assert started(reading, "request", {"A": {"n": "3"}, "L": [{"n": "4"}]}) == {"A": {"n": 3}, "L": [{"n": 4}]}
    assert started(reading, "request", {"A": None}) == {"A": None}


def test_what_another_task_makes_is_prepared_by_the_machine():
    value, _ = read({"n": prepared(MEMBER, INTEGER)})
    assert isinstance(value["n"], Code)
    assert value["n"].parts[0] == "$number("
    assert isinstance(value["n"].parts[1], Given)


def test_text_that_is_no_number_stays():
    assert read(prepared("many", INTEGER))[0] == "many"


def test_a_role_that_is_an_arn_stays_and_a_name_is_asked_for_once():
    arn = "arn:aws:iam::123456789012:role/x"
    assert read(prepared({"R": arn}, (("R",), ROLE)))[0] == {"R": arn}
    value, reading = read(prepared({"R": "x"}, (("R",), ROLE)))
    assert value == {"R": Param("t", "/R")}
    hook = Hook()
    start = Start(lambda: hook)
    for _ in range(2):
        assert prepare("x", reading.preparations["/R"], start) == "arn:aws:iam::123456789012:role/service/x"
    assert prepare(arn, reading.preparations["/R"], start) == arn
    assert hook.asked == 1


def test_a_dict_that_needs_the_start_as_a_whole_is_one_parameter():
    step = merged_extra("emr_default")
    value, reading = read({"C": prepared({"Name": "{{ ds }}", "Deep": {"x": "{{ ts }}"}}, step)})
    assert value == {"C": Param("t", "/C")}
    assert list(reading.params) == ["/C"]


def test_a_connections_extra_is_merged_below(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(
        "AIRFLOW_CONN_EMR_X", json.dumps({"conn_type": "emr", "extra": {"Name": "a", "LogUri": "s3://l"}})
    )
    merged = merged_extra("emr_x").do({"Name": "b"}, Start(lambda: None))
    assert merged == {"Name": "b", "LogUri": "s3://l"}


def test_what_is_merged_with_a_connection_cannot_come_from_the_group():
    with pytest.raises(UnsupportedTemplate, match="t: the configuration is merged with a connection at the start"):
        read(prepared({"Name": MEMBER}, merged_extra("emr_default")))


@pytest.mark.parametrize(
    ("given", "made"),
    [({"a": "b"}, [{"Key": "a", "Value": "b"}]), ([{"Key": "a", "Value": "b"}], [{"Key": "a", "Value": "b"}])],
)
def test_tags_become_a_list(given: Any, made: Any):
    assert read(prepared(given, tags()))[0] == made


def test_names_and_json():
    assert read(prepared("census_income " * 9, named(63)))[0] == "census-income-census-income-census-incom"
    assert read(prepared({"a": [1]}, JSON))[0] == '{"a": [1]}'


def test_nothing_stays_nothing():
    assert prepared(None, INTEGER) is None
    assert read({"a": None})[0] == {"a": None}
    assert read(prepared(Ref("a"), ROLE))[0] == Ref("a")


# Uploads


@pytest.fixture
def bucket(local_aws: Any) -> str:
    return f"up-{uuid.uuid4().hex[:8]}"


def operations(bucket: str, folder: Path) -> dict[str, Any]:
    (folder / "src").mkdir()
    (folder / "src" / "train.py").write_text("print(1)")
    (folder / "data.csv").write_text("a,b")
    return {
        "S3CreateBucket": [{"Bucket": bucket}],
        "S3Upload": [
            {"Path": str(folder / "data.csv"), "Bucket": bucket, "Key": "in/data.csv", "Tar": False},
            {"Path": str(folder / "src"), "Bucket": bucket, "Key": "code.tar.gz", "Tar": True},
        ],
    }


def test_uploads_may_be_done_twice(local_aws: Any, bucket: str, tmp_path: Path):
    s3 = local_aws.client("s3")

    class There(Start):
        def client(self, service: str) -> Any:
            return s3

    asked = operations(bucket, tmp_path)
    for _ in range(2):
        upload(asked, There(lambda: None))
    assert s3.get_object(Bucket=bucket, Key="in/data.csv")["Body"].read() == b"a,b"
    with tarfile.open(fileobj=io.BytesIO(s3.get_object(Bucket=bucket, Key="code.tar.gz")["Body"].read())) as tar:
        assert tar.getnames() == ["train.py"]


CONFIG = {
    "ProcessingJobName": "p",
    "RoleArn": "arn:aws:iam::123456789012:role/sagemaker",
    "AppSpecification": {"ImageUri": "image"},
    "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
}


@pytest.mark.parametrize("written", [True, False])
def test_the_start_task_uploads_and_takes_the_operations_out(
    local_aws: Any, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: bool
):
    config = {**CONFIG, "S3Operations": operations(bucket, tmp_path)}
    if written:
        group = group_of(lambda: SageMakerProcessingOperator(task_id="t", config=config))
    else:
        group = beside(lambda made: SageMakerProcessingOperator(task_id="t", config=made))
    with connected(local_aws, monkeypatch):
        values = rendered(group, context({"outside": config}))
    assert "S3Operations" not in json.dumps([group.definition, values])
    assert local_aws.client("s3").get_object(Bucket=bucket, Key="in/data.csv")["Body"].read() == b"a,b"


def test_uploads_that_need_a_task_of_the_group_are_refused():
    def build() -> None:
        first = SageMakerModelOperator(task_id="a", config={"ModelName": "m"})
        asked = {"S3Upload": [{"Path": "x", "Bucket": "{{ ti.xcom_pull('g.a')['b'] }}", "Key": "k", "Tar": False}]}
        second = SageMakerProcessingOperator(task_id="t", config={**CONFIG, "S3Operations": asked})
        first >> second

    with pytest.raises(CompileError, match=r"g\.t: uploads need the result of a task of this group"):
        group_of(build).compiled()


def test_a_config_without_operations_is_left_alone():
    assert UPLOADS.do({"a": 1}, None) == {"a": 1}


def test_what_may_go_well_another_time_is_left_to_the_retries_of_the_start_task(
    local_aws: Any, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked = {"S3Upload": [{"Path": str(tmp_path / "nothing"), "Bucket": bucket, "Key": "k", "Tar": False}]}
    config = {**CONFIG, "S3Operations": asked}
    group = group_of(lambda: SageMakerProcessingOperator(task_id="t", config=config))
    told = r"g\.t: what the operator does before its call failed: .*nothing"
    with connected(local_aws, monkeypatch), pytest.raises(NotPrepared, match=told):
        rendered(group, context())


def test_a_role_that_nobody_knows_is_named(local_aws: Any, monkeypatch: pytest.MonkeyPatch):
    group = group_of(lambda: SageMakerProcessingOperator(task_id="t", config={**CONFIG, "RoleArn": "unknown-role"}))
    with connected(local_aws, monkeypatch), pytest.raises(NotPrepared, match=r"g\.t: .*unknown-role"):
        rendered(group, context())


def test_a_role_is_found_by_its_name(local_aws: Any, monkeypatch: pytest.MonkeyPatch):
    name = f"role-{uuid.uuid4().hex[:6]}"
    made = local_aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}", Path="/service/")
    group = group_of(lambda: SageMakerProcessingOperator(task_id="t", config={**CONFIG, "RoleArn": name}))
    with connected(local_aws, monkeypatch):
        assert rendered(group, context()) == {"t": {"/RoleArn": made["Role"]["Arn"]}}
