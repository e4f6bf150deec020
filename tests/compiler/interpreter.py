"""Run a compiled definition without any service: what each task does is told beforehand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_sfn_ml.local.stepfunctions.jsonata import evaluate

SUFFIX = " %}"


class Failed(Exception):
    """A state failed, and nothing caught it."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error, self.cause = error, cause


@dataclass
class Run:
    """One execution.

    :param failing: the tasks that fail.
    :param entered: filled: the tasks that ran, in some order that the definition allows.
    """

    failing: frozenset[str]
    input: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    entered: list[str] = field(default_factory=list)

    def machine(self, definition: Mapping[str, Any], outer: Mapping[str, Any]) -> Any:
        """The output of *definition*; *outer* are the variables around it."""
        variables = dict(outer)
        name = definition["StartAt"]
        output: Any = {}
        while name:
            output, name = self._state(name, definition["States"][name], variables, output)
        return output

    def _state(
        self, name: str, state: Mapping[str, Any], variables: dict[str, Any], given: Any
    ) -> tuple[Any, str | None]:
        states: dict[str, Any] = {"input": given, "context": {"Execution": {"Input": self.input, "Id": "x"}}}
        match state["Type"]:
            case "Choice":
                for rule in state["Choices"]:
                    if self._value(rule["Condition"], states, variables):
                        self._assign(rule, states, variables)
                        return self._value(rule.get("Output", given), states, variables), rule["Next"]
                self._assign(state, states, variables)
                return self._value(state.get("Output", given), states, variables), state["Default"]
            case "Succeed":
                return given, None
            case "Fail":
                raise Failed(
                    self._value(state["Error"], states, variables), self._value(state["Cause"], states, variables)
                )
            case "Task":
                self.entered.append(name)
                if name in self.failing:
                    return self._caught(Failed("States.TaskFailed", f"{name} broke"), state, states, variables)
                states["result"] = self.outputs.get(name, {"TrainingJobStatus": "Completed", "Name": name})
            case "Parallel":
                try:
                    states["result"] = [self.machine(branch, variables) for branch in state["Branches"]]
                except Failed as error:
                    return self._caught(error, state, states, variables)
            case _:
                self.entered.append(name)
        self._assign(state, states, variables)
        return self._value(state.get("Output", given), states, variables), state.get("Next")

    def _caught(
        self, error: Failed, state: Mapping[str, Any], states: dict[str, Any], variables: dict[str, Any]
    ) -> tuple[Any, str]:
        for catch in state.get("Catch", ()):
            states["errorOutput"] = {"Error": error.error, "Cause": error.cause}
            self._assign(catch, states, variables)
            return self._value(catch.get("Output", {}), states, variables), catch["Next"]
        raise error

    def _assign(self, state: Mapping[str, Any], states: Mapping[str, Any], variables: dict[str, Any]) -> None:
        variables |= {key: self._value(value, states, variables) for key, value in state.get("Assign", {}).items()}

    def _value(self, value: Any, states: Mapping[str, Any], variables: Mapping[str, Any]) -> Any:
        match value:
            case str() if value.startswith("{%"):
                return evaluate(value.removeprefix("{% ").removesuffix(SUFFIX), {**variables, "states": states})
            case dict():
                return {key: self._value(item, states, variables) for key, item in value.items()}
            case list():
                return [self._value(item, states, variables) for item in value]
            case _:
                return json.loads(json.dumps(value))
