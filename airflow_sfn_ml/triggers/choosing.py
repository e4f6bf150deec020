"""How Airflow learns what a task has chosen: an XCom, by which the scheduler skips what was not chosen. Pure.

A branch operator on a worker skips tasks itself, and leaves this XCom so that they stay skipped when they are cleared
(``SkipMixin``). The scheduler looks at it before it starts a task right after the branch (``NotPreviouslySkippedDep``),
so the XCom alone is enough, if it is there before the branch has ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

KEY = "skipmixin_key"
"""The key of the XCom; ``XCOM_SKIPMIXIN_KEY`` of Airflow."""
FOLLOWED = "followed"


def chosen(follows: Mapping[str, Sequence[str]], output: Any) -> dict[str, list[str]]:
    """The XCom of a task that has put out *output*, a list of ids.

    :param follows: the tasks right after it that run, by the ids that *output* may name.
    """
    named = [name for name in output if isinstance(name, str)] if isinstance(output, list) else []
    return {FOLLOWED: sorted({task_id for name in named for task_id in follows.get(name, ())})}
