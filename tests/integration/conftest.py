"""A real Airflow for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo.stack import AirflowStack

if TYPE_CHECKING:
    from airflow_sfn_ml.local import LocalAws


@pytest.fixture(scope="session")
def airflow_stack(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowStack]:
    """Airflow with the Dags of ``tests/integration/dags``, in front of the embedded AWS (``.aws``)."""
    local_aws.client("s3").create_bucket(Bucket="models")
    home = tmp_path_factory.mktemp("airflow")
    with AirflowStack(home, Path(__file__).with_name("dags"), local_aws) as stack:
        yield stack
