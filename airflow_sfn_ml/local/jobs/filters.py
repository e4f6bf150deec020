"""`DataProcessing` of a transform job: which part of a record is sent, and what of record and answer is stored.

https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html. Records are CSV, JSON or lines of
JSON. `InputFilter` selects what is sent; with `JoinSource` Input the answer is joined with the whole record; of that
`OutputFilter` selects what is stored.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.local.jobs.batches import UnreadableRecordsError

CSV, JSON, JSON_LINES = "text/csv", "application/json", "application/jsonlines"

_STEP = re.compile(
    r"""\.(?P<name>[A-Za-z_]\w*)
    |\[(?P<quoted>(?:'[^']*'|"[^"]*")(?:\s*,\s*(?:'[^']*'|"[^"]*"))*)\]
    |\[(?P<indexes>-?\d+(?:\s*,\s*-?\d+)*)\]
    |\[(?P<start>-?\d*):(?P<stop>-?\d*)\]
    |(?P<all>\[\*\]|\.\*)""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class DataProcessing:
    """What is done to records before they are sent, and to answers before they are stored."""

    kind: str
    lines: bool
    input_filter: str = "$"
    output_filter: str = "$"
    join: bool = False

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> DataProcessing:
        """That of a CreateTransformJob request."""
        wanted, source = request.get("DataProcessing") or {}, request["TransformInput"]
        return cls(
            (source.get("ContentType") or "").partition(";")[0].strip(),
            source.get("SplitType") == "Line",
            wanted.get("InputFilter") or "$",
            wanted.get("OutputFilter") or "$",
            wanted.get("JoinSource") == "Input",
        )

    @property
    def nothing(self) -> bool:
        return self.input_filter == "$" and self.output_filter == "$" and not self.join

    def refused(self, request: Mapping[str, Any]) -> str | None:
        """Why it cannot be done; None if it can."""
        if self.nothing:
            return None
        accept = (request["TransformOutput"].get("Accept") or self.kind).partition(";")[0].strip()
        if self.kind not in (CSV, JSON, JSON_LINES) or accept != self.kind:
            return f"DataProcessing takes ContentType and Accept that are both one of {CSV}, {JSON} and {JSON_LINES}."
        if self.lines != (self.kind != JSON):
            return f"DataProcessing takes SplitType Line with {CSV} and {JSON_LINES}, and None with {JSON}."
        for path in (self.input_filter, self.output_filter):
            if _steps(path) is None:
                return f"the embedded AWS does not know the JSONPath {path}; test this job on AWS"
        return None

    def before(self, data: bytes) -> bytes:
        """The object `data` as it is sent."""
        if self.input_filter == "$":
            return data
        return self._whole([self._text(select(self.input_filter, self._value(each))) for each in self._records(data)])

    def after(self, data: bytes, answers: bytes) -> bytes:
        """What is stored of the object `data` and the `answers` to it."""
        if self.output_filter == "$" and not self.join:
            return answers
        records, found = self._records(data), self._records(answers)
        if len(records) != len(found):
            raise UnreadableRecordsError(
                f"ClientError: Fail to join data: {len(records)} records were sent and {len(found)} answered"
            )
        stored = []
        for record, answer in zip(records, found, strict=True):
            value = self._value(answer)
            joined = self._joined(self._value(record), value) if self.join else value
            stored.append(self._text(select(self.output_filter, joined)))
        return self._whole(stored)

    def _records(self, data: bytes) -> list[str]:
        text = data.decode(errors="replace")
        return text.splitlines() if self.lines else [text]

    def _whole(self, records: list[str]) -> bytes:
        return ("".join(f"{record}\n" for record in records) if self.lines else records[0]).encode()

    def _value(self, record: str) -> Any:
        if self.kind == CSV:
            return next(csv.reader([record]), [])
        try:
            return json.loads(record)
        except ValueError as error:
            raise UnreadableRecordsError(f"ClientError: a record is not JSON: {error}") from error

    def _text(self, value: Any) -> str:
        if self.kind != CSV:
            return json.dumps(value)
        row = io.StringIO()
        csv.writer(row, lineterminator="").writerow(value if isinstance(value, list) else [value])
        return row.getvalue()

    def _joined(self, record: Any, answer: Any) -> Any:
        if self.kind == CSV:
            return [*record, *answer]
        if isinstance(record, dict):
            return {**record, "SageMakerOutput": answer}
        return {"SageMakerInput": record, "SageMakerOutput": answer}


def select(path: str, value: Any) -> Any:
    """What `path` selects of `value`: one thing, or a list where the path may mean several."""
    found, several = [value], False
    for step, is_several in _steps(path) or ():
        try:
            found = [part for each in found for part in step(each)]
        except (LookupError, TypeError) as error:
            raise UnreadableRecordsError(f"ClientError: the JSONPath {path} does not fit a record") from error
        several = several or is_several
    return found if several else found[0]


Step = tuple[Callable[[Any], list[Any]], bool]


def _steps(path: str) -> list[Step] | None:
    """The steps of a path, each with whether it may mean several things; None when it is not understood."""
    if not path.startswith("$"):
        return None
    steps, place = [], 1
    while place < len(path):
        match = _STEP.match(path, place)
        if match is None:
            return None
        steps.append(_step(match))
        place = match.end()
    return steps


def _step(match: re.Match[str]) -> Step:
    if match["all"]:
        return lambda value: list(value.values() if isinstance(value, dict) else value), True
    if match["start"] is not None:
        wanted = slice(*(int(bound) if bound else None for bound in (match["start"], match["stop"])))
        return lambda value: list(value[wanted]), True
    keys: list[Any] = [match["name"]]
    if match["indexes"]:
        keys = [int(index) for index in match["indexes"].split(",")]
    elif match["quoted"]:
        keys = [word[1] or word[2] for word in re.finditer(r"'([^']*)'|\"([^\"]*)\"", match["quoted"])]
    return lambda value: [value[key] for key in keys], len(keys) > 1
