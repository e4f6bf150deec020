"""Shared by the calls of the Step Functions API: refusals, pages, the lock."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from airflow_sfn_ml.local.refusals import RefusedError

Item = TypeVar("Item")

# One lock for everything that is created or found by name; moto has none.
LOCK = threading.RLock()

_FORBIDDEN = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")


def refusal(code: str, message: str) -> RefusedError:
    """The exception that becomes an error answer of that code."""
    return RefusedError(code, message)


def result(document: dict[str, Any]) -> Any:
    """An answer; members without a value are left out."""
    from moto.core.responses import ActionResult

    return ActionResult({key: value for key, value in document.items() if value is not None})


def check_name(name: str) -> None:
    """Refuse what cannot be the name of a state machine or an execution."""
    if not 1 <= len(name) <= 80 or _FORBIDDEN.search(name):
        raise refusal("InvalidName", f"Invalid Name: '{name}'")


def page(
    items: Sequence[Item], size: int | None, token: str | None, largest: int = 1000
) -> tuple[list[Item], str | None]:
    """One page of `items` and the token of the next."""
    count = min(int(size or 100), largest)
    start = _offset(token)
    rest = start + count < len(items)
    return list(items[start : start + count]), _token(start + count) if rest else None


def page_after(
    items: Sequence[Item], key: Callable[[Item], int], size: int | None, token: str | None, largest: int = 1000
) -> tuple[list[Item], str | None]:
    """One page of `items`, which ascend by `key`, and the token of the next.

    The token is the key of the last one, so that no item is left out or given twice when others come or go meanwhile.
    """
    count = min(int(size or 100), largest)
    if token:
        last = _offset(token)
        items = [item for item in items if key(item) > last]
    found = list(items[:count])
    return found, _token(key(found[-1])) if len(items) > count else None


def _token(offset: int) -> str:
    return base64.b64encode(f"offset:{offset}".encode()).decode()


def _offset(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.b64decode(token).decode().removeprefix("offset:"))
    except ValueError as error:
        raise refusal("InvalidToken", f"Invalid Token: '{token}'") from error
