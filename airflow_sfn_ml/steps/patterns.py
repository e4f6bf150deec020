"""How a state machine calls a service: goes on at once, waits for the job, or waits for a token."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class IntegrationPattern(Enum):
    """The three ways, with the suffix that each has in the name of a resource."""

    WaitForTaskToken = "waitForTaskToken"
    WaitForCompletion = "sync"
    CallAndContinue = ""


def check_pattern(pattern: object, supported: Iterable[IntegrationPattern]) -> IntegrationPattern:
    """*pattern*, if it is one of *supported*.

    :raises TypeError: it is no pattern.
    :raises ValueError: the service does not offer it.
    """
    if not isinstance(pattern, IntegrationPattern):
        raise TypeError(f"Integration pattern must be of type {IntegrationPattern}")
    names = [known.name for known in supported]
    if pattern.name not in names:
        raise ValueError(
            f"Integration Pattern ({pattern.name}) is not supported for this step - "
            f"Please use one of the following: {names}"
        )
    return pattern
