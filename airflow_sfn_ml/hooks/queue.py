"""The queue that tells of events: an SQS queue that EventBridge fills, and several triggerers read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.config import Config

from airflow_sfn_ml.deploy.errors import translated

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

MOST = 10
"""The most messages of one call."""
HIDDEN = 30
"""Seconds after which a message comes back that was neither deleted nor released: who took it is gone."""


@dataclass(frozen=True)
class Message:
    """A message.

    :param handle: stands for this receipt of it.
    :param received: how often it was received, by anyone, this time included.
    :param sent: when it was put into the queue, in seconds since 1970; None where that is not told.
    """

    id: str
    handle: str
    body: str
    received: int
    sent: float | None


class Queue:
    """The calls that reading a queue takes, one of AWS each."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url
        self.place = place_of(url)

    def receive(self, seconds: int) -> tuple[Message, ...]:
        """Up to ten messages; waits for the first one for so many seconds."""
        with translated(self._client, "sqs:ReceiveMessage", self._url):
            told = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=MOST,
                WaitTimeSeconds=seconds,
                VisibilityTimeout=HIDDEN,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            )
        return tuple(map(_message, told.get("Messages", ())))

    def release(self, messages: Sequence[Message], seconds: int) -> None:
        """Let *messages* be received again in so many seconds, here or elsewhere."""
        entries = [
            {"Id": str(number), "ReceiptHandle": message.handle, "VisibilityTimeout": seconds}
            for number, message in enumerate(messages)
        ]
        with translated(self._client, "sqs:ChangeMessageVisibility", self._url):
            self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    def delete(self, messages: Sequence[Message]) -> None:
        """Take *messages* out of the queue for good."""
        entries = [{"Id": str(number), "ReceiptHandle": message.handle} for number, message in enumerate(messages)]
        with translated(self._client, "sqs:DeleteMessage", self._url):
            self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)


def queue_of(hook: StepFunctionsHook, url: str) -> Queue:
    """The queue at *url*, with the connection of *hook*."""
    region = place_of(url)[0] or hook.region_name
    config = (hook.config or Config()).merge(Config(read_timeout=60))  # longer than any long poll
    client = hook.get_session(region_name=region).client(
        "sqs",
        endpoint_url=hook.conn_config.get_service_endpoint_url("sqs"),
        config=config,
        verify=hook.verify,
    )
    return Queue(client, url)


def place_of(url: str) -> tuple[str | None, str | None]:
    """Region and account of the queue at *url*, where it tells them."""
    parts = urlsplit(url)
    host = re.match(r"(?:sqs\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.", parts.hostname or "")
    account = re.match(r"/(\d{12})/", parts.path)
    return (host.group(1) or host.group(2)) if host else None, account.group(1) if account else None


def _message(told: dict[str, Any]) -> Message:
    attributes = told.get("Attributes", {})
    sent = attributes.get("SentTimestamp")
    return Message(
        id=told["MessageId"],
        handle=told["ReceiptHandle"],
        body=told.get("Body", ""),
        received=int(attributes.get("ApproximateReceiveCount", 1)),
        sent=int(sent) / 1000 if sent is not None else None,
    )
