"""Answers of a service that is overloaded or broken, in the protocol of the call."""

from __future__ import annotations

import json
import uuid

_RATE = "Rate exceeded"
_BROKEN = {
    500: ("InternalFailure", "The request processing has failed because of an unknown error, exception or failure."),
    503: ("ServiceUnavailable", "The request has failed due to a temporary failure of the server."),
}
_THROTTLED = {
    "s3": (503, "SlowDown", "Please reduce your request rate."),
    "ec2": (503, "RequestLimitExceeded", "Request limit exceeded."),
    "lambda": (429, "TooManyRequestsException", _RATE),
    "sqs": (400, "RequestThrottled", _RATE),
    "sts": (400, "Throttling", _RATE),
    "iam": (400, "Throttling", _RATE),
    "cloudformation": (400, "Throttling", _RATE),
}
_PHRASES = {400: "BAD REQUEST", 429: "TOO MANY REQUESTS", 500: "INTERNAL SERVER ERROR", 503: "SERVICE UNAVAILABLE"}


def refused(service: str, protocol: str, status: int | None) -> tuple[str, list[tuple[str, str]], bytes]:
    """The status, headers and body that say HTTP *status*; None says that there were too many calls.

    *service* is named as in signatures ("states"), *protocol* is json, rest, query, ec2, xml or cbor.
    """
    if status is None:
        status, code, message = _THROTTLED.get(service, (400, "ThrottlingException", _RATE))
    else:
        code, message = _BROKEN[status]
    request_id = str(uuid.uuid4())
    kind, body = _body(protocol, code, message, request_id, "Sender" if status < 500 else "Receiver")
    headers = [("Content-Type", kind), ("x-amzn-RequestId", request_id)]
    if protocol in ("json", "rest"):
        headers.append(("x-amzn-ErrorType", code))
    if protocol == "cbor":
        headers.append(("smithy-protocol", "rpc-v2-cbor"))
    if service == "sqs" and protocol == "json":
        headers.append(("x-amzn-query-error", f"{code};{'Sender' if status < 500 else 'Receiver'}"))
    return f"{status} {_PHRASES[status]}", headers, body


def _body(protocol: str, code: str, message: str, request_id: str, fault: str) -> tuple[str, bytes]:
    error = f"<Code>{code}</Code><Message>{message}</Message>"
    match protocol:
        case "query":
            text = (
                f"<ErrorResponse><Error><Type>{fault}</Type>{error}</Error>"
                f"<RequestId>{request_id}</RequestId></ErrorResponse>"
            )
        case "ec2":
            text = f"<Response><Errors><Error>{error}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
        case "xml":
            text = f"<Error>{error}<RequestId>{request_id}</RequestId></Error>"
        case "cbor":
            return "application/cbor", b"\xa2" + b"".join(map(_cbor, ("__type", code, "message", message)))
        case _:
            return "application/x-amz-json-1.0", json.dumps({"__type": code, "message": message}).encode()
    return "application/xml", f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()


def _cbor(text: str) -> bytes:
    """A text string of CBOR, of at most 255 bytes."""
    data = text.encode()
    return (bytes([0x60 + len(data)]) if len(data) < 24 else bytes([0x78, len(data)])) + data
