"""The S3 operators, on the embedded AWS."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.s3 import (
    S3CopyObjectOperator,
    S3CopyPrefixOperator,
    S3CreateBucketOperator,
    S3CreateObjectOperator,
    S3DeleteBucketOperator,
    S3DeleteBucketTaggingOperator,
    S3DeleteObjectsOperator,
    S3FileTransformOperator,
    S3GetBucketTaggingOperator,
    S3ListOperator,
    S3ListPrefixesOperator,
    S3PutBucketTaggingOperator,
    S3ReadObjectOperator,
)

from airflow_sfn_ml.exceptions import NotPrepared
from tests.translators.machines import context, group_of, member, refusal, rendered, run, states, xcom


@pytest.fixture
def s3(local_aws: Any) -> Any:
    return local_aws.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"b-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name)
    return name


def keys(s3: Any, bucket: str) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def done(aws: Any, build: Any, **values: Any) -> Any:
    view = run(aws, group_of(build), context(**values))
    state = view.state("t")
    assert str(state.status) == "succeeded", (state.error, state.cause, view.error, view.cause)
    return state


def failed(aws: Any, build: Any, **values: Any) -> tuple[str | None, str | None]:
    state = run(aws, group_of(build), context(**values)).state("t")
    assert str(state.status) == "failed"
    return state.error, state.cause


def test_a_bucket_is_created_unless_it_is_there(local_aws: Any, s3: Any):
    name = f"b-{uuid.uuid4().hex[:8]}"
    for _ in range(2):
        done(local_aws, lambda: S3CreateBucketOperator(task_id="t", bucket_name=name))
    assert s3.head_bucket(Bucket=name)


def test_the_bucket_lies_in_the_machines_region():
    found = states(S3CreateBucketOperator, bucket_name="b", bucket_namespace="n")
    assert found["createBucket"]["Arguments"] == (
        "{% $merge([{'Bucket': 'b', 'BucketNamespace': 'n'}, $split($states.context.Execution.Id, ':')[3] = "
        "'us-east-1' ? {} : {'CreateBucketConfiguration': {'LocationConstraint': "
        "$split($states.context.Execution.Id, ':')[3]}}]) %}"
    )


@pytest.mark.parametrize("count", [0, 3])
def test_a_bucket_is_deleted_with_what_is_in_it(local_aws: Any, s3: Any, bucket: str, count: int):
    for number in range(count):
        s3.put_object(Bucket=bucket, Key=f"k{number}", Body=b"")
    done(local_aws, lambda: S3DeleteBucketOperator(task_id="t", bucket_name=bucket, force_delete=True))
    assert bucket not in [item["Name"] for item in s3.list_buckets()["Buckets"]]
    done(local_aws, lambda: S3DeleteBucketOperator(task_id="t", bucket_name=bucket))


def test_tags_of_a_bucket(local_aws: Any, bucket: str):
    def put() -> Any:
        return S3PutBucketTaggingOperator(task_id="t", bucket_name=bucket, key="a", value="b", tag_set={"c": "d"})

    def get() -> Any:
        return S3GetBucketTaggingOperator(task_id="t", bucket_name=bucket)

    assert done(local_aws, put).output in (None, {})
    assert sorted(xcom(local_aws, get), key=str) == [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}]
    done(local_aws, lambda: S3DeleteBucketTaggingOperator(task_id="t", bucket_name=bucket))
    assert failed(local_aws, get)[0] is not None
    assert xcom(local_aws, lambda: S3GetBucketTaggingOperator(task_id="t", bucket_name="b-none")) is None


def test_an_object_is_copied_whatever_its_name(local_aws: Any, s3: Any, bucket: str):
    s3.put_object(Bucket=bucket, Key="2026-01-01/a b+c.txt", Body=b"x")

    def build() -> Any:
        return S3CopyObjectOperator(
            task_id="t",
            source_bucket_key=f"s3://{bucket}/{{{{ ds }}}}/a b+c.txt",
            dest_bucket_name=bucket,
            dest_bucket_key="copied",
        )

    done(local_aws, build, ds="2026-01-01")
    assert s3.get_object(Bucket=bucket, Key="copied")["Body"].read() == b"x"


def test_what_a_copy_is_asked_for():
    state = member(
        S3CopyObjectOperator,
        source_bucket_key="a b",
        source_bucket_name="one",
        source_version_id="v",
        dest_bucket_key="s3://two/c",
        meta_data_directive="COPY",
        kms_key_id="k",
        kms_encryption_type="aws:kms",
    )
    assert state["Arguments"] == {
        "Bucket": "two",
        "Key": "c",
        "CopySource": "one/a%20b?versionId=v",
        "Acl": "private",
        "MetadataDirective": "COPY",
        "SsekmsKeyId": "k",
        "ServerSideEncryption": "aws:kms",
    }
    plain = {"source_bucket_key": "s3://a/b", "dest_bucket_key": "s3://c/d"}
    assert "Acl" not in member(S3CopyObjectOperator, acl_policy="no-acl", **plain)["Arguments"]
    assert "kms_key_id and kms_encryption_type must be given together" in refusal(
        S3CopyObjectOperator, kms_key_id="k", **plain
    )


def test_everything_below_a_prefix_is_copied(local_aws: Any, s3: Any, bucket: str):
    for name in ("in/1", "in/2/3", "other"):
        s3.put_object(Bucket=bucket, Key=name, Body=name.encode())

    def build() -> Any:
        return S3CopyPrefixOperator(
            task_id="t",
            source_bucket_prefix=f"s3://{bucket}/in/",
            dest_bucket_prefix=f"s3://{bucket}/{{{{ ds }}}}/",
        )

    done(local_aws, build, ds="d")
    assert keys(s3, bucket) == ["d/1", "d/2/3", "in/1", "in/2/3", "other"]
    assert s3.get_object(Bucket=bucket, Key="d/2/3")["Body"].read() == b"in/2/3"


def test_copies_that_fail_are_counted_if_the_others_go_on(local_aws: Any, s3: Any, bucket: str):
    s3.put_object(Bucket=bucket, Key="in/1", Body=b"")

    def build() -> Any:
        return S3CopyPrefixOperator(
            task_id="t",
            source_bucket_prefix=f"s3://{bucket}/in/",
            dest_bucket_prefix="s3://b-none/",
            continue_on_failure=True,
        )

    assert failed(local_aws, build) == ("JobFailed", "failed to copy 1 object(s)")


def test_json_is_written(local_aws: Any, s3: Any, bucket: str):
    def build(**more: Any) -> Any:
        return S3CreateObjectOperator(task_id="t", s3_key=f"s3://{bucket}/k", **more)

    done(local_aws, lambda: build(data='{"a": [1, "{{ ds }}"]}'), ds="d")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b'{"a":[1,"d"]}'
    assert failed(local_aws, lambda: build(data="{}")) == ("JobFailed", "The key k already exists.")
    done(local_aws, lambda: build(data=b"[]", replace=True, encrypt=True, acl_policy="private"))
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"[]"


def test_text_that_is_no_json_is_refused_at_parse_or_at_the_start():
    told = "data must be JSON: what else a state machine writes to S3 it writes as a JSON string, in quotes"
    assert told in refusal(S3CreateObjectOperator, s3_key="s3://b/k", data="hello")
    group = group_of(lambda: S3CreateObjectOperator(task_id="t", s3_key="s3://b/k", data="{{ ds }}, hello"))
    with pytest.raises(NotPrepared) as caught:
        rendered(group, context(ds="d"))
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"data": b"\xff"}, "data is binary, which JSON cannot hold"),
        ({"data": "1", "compression": "gzip"}, "compression (a state machine cannot compress)"),
        ({"data": "1", "encoding": "latin-1"}, "encoding='latin-1' (a state machine writes UTF-8)"),
    ],
)
def test_what_cannot_be_written_is_told(arguments: dict[str, Any], told: str):
    assert told in refusal(S3CreateObjectOperator, s3_key="s3://b/k", **arguments)


def test_an_object_is_read(local_aws: Any, s3: Any, bucket: str):
    s3.put_object(Bucket=bucket, Key="k", Body='{"a": "ä"}'.encode())
    assert xcom(local_aws, lambda: S3ReadObjectOperator(task_id="t", s3_key="k", s3_bucket=bucket)) == '{"a": "ä"}'


def test_keys_and_prefixes_are_listed_on_every_page(local_aws: Any, s3: Any, bucket: str):
    assert xcom(local_aws, lambda: S3ListOperator(task_id="t", bucket=bucket)) == []
    names = [f"d{number % 3}/{number:04}" for number in range(1002)]
    for name in names:
        s3.put_object(Bucket=bucket, Key=name, Body=b"")
    assert xcom(local_aws, lambda: S3ListOperator(task_id="t", bucket=bucket)) == sorted(names)
    one = xcom(local_aws, lambda: S3ListOperator(task_id="t", bucket=bucket, prefix="{{ ds }}"), context(ds="d1/0001"))
    assert one == ["d1/0001"]
    wild = xcom(local_aws, lambda: S3ListOperator(task_id="t", bucket=bucket, prefix="d1/*99?", apply_wildcard=True))
    assert wild == [name for name in sorted(names) if name.startswith("d1/099")]
    assert xcom(local_aws, lambda: S3ListPrefixesOperator(task_id="t", bucket=bucket, prefix="", delimiter="/")) == [
        "d0/",
        "d1/",
        "d2/",
    ]


def test_objects_are_deleted_by_key(local_aws: Any, s3: Any, bucket: str):
    names = [f"{number:04}" for number in range(1003)]
    for name in names:
        s3.put_object(Bucket=bucket, Key=name, Body=b"")
    done(local_aws, lambda: S3DeleteObjectsOperator(task_id="t", bucket=bucket, keys=names[:1001]))
    assert keys(s3, bucket) == names[1001:]
    done(local_aws, lambda: S3DeleteObjectsOperator(task_id="t", bucket=bucket, keys="{{ ds }}"), ds=names[1001])
    assert keys(s3, bucket) == names[1002:]
    assert member(S3DeleteObjectsOperator, bucket="b", keys=[])["Type"] == "Pass"


def test_objects_are_deleted_by_prefix_and_time(local_aws: Any, s3: Any, bucket: str):
    for name in ("a1", "a2", "b"):
        s3.put_object(Bucket=bucket, Key=name, Body=b"")
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

    def build(**more: Any) -> Any:
        return S3DeleteObjectsOperator(task_id="t", bucket=bucket, **more)

    done(local_aws, lambda: build(prefix="a", from_datetime="{{ later }}"), later=later)
    assert keys(s3, bucket) == ["a1", "a2", "b"]
    done(local_aws, lambda: build(prefix="a", to_datetime=later))
    assert keys(s3, bucket) == ["b"]
    done(local_aws, lambda: build(prefix="none"))


def test_a_transformation_on_the_worker_is_refused():
    told = refusal(
        S3FileTransformOperator, source_s3_key="s3://a/b", dest_s3_key="s3://c/d", transform_script="/bin/cp"
    )
    assert "it runs a script on an Airflow worker" in told
