"""Making calls fail on purpose: throttled, answered with an error, cut off; and reads that are old.

A layer in front of moto. Every call from outside draws its lot: it is refused as one too many, in the words and the
protocol of its service; answered with HTTP 500 or 503; or its connection is cut without an answer. Errors and cut
connections come before the call is carried out, or after it, when the answer is lost but the effect stays: an
ambiguous failure, as on AWS. Lots are drawn for each action of its own, so that with a seed the n-th call of an action
meets the same fate whatever else is called beside it.

`/_faults` answers what is asked for and how often it happened (GET), asks for other faults (POST or PUT, JSON or the
text of the command line), or for none (DELETE).
"""

from __future__ import annotations

import io
import json
import random
import re
import socket
import threading
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_sfn_ml.local.faults import Faults, InvalidFaultsError, parse, read, signing_name
from airflow_sfn_ml.local.refused import refused
from airflow_sfn_ml.local.stepfunctions.lag import looking_back

PATH = "/_faults"
INSIDE = "inside"
"""The access key of calls that jobs, functions and state machines make."""
SERVICE = "service"
"""The access key of what SageMaker itself does for a job; it is never disturbed."""

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

_SCOPE = re.compile(r"Credential=([^/,\s]*)/\d{8}/[^/]*/([^/]+)/aws4_request")


@dataclass(frozen=True)
class Call:
    """A request, as far as it matters here."""

    service: str
    """As signatures name it."""
    action: str
    key: str
    protocol: str


@dataclass(frozen=True)
class Lot:
    """What happens to a call: "throttle", "error", "timeout" or nothing; and how old a read is."""

    fate: str | None = None
    after: bool = False
    status: int = 500
    age: float = 0.0


class Dice:
    """Draws the lots of one setting of faults."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.seed = random.randrange(1 << 32) if faults.seed is None else faults.seed
        self.counts: Counter[tuple[str, str]] = Counter()
        self._signed = {signing_name(service): service for service in faults.services}
        self._streams: dict[tuple[str, str], random.Random] = {}
        self._lock = threading.Lock()

    def draw(self, call: Call) -> Lot:
        """The lot of the next call of its action."""
        faults = self.faults
        service = self._signed.get(call.service, call.service)
        spared = call.key == SERVICE or (call.key == INSIDE and not faults.inside)
        if spared or not faults.concern(service, call.action):
            return Lot()
        with self._lock:
            name = (call.service, call.action)
            stream = self._streams.setdefault(name, random.Random(f"{self.seed} {call.service} {call.action}"))
            place, late, status, age = (stream.random() for _ in range(4))
            fate = self._fate(place)
            if fate:
                self.counts[fate, call.action] += 1
        age = faults.lag * (1 if faults.steady else age)
        return Lot(fate, late < faults.after, 500 if status < 0.5 else 503, age)

    def _fate(self, place: float) -> str | None:
        for fate in ("throttle", "error", "timeout"):
            share = getattr(self.faults, fate)
            if place < share:
                return fate
            place -= share
        return None

    def document(self) -> dict[str, Any]:
        """What is asked for, and what was done, by fate and action."""
        done: dict[str, dict[str, int]] = {}
        with self._lock:
            for (fate, action), count in sorted(self.counts.items()):
                done.setdefault(fate, {})[action] = count
        return {"faults": {**self.faults.document(), "seed": self.seed}, "done": done}


class Disturbed:
    """moto's application with faults in front of it; they may change while it runs."""

    def __init__(self, application: Application, faults: Faults) -> None:
        self._application = application
        self._dice = Dice(faults)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == PATH:
            return self._configure(environ, start_response)
        dice = self._dice
        if dice.faults == Faults() or path.startswith("/moto-api"):
            return self._application(environ, start_response)
        call = call_of(environ)
        lot = dice.draw(call)
        moment = datetime.now(UTC) - timedelta(seconds=lot.age) if lot.age else None
        with looking_back(moment):
            return self._answer(lot, call, environ, start_response)

    def _answer(self, lot: Lot, call: Call, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if lot.fate is None:
            return self._application(environ, start_response)
        _body(environ)  # what a cut connection leaves unread would be taken for another request
        if lot.fate != "throttle" and lot.after:
            _carry_out(self._application, environ)
        if lot.fate == "timeout":
            _cut(environ)
        status, headers, body = refused(call.service, call.protocol, None if lot.fate == "throttle" else lot.status)
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [b"" if environ.get("REQUEST_METHOD") == "HEAD" else body]

    def _configure(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        status = "200 OK"
        try:
            if environ.get("REQUEST_METHOD") in ("POST", "PUT"):
                self._dice = Dice(_asked(_body(environ).decode()))
            elif environ.get("REQUEST_METHOD") == "DELETE":
                self._dice = Dice(Faults())
            document = self._dice.document()
        except (InvalidFaultsError, UnicodeDecodeError) as error:
            status, document = "400 Bad Request", {"message": str(error)}
        body = json.dumps(document, indent=1).encode() + b"\n"
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]


def _asked(text: str) -> Faults:
    if not text.lstrip().startswith("{"):
        return parse(text.strip())
    try:
        return read(json.loads(text))
    except json.JSONDecodeError as error:
        raise InvalidFaultsError(f"not JSON: {error}") from error


def call_of(environ: Environ) -> Call:
    """What a request calls."""
    key, service = "", ""
    if found := _SCOPE.search(environ.get("HTTP_AUTHORIZATION", "")):
        key, service = found.groups()
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return Call(service, target.rpartition(".")[2], key, "json")
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return Call(service, environ.get("PATH_INFO", "").rpartition("/")[2], key, "cbor")
    if "x-www-form-urlencoded" in environ.get("CONTENT_TYPE", ""):
        form = urllib.parse.parse_qs(_body(environ).decode(errors="replace"))
        return Call(service, form.get("Action", [""])[0], key, "ec2" if service == "ec2" else "query")
    return Call(service, environ.get("REQUEST_METHOD", ""), key, "xml" if service == "s3" else "rest")


def _body(environ: Environ) -> bytes:
    """The body of a request, which can be read again."""
    content: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(content)
    return content


def _carry_out(application: Application, environ: Environ) -> None:
    """Do what a request asks for, and lose the answer."""
    answer = application(environ, lambda *_, **__: lambda _: None)
    try:
        for _ in answer:
            pass
    finally:
        getattr(answer, "close", lambda: None)()


def _cut(environ: Environ) -> None:
    """End the connection without an answer; werkzeug takes the error for a client that went away."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("cut on purpose")
