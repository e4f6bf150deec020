"""A cleared task redrives the execution that failed it: once, whoever else was cleared with it.

An attempt that reports a failure leaves a record of which execution it was and how often that had been redriven. The
next attempt finds the record. As long as the execution still has that count, what the history says of the state is the
old story: the attempt asks for a redrive, with a token made of the execution and the count, so that any number of
cleared tasks, triggerers and clicks ask for the same one. When the count has grown, someone has redriven it, and the
attempt follows what comes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.history import ExecutionView

KEY = "airflow_sfn_ml_failed_attempt"
"""The XCom under which an attempt leaves its record."""


@dataclass(frozen=True)
class Record:
    """What a failed attempt leaves to the next one."""

    execution_arn: str
    redrive_count: int

    @classmethod
    def of(cls, told: Any) -> Record | None:
        """The record in the XCom value *told*."""
        if not isinstance(told, Mapping) or "execution_arn" not in told:
            return None
        return cls(str(told["execution_arn"]), int(told.get("redrive_count", 0)))

    def as_json(self) -> dict[str, Any]:
        """The record as an XCom value."""
        return {"execution_arn": self.execution_arn, "redrive_count": self.redrive_count}

    def is_told_by(self, view: ExecutionView, arn: str) -> bool:
        """Whether *view*, of the execution *arn*, tells only what the failed attempt has reported already."""
        return arn == self.execution_arn and view.redrive_count <= self.redrive_count and view.status != "SUCCEEDED"

    @property
    def token(self) -> str:
        """The same for everyone who asks for this redrive; AWS takes at most 64 characters."""
        return hashlib.sha256(f"{self.execution_arn} {self.redrive_count}".encode()).hexdigest()
