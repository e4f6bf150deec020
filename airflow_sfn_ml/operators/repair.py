"""Run again what was cleared, where a redrive cannot: in another execution, which passes over everything else.

The repair runs the group's definition with a gate before each task. Its input says which tasks are not to run, with
what became of them and their outputs; Airflow knows which those are, since clearing is what takes a task's state away.
So a task that was cleared without the ones after it runs alone, as in Airflow, and one that was marked a success counts
as one.

A repair is a state machine of its own, so that the group's own needs no gates. It is deployed when it is first needed.
Any number of cleared tasks may ask for the same repair; its name is derived, the first one starts it, and the others
adopt it.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.compiler.names import each_state
from airflow_sfn_ml.deploy.names import repair_after
from airflow_sfn_ml.exceptions import TooLarge
from airflow_sfn_ml.history import ExecutionView, StateStatus, reduce
from airflow_sfn_ml.operators.deployment import deployed_version
from airflow_sfn_ml.operators.follow_mapped import MappedFollower
from airflow_sfn_ml.operators.reuse import done_instances, reused_group, reused_iterations
from airflow_sfn_ml.operators.secrets import refuse_secrets
from airflow_sfn_ml.operators.start import INPUT_LIMIT
from airflow_sfn_ml.operators.telling import about_to_tell

log = logging.getLogger(__name__)

LOOKS, PAUSE = 30, 2.0
"""How many looks the history may take to show the end, and the seconds between two."""
FINISHED = frozenset({"success", "failed", "upstream_failed", "skipped"})
"""States of tasks that were not cleared."""


def begin_repair(group: Any, context: Any, failed_arn: str, started_arn: str) -> str:
    """Start the repair that comes after the execution *failed_arn*, or adopt it; return its ARN.

    :param started_arn: the execution that the group's start task started.
    :raises TooLarge: AWS takes no input as large as what the repair has to know.
    """
    hook, ti = group.hook(), context["ti"]
    view = _ended(hook, failed_arn)
    states = ti.get_task_states(dag_id=ti.dag_id, task_group_id=str(group.group_id), run_ids=[ti.run_id]).get(
        ti.run_id, {}
    )
    reuse = _reuse(group, ti, view, failed_arn, states)
    values = group.rendered(context)
    refuse_secrets(group, values)
    identity = dict(_mapping(view.input).get("airflow") or {})
    document = {**group.execution_input(identity, values), "reuse": reuse}
    _refuse_large(document, reuse)
    start = group.dag.get_task(group.start_task_id)
    role_arn = start.render_template(group.role_arn, context) if group.role_arn else None
    version_arn = deployed_version(group, role_arn, repair=True)
    arn = repair_after(started_arn, failed_arn)
    log.info("Repairing %s in %s; it passes over %s", failed_arn, arn, ", ".join(reuse) or "nothing")
    return str(hook.start(version_arn, arn.rpartition(":")[2], document))


def _ended(hook: Any, arn: str) -> ExecutionView:
    """What *arn*, which has ended, has done; reads may lag behind."""
    for _ in range(LOOKS):
        view = reduce(hook.events(arn), None)
        if view.status != "RUNNING":
            break
        log.info("The history of %s does not show its end yet; looking again", arn)
        time.sleep(PAUSE)
    return view


def _reuse(group: Any, ti: Any, view: ExecutionView, arn: str, states: Mapping[str, Any]) -> dict[str, Any]:
    """What the repair of *arn* does not run: ``{state: {"status": ..., "output": ...}}``."""
    map_index = -1 if ti.map_index is None else ti.map_index
    earlier = _mapping(_mapping(view.input).get("reuse"))
    read = group.compiled().program.report.read
    reuse: dict[str, Any] = {}
    for operator, name in group.members():
        status = _status(operator.task_id, states, map_index)
        if status is None and map_index < 0:
            status = about_to_tell(operator, name, ti, view, arn)
        if status is None:
            done = done_instances(operator.task_id, states) if isinstance(operator, MappedFollower) else []
            if done:
                again = reused_iterations(name, done, view, earlier, read=name in read)
                reuse |= {each_state(name): again} if again else {}
            continue
        output = None
        if status == "success" and name in read:
            seen = view.state(name)
            output = seen.output if seen.status == StateStatus.SUCCEEDED else _mapping(earlier.get(name)).get("output")
        reuse[name] = {"status": status, "output": output}
    return _with_mapped_groups(group, view, states, reuse, earlier)


def _with_mapped_groups(
    group: Any, view: ExecutionView, states: Mapping[str, Any], reuse: dict[str, Any], earlier: Mapping[str, Any]
) -> dict[str, Any]:
    """*reuse* with mapped groups as wholes, or by iteration where only some are done; not with their tasks."""
    compiled = group.compiled()
    ids = {name: operator.task_id for operator, name in group.members()}
    for node in compiled.nodes:
        parts = [part.name for part in node.parts]
        if not parts:
            continue
        told = [reuse.pop(part, None) for part in parts]
        if not any(item is None or item["status"] in ("failed", "upstream_failed") for item in told):
            skipped = all(item["status"] == "skipped" for item in told if item)
            if not any(part in compiled.program.report.read for part in parts):
                reuse[node.name] = {"status": "skipped" if skipped else "success", "output": None}
                continue
        done = {part: done_instances(ids[part], states) for part in parts}
        again = reused_group(node.name, done, view, earlier, compiled.program.report.read)
        reuse |= {each_state(node.name): again} if again else {}
    return reuse


def _status(task_id: str, states: Mapping[str, Any], map_index: int) -> str | None:
    """What Airflow says of a task that was not cleared; None for one that was, or whose instances were in part."""
    own = states.get(task_id) if map_index < 0 else states.get(f"{task_id}_{map_index}", states.get(task_id))
    if own is not None or map_index >= 0:
        return str(own) if own in FINISHED else None
    prefix = f"{task_id}_"
    instances = [
        state for key, state in states.items() if key.startswith(prefix) and key.removeprefix(prefix).isdigit()
    ]
    if not instances or any(state not in FINISHED for state in instances):
        return None
    for status in ("failed", "upstream_failed"):
        if status in instances:
            return status
    return "success" if "success" in instances else "skipped"


def _refuse_large(document: Mapping[str, Any], reuse: Mapping[str, Any]) -> None:
    size = len(json.dumps(document, ensure_ascii=False).encode())
    if size > INPUT_LIMIT:
        sizes = sorted(((len(json.dumps(item)), name) for name, item in reuse.items()), reverse=True)
        largest = ", ".join(f"{name} {length:,}" for length, name in sizes[:3])
        raise TooLarge(
            f"the input of the repair has {size:,} bytes, AWS allows {INPUT_LIMIT:,}; the largest outputs that it "
            f"would reuse: {largest}. Clear the group's start task to run everything anew"
        )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
