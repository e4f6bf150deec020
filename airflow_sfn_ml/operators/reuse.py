"""What a repair does not run again of mapped tasks: the iterations whose instances were not cleared. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from airflow_sfn_ml.compiler.names import each_state
from airflow_sfn_ml.history import ExecutionView, StateStatus

SUCCESS = "success"


def done_instances(task_id: str, states: Mapping[str, Any]) -> list[int]:
    """The map indexes of the instances of *task_id* that succeeded; *states* is Airflow's answer for the group."""
    prefix = f"{task_id}_"
    indexes = (key.removeprefix(prefix) for key, state in states.items() if key.startswith(prefix) and state == SUCCESS)
    return sorted(int(index) for index in indexes if index.isdigit())


def reused_iterations(
    name: str, indexes: Sequence[int], view: ExecutionView, earlier: Mapping[str, Any], *, read: bool
) -> dict[str, Any]:
    """What the repair knows of the iterations *indexes* of the mapped task *name*: ``{index: {"output": ...}}``.

    :param earlier: what the execution itself has reused.
    :param read: whether another task reads the outputs. One that is not known any more is made again then.
    """
    state = each_state(name)
    known = _mapping(earlier.get(state))
    found: dict[str, Any] = {}
    for index in indexes:
        output = _output(view.within(name, index), state)
        if output is None:
            output = _mapping(known.get(str(index))).get("output")
        if output is not None or not read:
            found[str(index)] = {"output": output if read else None}
    return found


def reused_group(
    name: str, parts: Mapping[str, Sequence[int]], view: ExecutionView, earlier: Mapping[str, Any], read: frozenset[str]
) -> dict[str, Any]:
    """The same for the mapped group *name*: its iterations in which every task is done.

    :param parts: the indexes that are done of each of its tasks.
    :param read: the tasks whose outputs other tasks of the whole group read.
    """
    known = _mapping(earlier.get(each_state(name)))
    found: dict[str, Any] = {}
    for index in sorted(set.intersection(*(set(indexes) for indexes in parts.values())) if parts else ()):
        before = _mapping(_mapping(known.get(str(index))).get("output"))
        outputs = dict(_outputs([part for part in parts if part in read], view.within(name, index), before))
        if len(outputs) == sum(part in read for part in parts):
            found[str(index)] = {"output": outputs}
    return found


def _outputs(parts: Sequence[str], view: ExecutionView, before: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for part in parts:
        output = _output(view, part)
        output = before.get(part) if output is None else output
        if output is not None:
            yield part, output


def _output(view: ExecutionView, state: str) -> Any:
    seen = view.state(state)
    return seen.output if seen.status is StateStatus.SUCCEEDED else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
