"""How batch transform cuts an object into requests, and puts the answers together.

`SplitType` says what a record is, `BatchStrategy` how many of them are in a request, `AssembleWith` what stands between
answers. Of binary records the framing stays in requests of several records, and is removed from those of one
(https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformInput.html).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MEGABYTE = 1024 * 1024
_MAGIC = 0xCED7230A


class UnreadableRecordsError(Exception):
    """An object is not in the format that the job says, or a record is too large; the message is the FailureReason."""


@dataclass(frozen=True)
class Record:
    """One record: as it stands in the object, and without its framing."""

    framed: bytes
    content: bytes


def requests(data: bytes, split: str, strategy: str, megabytes: int) -> Iterator[bytes]:
    """The bodies of the requests for an object, each of at most *megabytes* (0: of any size)."""
    limit = megabytes * MEGABYTE or None
    if split == "None":
        bodies: Iterable[bytes] = [data]
    elif strategy == "SingleRecord":
        bodies = (record.content for record in records(data, split))
    else:
        bodies = _filled((record.framed for record in records(data, split)), limit)
    for body in bodies:
        if limit is not None and len(body) > limit:
            raise UnreadableRecordsError(
                f"ClientError: a request of {len(body)} bytes is larger than MaxPayloadInMB, {megabytes}"
            )
        yield body


def assemble(answers: Iterable[bytes], how: str) -> bytes:
    """The answers for an object as one; with "Line" each ends with a line break."""
    if how != "Line":
        return b"".join(answers)
    return b"".join(answer if answer.endswith(b"\n") else answer + b"\n" for answer in answers)


def records(data: bytes, split: str) -> Iterator[Record]:
    """The records of an object."""
    match split:
        case "Line":
            yield from (Record(line, line.rstrip(b"\r\n")) for line in data.splitlines(keepends=True))
        case "TFRecord":
            yield from _tensorflow(data)
        case "RecordIO":
            yield from _recordio(data)


def _filled(framed: Iterable[bytes], limit: int | None) -> Iterator[bytes]:
    """As many records together as fit."""
    batch: list[bytes] = []
    size = 0
    for record in framed:
        if batch and limit is not None and size + len(record) > limit:
            yield b"".join(batch)
            batch, size = [], 0
        batch.append(record)
        size += len(record)
    if batch:
        yield b"".join(batch)


def _tensorflow(data: bytes) -> Iterator[Record]:
    """Length, its checksum, content, its checksum (https://www.tensorflow.org/tutorials/load_data/tfrecord)."""
    place = 0
    while place < len(data):
        (length,) = struct.unpack_from("<Q", data, place) if place + 12 <= len(data) else (len(data),)
        yield _record(data, place, place + 12, length, place + 12 + length + 4)
        place += 12 + length + 4


def _recordio(data: bytes) -> Iterator[Record]:
    """Magic number, length, content, padding to four bytes (https://mxnet.apache.org/api/faq/recordio)."""
    place = 0
    while place < len(data):
        magic, length = struct.unpack_from("<II", data, place) if place + 8 <= len(data) else (0, 0)
        if magic != _MAGIC:
            raise UnreadableRecordsError("ClientError: the input is not in the RecordIO format")
        end = place + 8 + length + (-length % 4)
        yield _record(data, place, place + 8, length, end)
        place = end


def _record(data: bytes, start: int, content: int, length: int, end: int) -> Record:
    if end > len(data):
        raise UnreadableRecordsError("ClientError: the last record of the input is cut off")
    return Record(data[start:end], data[content : content + length])
