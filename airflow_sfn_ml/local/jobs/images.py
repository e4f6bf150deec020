"""Which interpreter stands for an image.

A job runs without its image, so the embedded AWS must know a Python that has what the image would bring. The map's
keys are repository names or whole image URIs, with shell wildcards; the first that matches wins.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from airflow_sfn_ml.local.errors import LocalAwsError

DEFAULT_IMAGES = {"sagemaker-scikit-learn": sys.executable}


class UnknownImageError(Exception):
    """No interpreter is configured for the image of a job."""


class Images:
    """The image map: `interpreter(uri)` gives the path of a Python."""

    def __init__(self, configured: Mapping[str, str] | None = None) -> None:
        self._interpreters = {
            pattern: _executable(pattern, python) for pattern, python in {**(configured or {})}.items()
        }
        for pattern, python in DEFAULT_IMAGES.items():
            self._interpreters.setdefault(pattern, python)

    def interpreter(self, uri: str) -> str:
        """The Python that runs jobs of the image `uri`; raises UnknownImageError."""
        repository = repository_of(uri)
        for pattern, python in self._interpreters.items():
            if fnmatchcase(repository, pattern) or fnmatchcase(uri, pattern):
                return python
        known = ", ".join(sorted(self._interpreters))
        raise UnknownImageError(
            f"no interpreter stands for the image {uri} here (known: {known}); "
            f"start the embedded AWS with --image {repository}=PYTHON"
        )


def repository_of(uri: str) -> str:
    """The repository of an image URI, without registry, tag and digest."""
    name = uri.partition("@")[0]
    registry, slash, rest = name.partition("/")
    if slash and ("." in registry or ":" in registry or registry == "localhost"):
        name = rest
    return name.partition(":")[0]


def _executable(pattern: str, python: str) -> str:
    found = shutil.which(python) if "/" not in python else python
    if not found or not Path(found).is_file():
        raise LocalAwsError(f"image {pattern}={python}: there is no such interpreter")
    return str(Path(found).absolute())
