"""JSONata text for what the compiler has to say.

The traps this module steps around: a string literal has no escape for a single quote, a hyphen is a subtraction, some
words are operators, and a field that is missing is not an error inside of a larger expression but silently nothing.
"""

from __future__ import annotations

import json
import re

from airflow_sfn_ml.asl.refs import Path
from airflow_sfn_ml.compiler.pythonic import with_functions

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS = frozenset({"and", "or", "in", "true", "false", "null", "function"})


def expression(code: str) -> str:
    """*code* as the language wants it in a definition, with the functions of `pythonic` that it calls."""
    return f"{{% {with_functions(code)} %}}"


def within(expression: str) -> str:
    """The code in *expression*, to stand in another one."""
    return expression.removeprefix("{%").removesuffix("%}").strip()


def literal(text: str) -> str:
    """*text* as a string literal; it never holds what ends an expression in a definition."""
    if "'" not in text and "\\" not in text and text.isprintable() and "%}" not in text:
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=not text.isprintable()).replace("%}", r"%\u007d")


def select(root: str, path: Path) -> str:
    """The value under *path* of *root*."""
    code = root
    for part in path:
        if isinstance(part, int):
            code += f"[{part}]"
        elif _NAME.fullmatch(part) and part not in _WORDS:
            code += f".{part}"
        elif part and part.isprintable() and "`" not in part and "%}" not in part:
            code += f".`{part}`"
        else:
            code = f"$lookup({code}, {literal(part)})"
    return code


def needed(root: str, path: Path, complaint: str) -> str:
    """The value under *path* of *root*, or a failure that says *complaint* where there is none.

    An index is taken of a list only: in JSONata a value that is no list acts as a list of itself.
    """
    code = select(root, path)
    lists = [f"$type({select(root, path[:at])}) = 'array'" for at, part in enumerate(path) if isinstance(part, int)]
    return f"({' and '.join([*lists, f'$exists({code})'])} ? {code} : $error({literal(complaint)}))"
