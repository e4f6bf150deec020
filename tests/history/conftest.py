"""What the tests of the history share."""

from __future__ import annotations

import pytest

from tests.history.record import Recorder


@pytest.fixture
def record() -> Recorder:
    """A history that has begun."""
    return Recorder()
