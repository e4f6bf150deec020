"""A source of which some calls are refused."""

from __future__ import annotations

from typing import Any


class Refusing:
    """Does what *source* does, except that the calls named in *refused* raise."""

    def __init__(self, source: Any, **refused: Exception) -> None:
        self._source = source
        self._refused = refused

    def __getattr__(self, name: str) -> Any:
        error = self._refused.get(name)
        if error is None:
            return getattr(self._source, name)

        def refuse(*args: Any) -> Any:
            raise error

        return refuse
