"""What must hold when everything has ended; every violation is a sentence."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_sfn_ml.deploy.names import execution_name, machine_name, repair_arn, repair_machine_name
from airflow_sfn_ml.local import LocalAws
from benchmarks.chaos_database import Database, Tasks
from benchmarks.chaos_executions import OVER, Execution, executions, jobs, messages
from benchmarks.chaos_logs import blame
from benchmarks.chaos_person import FRAGILE, MEMBERS, START, Life
from benchmarks.chaos_plan import Story

GROUP = "g"
QUEUE = "chaos"
ARN = "arn:aws:states:us-east-1:123456789012:execution"
LEFT = dict.fromkeys(("config", START, "g.prepare", "g.count", "g.tell"), "success")
NEVER_FIXED = {**LEFT, FRAGILE: "failed", **dict.fromkeys(("g.report", "g.last", "collect"), "upstream_failed")}
SETTLED = 60.0
"""How long executions and jobs may take to end after the last Dag run has, in seconds."""


@dataclass(frozen=True)
class Found:
    """Everything that AWS and Airflow tell in the end."""

    executions: tuple[Execution, ...]
    jobs: Mapping[str, str]
    messages: Mapping[str, int]
    runs: Mapping[str, str]
    tasks: Mapping[str, Tasks]
    xcoms: Mapping[tuple[str, str], Any]


@dataclass(frozen=True)
class Generation:
    """An execution that a start task has started, and its repairs in their order."""

    number: int
    chain: tuple[Execution, ...]


def look(database: Database, aws: LocalAws) -> Found:
    """Wait until AWS has nothing to do any more, but not for ever, and read everything."""
    url = aws.client("sqs").get_queue_url(QueueName=QUEUE)["QueueUrl"]
    deadline = time.monotonic() + SETTLED
    while time.monotonic() < deadline:
        found, made = tuple(executions(aws)), jobs(aws)
        if all(each.status != "RUNNING" for each in found) and OVER.issuperset(made.values()):
            break
        time.sleep(1)
    return Found(found, made, messages(aws, url), database.runs(), database.tasks(), database.xcoms())


def violations(lives: Sequence[Life], found: Found) -> Iterator[str]:
    """What does not hold."""
    known: set[tuple[str, str]] = set()
    for life in lives:
        if life.plan.run_id not in found.runs:
            yield f"{life.plan.run_id}: was never triggered"
            continue
        made = _generations(life, found)
        known |= {(each.machine, each.name) for generation in made for each in generation.chain}
        for told in _of_run(life, made, found):
            yield f"{life.plan.dag_id} {life.plan.run_id} ({life.plan.story}, {life.plan.clearing}): {told}"
    for each in found.executions:
        if (each.machine, each.name) not in known:
            yield f"{each.machine} {each.name}: belongs to no generation of a Dag run ({each.status})"
        if each.status == "RUNNING":
            yield f"{each.machine} {each.name}: still runs"
    yield from _of_jobs(found)


def strays(lives: Sequence[Life], home: Path) -> Iterator[str]:
    """Tasks that failed by no plan and without a worker that was killed."""
    for life in lives:
        for task, number in life.stray:
            why = blame(home, life.plan.dag_id, life.plan.run_id, task, number)
            if why is not None:
                yield f"{life.plan.dag_id} {life.plan.run_id}: try {number} of {task} failed: {why}"


def _of_jobs(found: Found) -> Iterator[str]:
    owned = {name for each in found.executions for name in each.jobs}
    for name, status in found.jobs.items():
        if status not in OVER:
            yield f"job {name}: {status}"
        if name not in owned:
            yield f"job {name}: is in no execution's history"


def _of_run(life: Life, made: Sequence[Generation], found: Found) -> Iterator[str]:
    tasks = found.tasks[life.plan.run_id]
    if life.stuck:
        yield life.stuck
    yield from _of_states(life, tasks, found)
    if not made or made[-1].number != tasks.generation(START) or not made[-1].chain:
        yield f"generation {tasks.generation(START)} has no execution"
        return
    for generation in made:
        yield from _of_generation(life, generation, made[-1], tasks)
    last = made[-1].chain[-1]
    wanted = "FAILED" if life.plan.story is Story.NEVER else "SUCCEEDED"
    if last.status != wanted:
        yield f"{last.machine} {last.name} is {last.status}, not {wanted}"
    yield from _of_xcoms(life, made[-1], found)
    sent = sum(each.done.get("tell", 0) for generation in made for each in generation.chain)
    if found.messages.get(f"{life.plan.dag_id} {life.plan.run_id}", 0) != sent:
        yield f"{found.messages.get(f'{life.plan.dag_id} {life.plan.run_id}', 0)} messages were sent, not {sent}"


def _of_states(life: Life, tasks: Tasks, found: Found) -> Iterator[str]:
    never = life.plan.story is Story.NEVER
    state, wanted = found.runs[life.plan.run_id], "failed" if never else "success"
    if state != wanted:
        yield f"the Dag run is {state}, not {wanted}"
    for task, told in tasks.states.items():
        right = NEVER_FIXED[task] if never else "success"
        if told != right:
            yield f"{task} is {told}, not {right}"


def _of_generation(life: Life, generation: Generation, newest: Generation, tasks: Tasks) -> Iterator[str]:
    """One execution, as many redrives and repairs as asked for, and nothing done again that nobody cleared."""
    number, chain = generation.number, generation.chain
    rounds = [each for each in life.rounds if each.generation == number and START not in each.task_ids]
    again = sum(each.redrives for each in chain) + len(chain[1:])
    most = sum(2 if _clears_more(each) else 1 for each in rounds)
    if again > most:
        yield f"generation {number}: {again} redrives and repairs, but {most} were asked for"
    done: Counter[str] = Counter()
    for each in chain:
        done.update(each.done)
    for state, count in done.items():
        cleared = sum(
            told.task_id == f"{GROUP}.{state}" and told.state == "success" and _is_within(told.ended, generation)
            for told in tasks.before
        )
        if number != newest.number and cleared:
            cleared -= 1  # that was cleared with the start task
        asked = f"generation {number}: {state} was done {count} times, but cleared after a success {cleared} times"
        if count > 1 + cleared or (count < 1 + cleared and number == newest.number):
            yield asked


def _clears_more(each: Any) -> bool:
    """Whether something was cleared that had succeeded: that is not a redrive's, but takes a repair besides."""
    return any(task in each.task_ids for task in MEMBERS if task in LEFT)


