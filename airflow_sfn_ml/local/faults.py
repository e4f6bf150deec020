"""What is to go wrong between the embedded AWS and its clients, as a value.

    throttle=0.5,error=0.2,timeout=0.05,lag=3s,seed=7,services=stepfunctions+sagemaker

Shares are of all calls from outside; what they are worth is in `disturbing` (refusals) and `stepfunctions.lag` (reads).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "": 1}
_LONGEST_LAG = 3600


class InvalidFaultsError(ValueError):
    """The faults that were asked for make no sense; the message says which."""


@dataclass(frozen=True)
class Faults:
    """How often calls fail, and how old reads are."""

    throttle: float = 0.0
    """The share of calls that are refused as too many."""
    error: float = 0.0
    """The share of calls that are answered with HTTP 500 or 503."""
    timeout: float = 0.0
    """The share of calls whose connection is cut without an answer."""
    after: float = 0.5
    """The share of those errors and time-outs that come after the call was carried out."""
    lag: float = 0.0
    """Seconds: reads of Step Functions show what was up to so long ago."""
    steady: bool = False
    """Whether every read is exactly `lag` old, so that a reader never sees time go back."""
    seed: int | None = None
    services: tuple[str, ...] = ()
    """The services that are disturbed, by their names in boto3; none means all."""
    actions: tuple[str, ...] = ()
    """The actions that are disturbed (StartExecution); none means all."""
    inside: bool = False
    """Whether the calls that jobs, functions and state machines make are disturbed too."""

    def __post_init__(self) -> None:
        for name in ("throttle", "error", "timeout", "after"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise InvalidFaultsError(f"{name}={share:g} is not a share between 0 and 1")
        total = self.throttle + self.error + self.timeout
        if total > 1 + 1e-9:
            raise InvalidFaultsError(f"throttle, error and timeout add up to {total:g}, more than all calls")
        if not 0 <= self.lag <= _LONGEST_LAG:
            raise InvalidFaultsError(f"lag={self.lag:g}s is not between 0 and {_LONGEST_LAG} seconds")

    def concern(self, service: str, action: str) -> bool:
        """Whether calls of *action* of *service*, as boto3 names it, are disturbed."""
        return (not self.services or service in self.services) and (not self.actions or action in self.actions)

    def document(self) -> dict[str, Any]:
        """The faults as JSON, in the form that `read` takes."""
        return asdict(self)


def parse(text: str) -> Faults:
    """The faults that *text* asks for; nothing, when it is empty.

    :raises InvalidFaultsError: with what is wrong in it.
    """
    values: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if name in values:
            raise InvalidFaultsError(f"{name} is given twice")
        if not equals:
            raise InvalidFaultsError(f"{part!r} is not NAME=VALUE; the names are {_names()}")
        values[name] = value
    return read(values)


def read(values: Mapping[str, Any]) -> Faults:
    """The faults of a JSON object, or of the words of a command line.

    :raises InvalidFaultsError: with what is wrong in it.
    """
    unknown = sorted(set(values) - {field.name for field in fields(Faults)})
    if unknown:
        raise InvalidFaultsError(f"there is no fault {unknown[0]!r}; the names are {_names()}")
    given = {name: _reader(name)(name, value) for name, value in values.items() if value is not None}
    faults = Faults(**given)
    for service in faults.services:
        signing_name(service)
    return replace(faults, services=tuple(sorted(faults.services)))


def signing_name(service: str) -> str:
    """What requests to *service* call it in their signature ("states" for "stepfunctions")."""
    import botocore.session
    from botocore.exceptions import UnknownServiceError

    try:
        metadata = botocore.session.Session().get_service_model(service).metadata
    except UnknownServiceError as error:
        raise InvalidFaultsError(f"services: boto3 knows no service {service!r}") from error
    return str(metadata.get("signingName") or metadata["endpointPrefix"])


def _reader(name: str) -> Callable[[str, Any], Any]:
    match name:
        case "lag":
            return _duration
        case "seed":
            return _integer
        case "steady" | "inside":
            return _flag
        case "services" | "actions":
            return _list
    return _share


def _names() -> str:
    return ", ".join(field.name for field in fields(Faults))


def _share(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise InvalidFaultsError(f"{name}={value} is not a number") from error


def _duration(name: str, value: Any) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|)", str(value))
    if match is None:
        raise InvalidFaultsError(f"{name}={value} is not a duration such as 3s or 500ms")
    return float(match[1]) * _SECONDS[match[2]]


def _integer(name: str, value: Any) -> int:
    if re.fullmatch(r"-?\d+", str(value)) is None:
        raise InvalidFaultsError(f"{name}={value} is not a whole number")
    return int(value)


def _flag(name: str, value: Any) -> bool:
    match str(value).lower():
        case "true" | "yes" | "1":
            return True
        case "false" | "no" | "0":
            return False
    raise InvalidFaultsError(f"{name}={value} is neither true nor false")


def _list(name: str, value: Any) -> tuple[str, ...]:
    words = value.split("+") if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) and word for word in words):
        raise InvalidFaultsError(f"{name}={value} is not a list such as stepfunctions+sagemaker")
    return tuple(words)
