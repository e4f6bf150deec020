"""Which of AWS's errors pass by themselves."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from airflow_sfn_ml.exceptions import AccessDenied

log = logging.getLogger(__name__)

Result = TypeVar("Result")
PATIENCE = 600.0
"""How long a worker calls again, in seconds."""
FIRST, LONGEST = 1.0, 30.0
"""The first and the longest pause between two of its calls, in seconds."""
THROTTLED = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"})


def is_passing(error: BaseException) -> bool:
    """Whether the same call may well succeed later: throttling, a broken connection, a fault on AWS's side."""
    if isinstance(error, AccessDenied):
        return False
    cause = error.__cause__ or error
    if isinstance(cause, ClientError):
        status = cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return cause.response["Error"]["Code"] in THROTTLED or status >= 500
    if isinstance(cause, NoCredentialsError):
        return False
    return isinstance(cause, (BotoCoreError, ConnectionError, TimeoutError))


def insist(function: Callable[[], Result]) -> Result:
    """What *function* gives, called again after a pause while it fails with what passes by itself."""
    end, pause = time.monotonic() + PATIENCE, FIRST
    while True:
        try:
            return function()
        except Exception as error:
            if not is_passing(error) or time.monotonic() > end:
                raise
            log.warning("Trying again in %.0f s: %s", pause, error)
        time.sleep(pause * random.uniform(0.8, 1.2))
        pause = min(LONGEST, 2 * pause)
