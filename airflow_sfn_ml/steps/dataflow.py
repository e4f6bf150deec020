"""Which placeholders can be used where: a state's output is only at hand while the states after it keep it.

``x.output()`` is written as a path into the input of the state that uses it. That is right if on every way to that
state the output of ``x`` arrives there: directly, or through states that hand their input on (Choice, Wait, a Pass
without a result, a Task whose ``result_path`` puts its result beside the input). So the check walks back from each
use, against the edges, until it meets ``x`` on every way, and fails where a way begins or the data is replaced.

As in the SDK, within its own branches or iterations the output of a Parallel or a Map stands for what these begin
with, and a state that hands its input on may use its own output.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.asl.refs import Path
from airflow_sfn_ml.inputs.expressions import expressions_in
from airflow_sfn_ml.inputs.placeholders import Placeholder, StepInput
from airflow_sfn_ml.steps.freezer import reachable

if TYPE_CHECKING:
    from airflow_sfn_ml.steps.blocks import Catch
    from airflow_sfn_ml.steps.chain import Chain
    from airflow_sfn_ml.steps.state import State

NOT_FROM_INPUT = frozenset({"result_selector", "output_path", "result_path", "output", "assign"})
"""Fields that are not, or not only, read from the state's input."""
_TOKEN = re.compile(r"\['((?:[^'\\]|\\.)*)'\]|\[(\d+)\]|\.([^.\[\]]+)")


@dataclass
class _Ways:
    """How each state is reached: by the end of another one (its catcher, if that handled an error), or as a
    beginning."""

    before: dict[int, list[tuple[State, Catch | None]]] = field(default_factory=dict)
    within: dict[int, State | None] = field(default_factory=dict)
    """For each state that a machine begins with: the Parallel or Map around that machine."""
    states: list[State] = field(default_factory=list)

    def add(self, block: State | Chain, around: State | None) -> None:
        machines: list[tuple[State | Chain, State | None]] = [(block, around)]
        while machines:
            block, around = machines.pop()
            self.within[id(block.members()[0])] = around
            for state in reachable(block):
                self.states.append(state)
                for target in [*_nexts(state)]:
                    self._edge(target, state, None)
                for catch in state.catches:
                    self._edge(catch.next_step, state, catch)
                machines += [(branch, state) for branch in state.branches_within()]

    def _edge(self, target: State | Chain, state: State, catch: Catch | None) -> None:
        self.before.setdefault(id(target.members()[0]), []).append((state, catch))


def illegal_placeholders(block: State | Chain) -> Iterator[str]:
    """What is wrong with the placeholders of the definition that begins with *block*."""
    ways = _Ways()
    ways.add(block, None)
    proven: set[tuple[int, Path, int]] = set()
    for state in ways.states:
        for name, placeholder in _uses(state):
            if placeholder.producer is state:
                if not _keeps(state, placeholder.keys):
                    yield _message(state, name, f"{placeholder!r} is its own output")
            elif not _arrives(placeholder, state, ways, proven):
                source = placeholder.producer.state_id
                yield _message(
                    state,
                    name,
                    f"the output of '{source}' is not what the state gets on every way to it; keep it in the data with "
                    "result_path, or in a variable with assign",
                )


def _message(state: State, name: str, reason: str) -> str:
    return f"State '{state.state_id}' is using an illegal placeholder for the '{name}' parameter: {reason}."


def _uses(state: State) -> Iterator[tuple[str, StepInput]]:
    for name, value in state.fields.items():
        if name not in NOT_FROM_INPUT:
            for key, item in value.items() if isinstance(value, dict) else ((name, value),):
                for placeholder in expressions_in(item):
                    if isinstance(placeholder, StepInput) and placeholder.producer is not None:
                        yield str(key), placeholder
    for rule, _ in getattr(state, "choices", ()):
        for placeholder in expressions_in(tuple(rule.placeholders())):
            if isinstance(placeholder, StepInput) and placeholder.producer is not None:
                yield "Choices", placeholder


def _arrives(placeholder: StepInput, state: State, ways: _Ways, proven: set[tuple[int, Path, int]]) -> bool:
    """Whether the output that *placeholder* reads is in the input of *state* on every way to it."""
    source, path = placeholder.producer, placeholder.keys
    seen = {id(state)}
    todo = [state]
    while todo:
        current = todo.pop()
        if (id(source), path, id(current)) in proven:
            continue
        if id(current) in ways.within:
            around = ways.within[id(current)]
            if around is not source:
                if around is None or not _hands_in(around):
                    return False
                if id(around) not in seen:
                    seen.add(id(around))
                    todo.append(around)
        for before, catch in ways.before.get(id(current), ()):
            if before is source and catch is None:
                continue
            if not (_keeps(before, path) if catch is None else _keeps_at(_result_path(catch), path)):
                return False
            if id(before) not in seen:
                seen.add(id(before))
                todo.append(before)
    proven.update((id(source), path, known) for known in seen)
    return True


def _nexts(state: State) -> list[State | Chain]:
    return state.successors()[: -len(state.catches) or None]


def _hands_in(around: State) -> bool:
    """Whether each branch gets what the state around it gets."""
    return around.type == "Parallel" and _whole(around, "input_path") and not (around.parameters or around.arguments)


def _keeps(state: State, path: Path) -> bool:
    """Whether what *state* gets under *path* is still there in what it gives."""
    given = state.fields
    if given.get("output") is not None or not _whole(state, "output_path"):
        return False
    if state.type in ("Choice", "Wait", "Succeed"):
        return _whole(state, "input_path")
    if state.type == "Pass" and given.get("result") is None and given.get("parameters") is None:
        return _whole(state, "input_path") or "result_path" in given
    return "result_path" in given and _keeps_at(given["result_path"], path)


def _result_path(catch: Catch) -> Any:
    return catch.fields.get("result_path", "$")


def _keeps_at(result_path: Any, path: Path) -> bool:
    """Whether a result put at *result_path* leaves what is at *path*."""
    if result_path is None:
        return True
    text = result_path.to_jsonpath() if isinstance(result_path, Placeholder) else str(result_path)
    place = tuple(int(index) if index else name or word for name, index, word in _TOKEN.findall(text))
    return place[: len(path)] != path and path[: len(place)] != place


def _whole(state: State, name: str) -> bool:
    """Whether the path *name* of *state* selects all there is."""
    return name not in state.fields or state.fields[name] == "$"
