"""Names that the definition needs: states of at most 80 characters, and variables.

A variable may not have the name of one in an enclosing scope, must not hide a function of JSONata, and cannot hold
a hyphen. So each carries its depth and what it is: ``t0_train`` is an output at the top, ``s1_train`` a status within a
branch.
"""

from __future__ import annotations

import hashlib
import re

STATE_NAME_LIMIT = 80
"""AWS's limit for the name of a state (botocore: StateName)."""


def state_name(label: str) -> str:
    """*label* as the name of a state: itself, or cut with a hash that keeps it apart from others."""
    return label if len(label) <= STATE_NAME_LIMIT else _cut(label, STATE_NAME_LIMIT)


def each_state(task: str) -> str:
    """The name of the state that does the work of one instance of the mapped *task*."""
    return state_name(f"{task}: each")


def gate_name(task: str) -> str:
    """The name of the state that decides whether the task whose state is *task* runs."""
    return state_name(f"{task}: gate")


def fresh(label: str, taken: set[str]) -> str:
    """A state name made of *label* that is not in *taken*, and is from now on."""
    name, count = state_name(label), 1
    while name in taken:
        count += 1
        name = state_name(f"{label} ({count})")
    taken.add(name)
    return name


def variable(task: str, depth: int, kind: str = "t") -> str:
    """The variable that holds what is known of *task* in a scope *depth* levels below the top, without the ``$``.

    :param kind: ``t`` for its output, ``s`` its status, ``c`` what it chose, ``e`` its failures.
    """
    plain = re.sub(r"[^A-Za-z0-9_]", "_", task)
    name = plain if plain == task else f"{plain}_{_digest(task)[:6]}"
    return f"{kind}{depth}_{name if len(name) <= 72 else _cut(name, 72)}".replace("-", "_")


def _cut(text: str, limit: int) -> str:
    return f"{text[: limit - 9]}-{_digest(text)[:8]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
