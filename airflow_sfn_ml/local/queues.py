"""SQS under several readers and writers at once.

moto deletes a message by copying the list of messages without a lock, so that a message that arrives meanwhile is
lost, and two readers may get the same one. Here one lock guards each queue, and a reader that waits wakes as soon as a
message arrives or becomes visible again.
"""

from __future__ import annotations

import time
from typing import Any

from airflow_sfn_ml.local.patching import Patches

patches = Patches("moto.sqs")

_LOOK_SECONDS = 0.5
"""How soon a message is seen that becomes visible because its time is over."""


def _guarding() -> None:
    from moto.sqs.models import Queue, SQSBackend

    deletes, receives, changes = Queue.delete_message, SQSBackend.receive_message, SQSBackend.change_message_visibility

    @patches.replaces("models", "Queue.delete_message", "self", "receipt_handle")
    def delete_message(self: Any, receipt_handle: str) -> None:
        with self._messages_lock:
            deletes(self, receipt_handle)

    @patches.replaces(
        "models", "SQSBackend.change_message_visibility", "self", "queue_name", "receipt_handle", "visibility_timeout"
    )
    def change_message_visibility(self: Any, queue_name: str, receipt_handle: str, visibility_timeout: int) -> None:
        lock = self.get_queue(queue_name)._messages_lock
        with lock:
            changes(self, queue_name, receipt_handle, visibility_timeout)
            lock.notify_all()

    @patches.replaces(
        "models",
        "SQSBackend.receive_message",
        "self",
        "queue_name",
        "count",
        "wait_seconds_timeout",
        "visibility_timeout",
        "message_attribute_names",
    )
    def receive_message(
        self: Any,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        visibility_timeout: int,
        message_attribute_names: list[str] | None = None,
    ) -> list[Any]:
        lock = self.get_queue(queue_name)._messages_lock
        deadline = time.monotonic() + wait_seconds_timeout
        with lock:
            while True:
                found: list[Any] = receives(self, queue_name, count, 0, visibility_timeout, message_attribute_names)
                left = deadline - time.monotonic()
                if found or left <= 0:
                    return found
                lock.wait(min(left, _LOOK_SECONDS))


_guarding()
