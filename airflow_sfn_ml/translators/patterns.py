"""Patterns of file names as regular expressions of JSONata.

JSONata knows regular expressions only where they are written out, so a pattern must be known when the Dag is parsed;
what stands before its first wildcard may be a template, since that is looked for as a prefix.
"""

from __future__ import annotations

import re
import warnings
from typing import Any

from airflow_sfn_ml.exceptions import TranslationError

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_PYTHONS = re.compile(r"\(\?[PaiLmsux<(]|\\[AZ]|\(\?#")
"""What Python's regular expressions say and JavaScript's do not, or not in the same way."""


def split(operator: Any, name: str, pattern: str) -> tuple[str, str]:
    """What stands before the first wildcard of *pattern*, the value of *name*, and the rest.

    :raises TranslationError: the rest holds a template.
    """
    templates = [match.span() for match in _JINJA.finditer(pattern)]
    for position, char in enumerate(pattern):
        if char in "*?[" and not any(begin <= position < end for begin, end in templates):
            rest = pattern[position:]
            if _JINJA.search(rest):
                raise TranslationError(
                    f"{operator.task_id}: {name}: {pattern!r} has a template after its first wildcard, and a pattern "
                    "must be known when the Dag is parsed; put the template before the wildcards"
                )
            return pattern[:position], rest
    return pattern, ""


def of_glob(glob: str) -> str:
    """The regular expression, without slashes around it, that matches what `fnmatch` matches, as a whole.

    :raises TranslationError: it has a range such as ``[z-a]``.
    """
    found, position = "", 0
    while position < len(glob):
        char = glob[position]
        position += 1
        if char == "*":
            found += r"[\s\S]*"
        elif char == "?":
            found += r"[\s\S]"
        elif char == "[":
            end = glob.find("]", position + (2 if glob[position : position + 1] == "!" else 1))
            if end < 0:
                found += r"\["
                continue
            inside = glob[position:end].replace("\\", r"\x5c").replace("/", r"\x2f").replace("]", r"\]")
            negated = inside.startswith("!")
            inside = inside[1:] if negated else ("\\" + inside if inside.startswith("^") else inside)
            found += f"[{'^' if negated else ''}{inside}]"
            position = end + 1
        else:
            found += _escaped(char)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python wonders about [[, which means it
            re.compile(found)
    except re.error:
        raise TranslationError(f"the pattern {glob!r} has a range of characters that is none") from None
    return f"^{found}$"


def of_python(operator: Any, name: str, pattern: str) -> str:
    """The regular expression that matches what Python's `re.match` does with *pattern*, the value of *name*.

    :raises TranslationError: it says something that only Python's regular expressions can.
    """
    if "{{" in pattern or "{%" in pattern or _PYTHONS.search(pattern):
        raise TranslationError(
            f"{operator.task_id}: {name}: {pattern!r} must be written out, and in what Python and JavaScript have in "
            "common: it becomes part of the state machine"
        )
    slashed = re.sub(r"((?:\\\\)*)\\?/", r"\1\\x2f", pattern)
    return f"^(?:{slashed})"


def _escaped(char: str) -> str:
    """*char* as itself. A slash would end the expression in JSONata, whatever stands before it."""
    if char in "\\/":
        return f"\\x{ord(char):02x}"
    return "\\" + char if char in ".+*?()[]{}|^$" else char
