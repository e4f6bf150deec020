"""The shapes of a service's API, read out of botocore's data files.

A Dag file is parsed again and again, and checking a request should not cost more than the rest of it. SageMaker's model
is 2.6 MB of JSON with 3,260 shapes, of which a request needs some fifty. So neither botocore is imported nor the whole
file parsed: the file has one entry a line at two known depths, their places are found by one search, and only the
entries that are asked for are decoded. A file that is written in another way is parsed as a whole.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

Shape = Mapping[str, Any]


class ServiceModel:
    """The operations and shapes of one service."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._decoder = json.JSONDecoder()
        self._decoded: dict[tuple[str, str], Shape] = {}
        self._places = _places(text)
        self._whole: Mapping[str, Mapping[str, Shape]] | None = None if self._places else json.loads(text)

    def input_shape(self, operation: str) -> str | None:
        """The name of the shape that *operation* takes; None if there is no such operation."""
        found = self._entry("operations", operation)
        return None if found is None else str(found.get("input", {}).get("shape", ""))

    def output_shape(self, operation: str) -> str:
        """The name of the shape that *operation* gives; empty if there is none."""
        found = self._entry("operations", operation) or {}
        return str(found.get("output", {}).get("shape", ""))

    def shape(self, name: str) -> Shape:
        """The shape *name*."""
        found = self._entry("shapes", name)
        if found is None:
            raise KeyError(name)
        return found

    def operations(self) -> list[str]:
        """The names of all operations."""
        if self._whole is not None:
            return sorted(self._whole["operations"])
        return sorted(name for section, name in self._places if section == "operations")

    def _entry(self, section: str, name: str) -> Shape | None:
        if self._whole is not None:
            return self._whole[section].get(name)
        key = (section, name)
        if key not in self._decoded and key in self._places:
            self._decoded[key] = self._decoder.raw_decode(self._text, self._places[key])[0]
        return self._decoded.get(key)


@lru_cache(maxsize=1)
def services() -> Mapping[str, str]:
    """The services as boto3 calls them, by their names without hyphens."""
    return {folder.name.replace("-", ""): folder.name for root in _roots() for folder in root.iterdir()}


def _roots() -> list[Path]:
    package = find_spec("botocore")
    return [Path(place) / "data" for place in (package.submodule_search_locations or ())] if package else []


@lru_cache(maxsize=8)
def service_model(service: str) -> ServiceModel:
    """The model of *service*, as boto3 calls it; read once per process.

    :raises ValueError: botocore knows no such service.
    """
    files = [file for root in _roots() for file in (root / service).glob("*/service-2.json*")]
    if not files:
        raise ValueError(f"botocore has no service {service!r}")
    newest = max(files, key=lambda file: file.parent.name)
    data = newest.read_bytes()
    return ServiceModel((zlib.decompress(data, 31) if newest.suffix == ".gz" else data).decode())


def _places(text: str) -> dict[tuple[str, str], int]:
    """Where the entries of the two sections begin; nothing if the text is not laid out as botocore lays it out."""
    sections = {match.group(1): match.end() for match in re.finditer(r'\n  "(operations|shapes|documentation)":', text)}
    if not {"operations", "shapes"} <= set(sections):
        return {}
    places = {}
    borders = sorted((place, section) for section, place in sections.items())
    for number, (place, section) in enumerate(borders):
        end = borders[number + 1][0] if number + 1 < len(borders) else len(text)
        for match in _ENTRY.finditer(text, place, end):
            places[section, match.group(1)] = match.end()
    return places


_ENTRY = re.compile(r'\n    "(\w+)": *')
