"""Definitions recorded from AWS, which stand beside the project where they are at hand at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the recordings are not beside the project")


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CORPUS / name).read_text(encoding="utf-8").splitlines()]


def accepted() -> list[dict[str, Any]]:
    """Definitions that AWS accepted."""
    return [line["definition"] for line in _lines("valid.jsonl")]


def recorded() -> list[dict[str, Any]]:
    """Definitions that AWS ran."""
    return [line["definition"] for line in _lines("histories.jsonl") if line["definition"]]


def refused() -> list[dict[str, Any]]:
    """Definitions that AWS refused, each with ``definition``, ``type`` and ``aws_message``."""
    return _lines("invalid.jsonl")
