"""Errors of the embedded AWS itself, as opposed to those that it answers to its clients."""

from __future__ import annotations


class LocalAwsError(RuntimeError):
    """The embedded AWS cannot start, or cannot go on."""
