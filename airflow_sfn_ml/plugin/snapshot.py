"""One look at a Dag run: choose the group, read its execution, mask it, draw it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml import asl
from airflow_sfn_ml.exceptions import SfnMlError
from airflow_sfn_ml.history import Failure, failure
from airflow_sfn_ml.history.console import Console
from airflow_sfn_ml.pictures import to_svg
from airflow_sfn_ml.pictures.outline import outline
from airflow_sfn_ml.plugin import messages
from airflow_sfn_ml.plugin.details import details, lines, summary
from airflow_sfn_ml.plugin.masking import masked, masked_view
from airflow_sfn_ml.plugin.messages import Message
from airflow_sfn_ml.plugin.reading import Reading, generation_arn, hook_of, is_unchanged, read
from airflow_sfn_ml.plugin.runs import Instance

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

LOG_LINES = 40

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Question:
    """What the page wants to see.

    :param task_id: the task whose tab it is; empty for the tab of the Dag run.
    :param key: which of the run's groups; empty for the first, or the one of *task_id*.
    :param generation: which execution of the group; None for the last.
    :param redrive: as of the end of which redrive; None for now.
    :param state: which state to tell in full.
    :param seen: the last event that the page has seen of *seen_arn*.
    """

    dag_id: str
    run_id: str
    task_id: str = ""
    map_index: int = -1
    key: str = ""
    generation: int | None = None
    redrive: int | None = None
    state: str = ""
    seen: int = 0
    seen_arn: str = ""


def snapshot(instances: Sequence[Instance] | None, question: Question) -> dict[str, Any]:
    """The answer to *question*.

    :param instances: the groups of the Dag run; None if there is no such run.
    """
    chosen = choose(instances, question)
    if isinstance(chosen, Message):
        return said(chosen)
    mine = own(instances or (), question)
    answer: dict[str, Any] = {
        "groups": [{"key": each.key, "label": each.label} for each in mine],
        "key": chosen.key,
        "generations": list(range(chosen.generation + 1)),
        "generation": chosen.generation if question.generation is None else question.generation,
        "focus": _state_of(chosen, question.task_id),
    }
    arn = generation_arn(chosen, question.dag_id, question.run_id, answer["generation"])
    if arn is None:
        return {**answer, **said(messages.not_started(chosen))}
    try:
        return {**answer, **look(chosen, arn, question)}
    except SfnMlError as error:
        return {**answer, **said(messages.refused(error, chosen))}
    except Exception:
        log.exception("Cannot show %s", arn)
        return {**answer, **said(messages.UNEXPECTED)}


def look(instance: Instance, arn: str, question: Question) -> dict[str, Any]:
    """The execution *arn* or its newest repair, or that nothing has happened in it since it was seen."""
    hook = hook_of(instance.group)
    arn = hook.newest_repair(arn)
    if question.seen and question.seen_arn == arn and is_unchanged(hook, arn, question.seen):
        return {"unchanged": True, "task_states": dict(instance.task_states)}
    reading = read(hook, arn, question.redrive)
    answer = drawn(reading, instance, question)
    if answer["selected"] and answer["selected"]["error"]:
        answer["selected"]["log_lines"] = log_end(hook, failure(reading.view, answer["selected"]["name"]))
    return answer


def log_end(hook: StepFunctionsHook, why: Failure) -> list[str]:
    """The last lines of the failed job's log; none if there is no log, or it cannot be read."""
    if not why.log_group or not why.log_stream_prefix:
        return []
    try:
        return [str(line) for line in masked(hook.log_tail(why.log_group, why.log_stream_prefix, LOG_LINES))]
    except Exception as error:
        log.warning("Cannot read the log %s/%s: %s", why.log_group, why.log_stream_prefix, error)
        return []


def drawn(reading: Reading, instance: Instance, question: Question) -> dict[str, Any]:
    """The picture, the list of states and the selected state; everything masked."""
    view = masked_view(reading.view)
    machine = outline(asl.parse(reading.definition), view)
    console = Console(str(reading.described["executionArn"]), reading.endpoint)
    tasks = instance.group.tasks
    listed = lines(machine, tasks)
    name = question.state or _state_of(instance, question.task_id) or ""
    selected = next((line for line in listed if line["name"] == name), None)
    return {
        "unchanged": False,
        "open": reading.described["status"] == "RUNNING",
        "seen": reading.last_event_id,
        "seen_arn": str(reading.described["executionArn"]),
        "redrives": list(range(reading.redrives + 1)),
        "redrive": reading.redrives if question.redrive is None else min(question.redrive, reading.redrives),
        "execution": summary(view, reading.described, console),
        "svg": masked(to_svg(reading.definition, view)),
        "states": masked(listed),
        "selected": selected and details(view, name, str(selected["type"]), console, _task(instance, tasks.get(name))),
        "task_states": dict(instance.task_states),
    }


def choose(instances: Sequence[Instance] | None, question: Question) -> Instance | Message:
    """The group to show, or why there is none."""
    if instances is None:
        return messages.NO_RUN
    if not instances:
        return messages.NO_GROUP
    mine = own(instances, question)
    if not mine:
        return messages.not_ours(question.task_id, sorted({each.group.id or each.label for each in instances}))
    return next((each for each in mine if each.key == question.key), mine[0])


def own(instances: Sequence[Instance], question: Question) -> list[Instance]:
    """Those of *instances* that the page is about: all, or the one of its task."""
    if not question.task_id:
        return list(instances)
    mine = [each for each in instances if each.group.has(question.task_id)]
    return [each for each in mine if each.map_index == question.map_index] or mine


def said(message: Message) -> dict[str, Any]:
    """*message* in place of a picture, without secrets."""
    return {"message": masked(asdict(message))}


def _state_of(instance: Instance, task_id: str) -> str | None:
    return next((state for state, task in instance.group.tasks.items() if task == task_id), None)


def _task(instance: Instance, task_id: str | None) -> Mapping[str, Any]:
    if task_id is None:
        return {}
    state = instance.task_states.get(task_id)
    return {"task_id": task_id, "map_index": instance.map_index, "state": state}
