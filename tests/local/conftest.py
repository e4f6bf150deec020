"""The account that the tests of the embedded AWS work in."""

from __future__ import annotations

import pytest

from airflow_sfn_ml.local import LocalAws
from tests.local.machines import Account


@pytest.fixture(scope="session")
def account(local_aws: LocalAws) -> Account:
    return Account(local_aws)