def _is_within(ended: str, generation: Generation) -> bool:
    return ended.replace(" ", "T") >= generation.chain[0].started[:19]


def _of_xcoms(life: Life, generation: Generation, found: Found) -> Iterator[str]:
    states = found.tasks[life.plan.run_id].states
    for task in MEMBERS:
        state = task.partition(".")[2]
        told = found.xcoms.get((life.plan.run_id, task))
        if states[task] != "success":
            if told is not None:
                yield f"{task} is {states[task]}, but has an XCom"
            continue
        outputs = [each.outputs[state] for each in generation.chain if each.done.get(state)]
        if not outputs:
            yield f"{task} succeeded in Airflow, but was never done in generation {generation.number}"
        elif told != outputs[-1]:
            yield f"the XCom of {task} is not the output of its state: {str(told)[:200]}, {str(outputs[-1])[:200]}"


def _generations(life: Life, found: Found) -> list[Generation]:
    """The executions of a Dag run, by the names that its generations must have."""
    by_name: dict[str, dict[str, Execution]] = defaultdict(dict)
    for each in found.executions:
        by_name[each.machine][each.name] = each
    machine = machine_name(life.plan.dag_id, GROUP)
    tasks = found.tasks[life.plan.run_id]
    numbers = {told.max_tries for told in (*tasks.before, tasks.now[START]) if told.task_id == START}
    made = []
    for number in sorted(each - 2 for each in numbers):
        name = execution_name(life.plan.dag_id, life.plan.run_id, GROUP, -1, number)
        first = by_name[machine].get(name)
        if first is None:
            continue
        chain = [first]
        while True:
            repaired = repair_arn(f"{ARN}:{machine}:{name}", len(chain)).rpartition(":")[2]
            if repaired not in by_name[repair_machine_name(machine)]:
                break
            chain.append(by_name[repair_machine_name(machine)][repaired])
        made.append(Generation(number, tuple(chain)))
    return made
