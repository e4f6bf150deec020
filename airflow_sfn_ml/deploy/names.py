"""Names that AWS keeps: derived, never random, so that whoever needs one can derive it again. Pure.

State machines and executions have names of 1 to 80 characters. Only ``0-9A-Za-z-_`` are used here, since CloudWatch
Logs takes no others. What is cut or replaced is made up for by a hash of the exact identity.
"""

from __future__ import annotations

import hashlib
import json
import re

LIMIT = 80
"""The most characters that AWS allows for the name of a state machine or an execution."""
REPAIRS = 1000
"""How many repairs of one execution are looked for."""
TAG_VALUE_LIMIT = 256
"""The most characters that AWS allows for the value of a tag."""


def machine_name(dag_id: str, group_id: str) -> str:
    """The name of the state machine of a group: both ids, and a hash where they alone would not be unmistakable.

    Without a hash there is exactly one hyphen, with a hash there are at least two, so the two kinds never meet.
    """
    if re.fullmatch(r"\w+", dag_id, re.ASCII) and re.fullmatch(r"\w+", group_id, re.ASCII):
        plain = f"{dag_id}-{group_id}"
        if len(plain) <= LIMIT:
            return plain
    return _hashed(f"{dag_id}-{group_id}", [dag_id, group_id], 12)


def execution_name(dag_id: str, run_id: str, group_id: str, map_index: int, generation: int, namesake: int = 0) -> str:
    """The name of the execution of a group in a Dag run.

    :param map_index: which of a mapped group; -1 for one that is not mapped.
    :param generation: 0 at first, and higher each time that a person starts the group anew.
    :param namesake: how many Dag runs of the same id have used the name before: those were deleted from Airflow, but
        AWS keeps their executions.
    """
    head = [run_id]
    if map_index >= 0:
        head.append(f"m{map_index}")
    if generation:
        head.append(f"g{generation}")
    identity: list[str | int] = [dag_id, run_id, group_id, map_index, generation]
    if namesake:
        head.append(f"n{namesake}")
        identity.append(namesake)
    return _hashed("-".join(head), identity, 20)


def task_execution_name(
    dag_id: str, run_id: str, task_id: str, map_index: int, generation: int, number: int, given: str | None = None
) -> str:
    """The name of the execution that one task starts.

    :param generation: grows each time that a person clears the task; 0 at first.
    :param number: which execution of the generation it is, from 0: AWS takes a name once in 90 days, so where an
        execution failed and cannot be redriven, the next one needs another.
    :param given: the name that the user chose; only what comes after the first execution gets a suffix.
    """
    suffix = (f"-g{generation}" if generation else "") + (f"-n{number + 1}" if number else "")
    if given is not None:
        return given[: LIMIT - len(suffix)] + suffix
    head = run_id if map_index < 0 else f"{run_id}-m{map_index}"
    digest = hashlib.sha256(json.dumps([dag_id, run_id, "task", task_id, map_index]).encode()).hexdigest()[:20]
    readable = re.sub(r"[^0-9A-Za-z_-]+", "-", head)
    return f"{readable[: LIMIT - len(digest) - 1 - len(suffix)]}-{digest}{suffix}"


def repair_machine_name(machine: str) -> str:
    """The name of the state machine that repairs the executions of *machine*."""
    name = f"{machine}-repair"
    return name if len(name) <= LIMIT else _hashed(machine, [machine, "repair"], 12)


def repair_arn(execution_arn: str, number: int) -> str:
    """The ARN of the *number*-th repair of an execution, counted from 1; of the execution itself for 0.

    The name keeps the end of the execution's own, which is a hash of the Dag run.
    """
    if not number:
        return execution_arn
    *head, machine, name = execution_arn.split(":")
    mark = f"r{number}-"
    return ":".join([*head, repair_machine_name(machine), mark + name[-(LIMIT - len(mark)) :]])


def repair_after(execution_arn: str, earlier_arn: str) -> str:
    """The ARN of the repair of *execution_arn* that comes after *earlier_arn*: the execution itself or a repair of it.

    :raises ValueError: *earlier_arn* is neither.
    """
    return repair_arn(execution_arn, repairs_until(execution_arn, earlier_arn) + 1)


def repairs_until(execution_arn: str, repaired_arn: str) -> int:
    """Which repair of *execution_arn* the execution *repaired_arn* is, counted from 1; 0 for the execution itself.

    :raises ValueError: it is neither.
    """
    for number in range(REPAIRS + 1):
        if repair_arn(execution_arn, number) == repaired_arn:
            return number
    raise ValueError(f"{repaired_arn} is no repair of {execution_arn}")


def tag_value(text: str) -> str:
    """*text* as the value of a tag: as it is where AWS allows it, else cut and made unmistakable by a hash."""
    if len(text) <= TAG_VALUE_LIMIT and re.fullmatch(r"[\w\s.:/=+\-@]*", text):
        return text
    return _hashed(text, [text], 20, TAG_VALUE_LIMIT)


def _hashed(head: str, identity: list[str | int], digits: int, limit: int = LIMIT) -> str:
    digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:digits]
    readable = re.sub(r"[^0-9A-Za-z_-]+", "-", head)
    return f"{readable[: limit - digits - 1]}-{digest}"
