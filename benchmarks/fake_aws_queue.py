"""A queue of the fake AWS's SQS, with long polls and visibility; any queue URL leads to it."""

from __future__ import annotations

import asyncio
import hashlib
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

VISIBILITY = 30.0
MOST = 10
"""How many messages a call of ReceiveMessage returns at most, as on AWS."""


@dataclass
class Message:
    """A message, and when it may be received again."""

    body: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    sent: float = field(default_factory=time.time)
    visible: float = 0.0
    received: int = 0


class Queue:
    """One queue."""

    def __init__(self) -> None:
        self._messages: dict[str, Message] = {}
        self._arrived = asyncio.Event()

    def send(self, body: str) -> None:
        """Put a message into the queue."""
        message = Message(body)
        self._messages[message.id] = message
        self._arrived.set()

    async def receive(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer ReceiveMessage; waits as long as it is asked to when there is nothing."""
        deadline = time.monotonic() + float(request.get("WaitTimeSeconds", 0))
        while True:
            self._arrived.clear()
            if found := self._take(request):
                return {"Messages": found}
            left = deadline - time.monotonic()
            if left <= 0:
                return {}
            try:
                # looks again now and then: a message may become visible that nobody sends
                await asyncio.wait_for(self._arrived.wait(), min(left, 0.5))
            except TimeoutError:
                continue

    def delete(self, handle: str) -> None:
        """Forget a message."""
        self._messages.pop(handle, None)

    def hide(self, handle: str, seconds: float) -> None:
        """Let a message be received again in *seconds*, after those that are there."""
        message = self._messages.pop(handle, None)
        if message is not None:
            message.visible = time.monotonic() + seconds
            self._messages[handle] = message
            self._arrived.set()

    def attributes(self) -> dict[str, str]:
        """What GetQueueAttributes tells."""
        now = time.monotonic()
        waiting = sum(message.visible <= now for message in self._messages.values())
        hidden = len(self._messages) - waiting
        return {
            "ApproximateNumberOfMessages": str(waiting),
            "ApproximateNumberOfMessagesNotVisible": str(hidden),
            "VisibilityTimeout": str(int(VISIBILITY)),
        }

    def _take(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        now = time.monotonic()
        most = min(int(request.get("MaxNumberOfMessages", 1)), MOST)
        taken = [message for message in self._messages.values() if message.visible <= now][:most]
        for message in taken:
            message.visible = now + float(request.get("VisibilityTimeout", VISIBILITY))
            message.received += 1
        return [
            {
                "MessageId": message.id,
                "ReceiptHandle": message.id,
                "MD5OfBody": hashlib.md5(message.body.encode()).hexdigest(),
                "Body": message.body,
                "Attributes": {
                    "ApproximateReceiveCount": str(message.received),
                    "SentTimestamp": str(int(message.sent * 1000)),
                },
            }
            for message in taken
        ]
