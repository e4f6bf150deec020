"""A cleared task redrives the execution that failed it: once, whoever else was cleared with it.

An attempt that reports a failure leaves a record of which execution it was and how often that had been redriven. The
next attempt finds the record. As long as the execution still has that count, what the history says of the state is the
old story: the attempt asks for a redrive, with a token made of the execution and the count, so that any number of
cleared tasks, triggerers and clicks ask for the same one. When the count has grown, someone has redriven it, and the
attempt follows what comes.

A trigger whose triggerer died after the record was left, but before its event was, runs again as the same try. The
record is then its own, and asks for nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from airflow_sfn_ml.history import ExecutionView

KEY = "airflow_sfn_ml_failed_attempt"
"""The XCom under which an attempt leaves its record."""


@dataclass(frozen=True)
class Record:
    """What a failed attempt leaves to the next one.

    :param try_number: the try that left it.
    """

    execution_arn: str
    redrive_count: int
    try_number: int

    @classmethod
    def of_earlier_try(cls, told: Any, try_number: int) -> Record | None:
        """The record in the XCom value *told*, if a try before *try_number* left it."""
        if not isinstance(told, Mapping) or told.get("try_number", try_number) >= try_number:
            return None
        return cls(str(told["execution_arn"]), int(told["redrive_count"]), int(told["try_number"]))

    def as_json(self) -> dict[str, Any]:
        """The record as an XCom value."""
        return asdict(self)

    def is_told_by(self, view: ExecutionView, arn: str) -> bool:
        """Whether *view*, of the execution *arn*, tells only what the failed attempt has reported already."""
        return arn == self.execution_arn and view.redrive_count <= self.redrive_count and view.status != "SUCCEEDED"

    @property
    def token(self) -> str:
        """The same for everyone who asks for this redrive; AWS takes at most 64 characters."""
        return hashlib.sha256(f"{self.execution_arn} {self.redrive_count}".encode()).hexdigest()
