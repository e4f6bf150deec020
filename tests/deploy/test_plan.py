"""Deciding what makes AWS match."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_sfn_ml import asl
from airflow_sfn_ml.deploy import Actual, Machine, Version, plan
from airflow_sfn_ml.deploy.plan import DAG_TAG, GROUP_TAG
from airflow_sfn_ml.exceptions import DeployError, NotOwned

ROLE = "arn:aws:iam::123456789012:role/sfn"
ARN = "arn:aws:states:eu-west-1:123456789012:stateMachine:census-training"
ONE = {"StartAt": "a", "States": {"a": {"Type": "Succeed"}}}
TWO = {"StartAt": "b", "States": {"b": {"Type": "Succeed"}}}


def machine(definition=ONE, role=ROLE, **kwargs):
    return Machine.of_group("census", "training", definition, role, **kwargs)


def actual(of, *versions):
    """AWS has the machine *of*, published as *versions*, newest first."""
    published = tuple(Version(f"{ARN}:{len(versions) - n}", version.description) for n, version in enumerate(versions))
    return Actual(ARN, of.digest, of.role_arn, of.tags, published)


def test_what_does_not_exist_is_created():
    decided = plan(machine(), None)
    assert (decided.action, decided.version_arn) == ("create", None)
    assert decided.tags == {DAG_TAG: "census", GROUP_TAG: "training"}


def test_the_same_definition_and_role_change_nothing():
    decided = plan(machine(), actual(machine(), machine()))
    assert (decided.action, decided.version_arn, decided.changes) == ("unchanged", f"{ARN}:1", ())


def test_another_definition_is_an_update_that_says_what_differs():
    decided = plan(machine(TWO), actual(machine(), machine()))
    assert (decided.action, decided.version_arn) == ("update", None)
    assert decided.changes == (f"definition: {asl.digest(ONE)} -> {asl.digest(TWO)}",)
    assert str(decided).startswith("update\n  definition: sha256:")


def test_another_role_needs_another_version():
    other = "arn:aws:iam::123456789012:role/other"
    decided = plan(machine(role=other), actual(machine(), machine()))
    assert (decided.action, decided.version_arn) == ("update", None)
    assert decided.changes == (f"role: {ROLE} -> {other}",)


def test_an_older_version_with_the_definition_is_used_again():
    decided = plan(machine(), actual(machine(TWO), machine(TWO), machine()))
    assert (decided.action, decided.version_arn) == ("unchanged", f"{ARN}:1")


def test_a_machine_without_a_version_gets_one():
    decided = plan(machine(), actual(machine()))
    assert (decided.action, decided.version_arn) == ("update", None)
    assert decided.changes == ("version: none has this definition and role",)


def test_other_tags_are_set_without_another_version():
    decided = plan(machine(tags={"team": "ml"}), actual(machine(), machine()))
    assert (decided.action, decided.version_arn, decided.tags) == ("update", f"{ARN}:1", {"team": "ml"})
    assert decided.changes == ("tag team: none -> ml",)


def test_tags_that_others_set_are_left_alone():
    have = actual(machine(), machine())
    assert plan(machine(), replace(have, tags={**have.tags, "cost": "7"})).action == "unchanged"


@pytest.mark.parametrize(
    "tags", [{}, {DAG_TAG: "census"}, {DAG_TAG: "other", GROUP_TAG: "training"}, {"airflow": "census"}]
)
def test_a_machine_of_someone_else_is_refused_with_the_way_to_adopt_it(tags):
    with pytest.raises(NotOwned, match="tag-resource") as caught:
        plan(machine(), replace(actual(machine(), machine()), tags=tags))
    assert f"key={DAG_TAG},value='census' key={GROUP_TAG},value='training'" in str(caught.value)
    assert ARN in str(caught.value)


def test_a_machine_of_another_type_is_refused():
    with pytest.raises(DeployError, match="EXPRESS"):
        plan(machine(), replace(actual(machine(), machine()), type="EXPRESS"))


def test_a_machine_that_nobody_would_own_is_refused():
    with pytest.raises(DeployError, match="whose it is"):
        plan(replace(machine(), tags={}), actual(machine(), machine()))


def test_the_owner_s_tags_cannot_be_overridden():
    assert machine(tags={DAG_TAG: "x"}).owner == {DAG_TAG: "census", GROUP_TAG: "training"}


def test_a_description_begins_with_the_digest_and_fits():
    long = Machine.of_group("d" * 250, "g" * 250, ONE, ROLE)
    assert long.description.startswith(f"{asl.digest(ONE)} role=")
    assert len(long.description) == 256
    assert len(long.name) == 80
    assert all(len(value) <= 256 for value in long.tags.values())
