"""Errors that the embedded AWS answers to its clients."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class RefusedError(ServiceException):
    """AWS refuses a call: the code and the message of its answer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message
