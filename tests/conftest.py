"""What several kinds of tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow_sfn_ml.local import LocalAws
    from demo.stack import AirflowStack


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """The embedded AWS, one for the whole run; take names that no other test takes."""
    from airflow_sfn_ml.local import LocalAws

    with LocalAws(images={"any-*": "python3"}, grace_seconds=2) as aws:
        yield aws


@pytest.fixture(scope="session")
def airflow_stack(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowStack]:
    """A real Airflow with the Dags of ``tests/integration/dags``, in front of the embedded AWS (``.aws``)."""
    from demo.stack import AirflowStack

    local_aws.client("s3").create_bucket(Bucket="models")
    dags = Path(__file__).parent / "integration" / "dags"
    with AirflowStack(tmp_path_factory.mktemp("airflow"), dags, local_aws) as stack:
        yield stack
