"""AWS's errors, mapped once: what was asked, what was refused, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError

from airflow_sfn_ml.exceptions import AccessDenied, DeployError

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
THROTTLED = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"})


@contextmanager
def translated(action: str, resource: str) -> Iterator[None]:
    """Turn what boto3 raises into this package's errors where a person can do something about it.

    :raises AccessDenied: the credentials lack *action* on *resource*.
    :raises DeployError: AWS cannot be reached, or there are no credentials.
    """
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] in DENIED:
            raise AccessDenied(
                f"the credentials of the Airflow connection lack {action} on {resource}: "
                f"{error.response['Error']['Message']}"
            ) from error
        raise
    except NoCredentialsError as error:
        raise DeployError(
            f"no AWS credentials for {action}: set them in the Airflow connection (aws_conn_id)"
        ) from error
    except EndpointConnectionError as error:
        raise DeployError(
            f"{action}: {error}. Is the endpoint of the Airflow connection right, and reachable?"
        ) from error


def is_passing(error: BaseException) -> bool:
    """Whether the same call may well succeed later: throttling, a broken connection, a fault on AWS's side."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return error.response["Error"]["Code"] in THROTTLED or status >= 500
    if isinstance(error, DeployError):
        return isinstance(error.__cause__, EndpointConnectionError)
    return isinstance(error, (BotoCoreError, ConnectionError, TimeoutError))
