"""Replacing parts of moto, each part checked first.

moto has no hooks for what this package adds, so functions of it are replaced. A replacement is written against one
known shape of moto; when a new release changes that shape, silence would mean wrong behaviour. So every replaced
function is declared here with the names of its parameters, and `apply` refuses to start, naming the function, when
moto no longer has it in that form.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from airflow_sfn_ml.local.errors import LocalAwsError

MOTO_VERSIONS = ((5, 2, 5), (5, 3))


class MotoChangedError(LocalAwsError):
    """The installed moto is not one that this package knows how to extend."""


@dataclass(frozen=True)
class PatchPoint:
    """One function of moto that is replaced.

    `everywhere` replaces every reference that moto's loaded modules imported by name.
    """

    module: str
    name: str
    parameters: tuple[str, ...]
    replacement: Callable[..., Any]
    everywhere: bool = False

    @property
    def label(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True)
class Addition:
    """A function that a class of moto lacks."""

    module: str
    name: str
    function: Callable[..., Any]


@dataclass
class Patches:
    """The replacements of one concern, collected by the decorator `replaces` and applied together."""

    prefix: str
    points: list[PatchPoint] = field(default_factory=list)
    additions: list[Addition] = field(default_factory=list)

    def replaces(
        self, module: str, name: str, *parameters: str, everywhere: bool = False
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare that the decorated function takes the place of `module`.`name`, which has these `parameters`."""

        def declare(replacement: Callable[..., Any]) -> Callable[..., Any]:
            self.points.append(PatchPoint(f"{self.prefix}.{module}", name, parameters, replacement, everywhere))
            return replacement

        return declare

    def adds(self, module: str, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare that the decorated function is a new member of a class of moto, which lacks it."""

        def declare(addition: Callable[..., Any]) -> Callable[..., Any]:
            self.additions.append(Addition(f"{self.prefix}.{module}", name, addition))
            return addition

        return declare

    def apply(self) -> None:
        """Replace all of them, after all of them were checked."""
        originals = [original(point) for point in self.points]
        for addition in self.additions:
            _owner(addition.module, addition.name)
        for point, found in zip(self.points, originals, strict=True):
            _replace(point, found)
        for addition in self.additions:
            owner, last = _owner(addition.module, addition.name)
            setattr(owner, last, addition.function)


def check_version(version: str) -> None:
    """Refuse a moto outside the range that the replacements were written for."""
    number = tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
    low, high = MOTO_VERSIONS
    if not low <= number < high:
        raise MotoChangedError(
            f"moto {version} is installed; the embedded AWS extends moto>=5.2.5,<5.3. "
            "Install a version in that range: pip install 'moto[server]>=5.2.5,<5.3'"
        )


def original(point: PatchPoint) -> Any:
    """The function of moto that `point` replaces; raises MotoChangedError when it is gone or looks different."""
    try:
        found: Any = importlib.import_module(point.module)
        for part in point.name.split("."):
            found = inspect.getattr_static(found, part)
    except (ImportError, AttributeError) as missing:
        raise MotoChangedError(f"moto has no {point.label} any more ({missing}); {_advice()}") from missing
    function = found.__func__ if isinstance(found, staticmethod | classmethod) else found
    if not callable(function):
        raise MotoChangedError(f"{point.label} of moto is not a function any more; {_advice()}")
    parameters = tuple(inspect.signature(function).parameters)
    if parameters != point.parameters:
        raise MotoChangedError(
            f"{point.label} of moto takes {parameters}, not {point.parameters} any more; {_advice()}"
        )
    return found


def _advice() -> str:
    return "the embedded AWS extends moto>=5.2.5,<5.3: install a version in that range"


def _owner(module: str, name: str) -> tuple[Any, str]:
    """The object that holds `name`, and the last part of it."""
    owner: Any = importlib.import_module(module)
    *path, last = name.split(".")
    for part in path:
        if not hasattr(owner, part):
            raise MotoChangedError(f"moto has no {module}.{part} any more; {_advice()}")
        owner = getattr(owner, part)
    return owner, last


def _replace(point: PatchPoint, found: Any) -> None:
    owner, last = _owner(point.module, point.name)
    replacement: Any = staticmethod(point.replacement) if isinstance(found, staticmethod) else point.replacement
    setattr(owner, last, replacement)
    if point.everywhere:
        for name, module in list(sys.modules.items()):
            if name.startswith("moto.") and getattr(module, "__dict__", {}).get(last) is found:
                setattr(module, last, replacement)
