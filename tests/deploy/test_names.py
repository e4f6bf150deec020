"""Derived names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_sfn_ml.deploy import execution_name, machine_name
from airflow_sfn_ml.deploy.names import repair_after, repair_arn, repair_machine_name, tag_value

ALLOWED = re.compile(r"[0-9A-Za-z_-]{1,80}")
IDS = st.text(st.sampled_from("ab-_.é"), min_size=1, max_size=4) | st.text(min_size=1, max_size=250)


def test_plain_ids_are_the_name():
    assert machine_name("census_income", "training") == "census_income-training"


def test_ids_that_could_be_mistaken_for_others_get_a_hash():
    assert machine_name("a-b", "c") != machine_name("a", "b-c")
    assert machine_name("a-b", "c").startswith("a-b-c-")


@given(IDS, IDS, IDS, IDS)
def test_two_groups_never_share_a_machine(dag, group, other_dag, other_group):
    name, other = machine_name(dag, group), machine_name(other_dag, other_group)
    assert ALLOWED.fullmatch(name)
    assert (name == other) == ((dag, group) == (other_dag, other_group))


def test_an_execution_s_name_begins_with_the_run():
    name = execution_name("d", "scheduled__2026-01-01T00:00:00+00:00", "g", -1, 0)
    assert re.fullmatch(r"scheduled__2026-01-01T00-00-00-00-00-[0-9a-f]{20}", name)
    assert execution_name("d", "manual", "g", 3, 2).startswith("manual-m3-g2-")


@given(
    st.tuples(IDS, IDS, IDS, st.integers(-1, 20), st.integers(0, 5), st.integers(0, 3)),
    st.tuples(IDS, IDS, IDS, st.integers(-1, 20), st.integers(0, 5), st.integers(0, 3)),
)
def test_two_executions_never_share_a_name(identity, other):
    name = execution_name(*identity)
    assert ALLOWED.fullmatch(name)
    assert name == execution_name(*identity)
    assert (name == execution_name(*other)) == (identity == other)


def test_names_that_differ_only_in_what_is_cut_stay_apart():
    long = "r" * 200
    assert execution_name("d", f"{long}1", "g", -1, 0) != execution_name("d", f"{long}2", "g", -1, 0)
    assert execution_name("d", "a:b", "g", -1, 0) != execution_name("d", "a/b", "g", -1, 0)


@given(IDS, IDS)
def test_a_tag_s_value_fits_and_is_unmistakable(text, other):
    assert len(tag_value(text * 3)) <= 256
    assert (tag_value(text) == tag_value(other)) == (text == other)


@given(IDS, st.integers(1, 400))
def test_repairs_are_found_by_the_execution_that_they_repair(name, number):
    machine = machine_name(name, "g")
    first = f"arn:aws:states:eu-west-1:123456789012:execution:{machine}:{execution_name(name, name, 'g', -1, 0)}"
    arn = repair_arn(first, number)
    assert all(ALLOWED.fullmatch(part) for part in arn.split(":")[-2:])
    assert arn.split(":")[-2] == repair_machine_name(machine) != machine
    assert repair_after(first, first) == repair_arn(first, 1)
    assert repair_after(first, arn) == repair_arn(first, number + 1) != arn


def test_a_foreign_execution_has_no_repair_here():
    with pytest.raises(ValueError, match="is no repair of"):
        repair_after("arn:aws:states:eu-west-1:1:execution:m:a", "arn:aws:states:eu-west-1:1:execution:m:b")
