"""boto3 clients of the interpreter: one per service and region, on the server's own port.

moto builds a new client for each call, on a port that it reads from the environment.
"""

from __future__ import annotations

import threading
from typing import Any

from airflow_sfn_ml.local.patching import Patches


class Clients:
    """boto3 clients that call this server; safe to use from many threads."""

    def __init__(self, url: str, credentials: tuple[str, str]) -> None:
        self._url = url
        self._credentials = credentials
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str, region: str) -> Any:
        """The client of `service` in `region`."""
        with self._lock:
            if (service, region) not in self._clients:
                self._clients[service, region] = self._create(service, region)
            return self._clients[service, region]

    def _create(self, service: str, region: str) -> Any:
        import boto3
        from botocore.config import Config
        from botocore.handlers import base64_encode_user_data, handle_copy_source_param

        key, secret = self._credentials
        client: Any = boto3.session.Session().client(
            service,
            region_name=region,
            endpoint_url=self._url,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(
                parameter_validation=False,
                retries={"max_attempts": 0},
                max_pool_connections=100,
                connect_timeout=10,
                read_timeout=600,
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
            ),
        )
        # what boto3 encodes, the SDK of Step Functions sends as it is given
        if service == "s3":
            client.meta.events.unregister("before-parameter-build.s3.CopyObject", handle_copy_source_param)
        if service == "ec2":
            client.meta.events.unregister("before-parameter-build.ec2.RunInstances", base64_encode_user_data)
        return client


def patches_for(clients: Clients) -> Patches:
    """The replacement of moto's factory of clients."""
    patches = Patches("moto.stepfunctions.parser.asl")

    @patches.replaces("utils.boto_client", "boto_client_for", "region", "service", "state_credentials", everywhere=True)
    def boto_client_for(region: str, service: str, state_credentials: Any = None) -> Any:
        return clients(service, region)

    return patches
