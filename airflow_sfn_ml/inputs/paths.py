"""One path of keys in the notations of both query languages."""

from __future__ import annotations

import json
import re

from airflow_sfn_ml.asl.refs import Path

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS = frozenset({"and", "or", "in", "true", "false", "null", "function"})


def bracketed(keys: Path) -> str:
    """``['a'][0]``: how the SDK writes a path."""
    return "".join(f"[{key}]" if isinstance(key, int) else f"['{_escaped(key)}']" for key in keys)


def dotted(keys: Path) -> str:
    """``.a[0]``, in brackets only what dots cannot say."""
    return "".join(f".{key}" if isinstance(key, str) and _NAME.fullmatch(key) else bracketed((key,)) for key in keys)


def selected(root: str, keys: Path) -> str:
    """JSONata's selection of *keys* from *root*."""
    code = root
    for key in keys:
        if isinstance(key, int):
            code += f"[{key}]"
        elif _NAME.fullmatch(key) and key not in _WORDS:
            code += f".{key}"
        elif "`" not in key:
            code += f".`{key}`"
        else:
            code = f"$lookup({code}, {quoted(key)})"
    return code


def quoted(text: str) -> str:
    """*text* as a string literal of JSONata, which has no escape for a single quote."""
    if "'" not in text and "\\" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)


def _escaped(key: str) -> str:
    return key.replace("\\", "\\\\").replace("'", "\\'")
