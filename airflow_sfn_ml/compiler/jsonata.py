"""JSONata text for what the compiler has to say.

The traps this module steps around: a string literal has no escape for a single quote, a hyphen is a subtraction, some
words are operators, and a field that is missing is not an error inside of a larger expression but silently nothing.
"""

from __future__ import annotations

import json
import re

from airflow_sfn_ml.asl.refs import Path

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS = frozenset({"and", "or", "in", "true", "false", "null", "function"})


def expression(code: str) -> str:
    """*code* as the language wants it in a definition."""
    return f"{{% {code} %}}"


def literal(text: str) -> str:
    """*text* as a string literal."""
    if "'" not in text and "\\" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)


def select(root: str, path: Path) -> str:
    """The value under *path* of *root*."""
    code = root
    for part in path:
        if isinstance(part, int):
            code += f"[{part}]"
        elif _NAME.fullmatch(part) and part not in _WORDS:
            code += f".{part}"
        elif "`" not in part:
            code += f".`{part}`"
        else:
            code = f"$lookup({code}, {literal(part)})"
    return code


def required(code: str, complaint: str) -> str:
    """The value of *code*, or a failure that says *complaint* where there is none."""
    return f"($exists({code}) ? {code} : $error({literal(complaint)}))"


def text(code: str) -> str:
    """The value of *code* as text: a string as it is, anything else as JSON."""
    return f"$string({code})"
