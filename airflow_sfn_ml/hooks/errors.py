"""Which of AWS's errors pass by themselves."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from airflow_sfn_ml.exceptions import AccessDenied

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
