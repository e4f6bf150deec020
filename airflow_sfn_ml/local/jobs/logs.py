"""A job's output: CloudWatch Logs as it is written, and a file beside the job's folder."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

LONGEST_LINE = 200_000


class LogStream:
    """One log stream of one host; `write` may be called from any thread."""

    def __init__(self, client: Any, group: str, stream: str, file: Path) -> None:
        self._client, self._group, self._stream, self.file = client, group, stream, file
        self._lock = threading.Lock()
        file.touch()
        self.tail: list[str] = []
        with contextlib.suppress(ClientError):
            client.create_log_group(logGroupName=group)
        with contextlib.suppress(ClientError):
            client.create_log_stream(logGroupName=group, logStreamName=stream)

    def write(self, lines: list[str]) -> None:
        """Append `lines`."""
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line[:LONGEST_LINE] or " "} for line in lines]
        with self._lock:
            self.tail = (self.tail + lines)[-20:]
            with self.file.open("a") as file:
                file.writelines(f"{line}\n" for line in lines)
            with contextlib.suppress(ClientError, BotoCoreError):
                for start in range(0, len(events), 1000):
                    self._client.put_log_events(
                        logGroupName=self._group, logStreamName=self._stream, logEvents=events[start : start + 1000]
                    )
