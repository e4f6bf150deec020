"""What several kinds of tests share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from airflow_sfn_ml.local import LocalAws


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """The embedded AWS, one for the whole run; take names that no other test takes."""
    from airflow_sfn_ml.local import LocalAws

    with LocalAws(images={"any-*": "python3"}, grace_seconds=2) as aws:
        yield aws
