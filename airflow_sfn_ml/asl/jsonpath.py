"""The syntax of JSONPath and of intrinsic functions, as Step Functions reads them: checked, never evaluated.

Only what cannot be read at all is a fault, so that no path is refused that AWS takes: Step Functions uses Jayway's
JsonPath, which is wider than the specification.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_START = re.compile(r"\$\$|\$[^\W\d]\w*|\$")
_NAME = re.compile(r"[^.\[\]\s]+")
_INSIDE = re.compile(
    r"""\s*(?:\*|-?\d*\s*:\s*-?\d*(?:\s*:\s*-?\d*)?|-?\d+(?:\s*,\s*-?\d+)*
    |(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?:\s*,\s*(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))*)\s*\]""",
    re.X | re.S,
)
_REFERENCE = re.compile(r"""(\$\$|\$\w*)(\.[^.\[\]\s*()]+|\.?\[\s*(?:\d+|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*\])*""")
_FUNCTION = re.compile(r"\s*(States\.(\w+))\s*\(")
_VALUE = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null")
_TEXT = re.compile(r"'(?:[^'\\]|\\.)*'", re.S)
_ARGUMENT_PATH = re.compile(
    r"\$(?:[^,()\[\]\s'\"]|\[(?:[^\[\]'\"]|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\[[^\]]*\])*\])*"
)

ARITY: dict[str, tuple[int, int | None]] = {
    "Array": (0, None),
    "ArrayContains": (2, 2),
    "ArrayGetItem": (2, 2),
    "ArrayLength": (1, 1),
    "ArrayPartition": (2, 2),
    "ArrayRange": (3, 3),
    "ArrayUnique": (1, 1),
    "Base64Decode": (1, 1),
    "Base64Encode": (1, 1),
    "Format": (1, None),
    "Hash": (2, 2),
    "JsonMerge": (3, 3),
    "JsonToString": (1, 1),
    "MathAdd": (2, 2),
    "MathRandom": (2, 3),
    "StringSplit": (2, 2),
    "StringToJson": (1, 1),
    "UUID": (0, 0),
}
"""The intrinsic functions and how many arguments they take at least and at most."""


@dataclass
class Intrinsic:
    """A call of an intrinsic function.

    :param fault: why it cannot be read; None if it can.
    :param calls: each function called, with its number of arguments.
    :param paths: the paths among its arguments, nested calls included.
    :param depth: how many calls stand within each other.
    """

    fault: str | None = None
    calls: list[tuple[str, int]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    depth: int = 0


def path_fault(text: str) -> str | None:
    """Why *text* cannot be read as a JSONPath; None if it can."""
    text = text.strip()
    start = _START.match(text)
    if not start:
        return "a path begins with $"
    at = start.end()
    while at < len(text):
        if text[at] == ".":
            at += 2 if text.startswith("..", at) else 1
            if at >= len(text):
                return "a path does not end in a dot"
            if text[at] == "[":
                continue
            name = _NAME.match(text, at)
            if not name:
                return f"a field name is missing after {text[:at]}"
            at = name.end()
        elif text[at] == "[":
            end = _bracket_end(text, at)
            if end is None:
                return f"the bracket after {text[:at]} holds no index, name, slice or filter, or is not closed"
            at = end
        elif text[at].isspace():
            return "a field with blanks in its name is written ['a name']"
        else:
            return f"{text[at:]!r} cannot follow {text[:at]}"
    return None


def _bracket_end(text: str, at: int) -> int | None:
    inside = _INSIDE.match(text, at + 1)
    if inside and inside.group().strip() != "]":
        return inside.end()
    if not text[at + 1 :].lstrip().startswith("?"):
        return None
    depth, quote, position = 0, "", at
    while position < len(text):
        char = text[position]
        if quote:
            if char == "\\":
                position += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char in "[]()":
            depth += 1 if char in "[(" else -1
            if not depth:
                return position + 1
        position += 1
    return None


def is_reference(text: str) -> bool:
    """Whether the path names exactly one node: only fields and indexes."""
    return _REFERENCE.fullmatch(text.strip()) is not None


def variable_of(text: str) -> str | None:
    """The variable that the path begins with, without ``$``."""
    start = _START.match(text.strip())
    return start.group()[1:] if start and start.group() not in ("$", "$$") else None


def is_intrinsic(text: str) -> bool:
    """Whether *text* is meant as a call of an intrinsic function."""
    return text.lstrip().startswith("States.")


def intrinsic(text: str) -> Intrinsic:
    """Read *text* as a call of an intrinsic function."""
    found = Intrinsic()
    end = _call(text, 0, 1, found)
    if found.fault is None and text[end:].strip():
        found.fault = f"{text[end:].strip()!r} follows the closing parenthesis"
    return found


def _call(text: str, at: int, depth: int, found: Intrinsic) -> int:
    head = _FUNCTION.match(text, at)
    if not head:
        found.fault = "a call is written States.Name(arguments)"
        return at
    if head.group(2) not in ARITY:
        found.fault = f"there is no function {head.group(1)}"
        return at
    found.depth = max(found.depth, depth)
    at, count = head.end(), 0
    while not _failed(found):
        at = _blanks(text, at)
        if text.startswith(")", at):
            if count and text[:at].rstrip().endswith(","):
                found.fault = "an argument is missing before )"
            found.calls.append((head.group(2), count))
            return at + 1
        at = _blanks(text, _argument(text, at, depth, found))
        count += 1
        if text.startswith(",", at):
            at += 1
        elif not text.startswith(")", at) and not _failed(found):
            found.fault = f"the arguments of {head.group(1)} are not closed by )"
    return at


def _failed(found: Intrinsic) -> bool:
    return found.fault is not None


def _argument(text: str, at: int, depth: int, found: Intrinsic) -> int:
    if text.startswith("States.", at):
        return _call(text, at, depth + 1, found)
    path = _ARGUMENT_PATH.match(text, at)
    if path:
        found.fault = path_fault(path.group())
        found.paths.append(path.group())
        return path.end()
    value = _TEXT.match(text, at) or _VALUE.match(text, at)
    if not value:
        found.fault = f"{text[at : at + 20]!r} is no argument: a path, a number, a text in single quotes or a call"
        return at
    return value.end()


def _blanks(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at
