"""Definitions and views that the tests of the pictures share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from airflow_sfn_ml.history import Attempt, ExecutionView, StateStatus, StateView

Json = dict[str, Any]
BEGAN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def task(call: str, next: str | None = None, **more: Any) -> Json:
    """A Task that calls an integration."""
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::{call}",
        **({"Next": next} if next else {"End": True}),
        **more,
    }


def seen(
    name: str, status: str, seconds: float | None = None, attempts: int = 1, visits: int = 1, **more: Any
) -> StateView:
    """A state that was entered when the execution began; *seconds* later it exited."""
    return StateView(
        name,
        StateStatus(status),
        entered=BEGAN,
        exited=None if seconds is None else BEGAN + timedelta(seconds=seconds),
        attempts=tuple(Attempt(number + 1) for number in range(attempts)),
        entered_count=visits,
        **more,
    )


def execution(status: str, *states: StateView) -> ExecutionView:
    """An execution with these states."""
    return ExecutionView(status, {state.name: state for state in states})


RETRY = [{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 2}]
CENSUS: Json = {
    "StartAt": "preprocess",
    "States": {
        "preprocess": task("sagemaker:createProcessingJob.sync", "train", Retry=RETRY),
        "train": task("sagemaker:createTrainingJob.sync", "evaluate", Retry=RETRY),
        "evaluate": task("sagemaker:createProcessingJob.sync"),
    },
}
CENSUS_SEEN = execution(
    "RUNNING",
    seen("preprocess", "succeeded", 372),
    seen("train", "retrying", attempts=2, error="AlgorithmError"),
)

LOOP: Json = {
    "StartAt": "Submit",
    "States": {
        "Submit": task("sagemaker:createTransformJob", "Wait a minute"),
        "Wait a minute": {"Type": "Wait", "Seconds": 60, "Next": "Describe"},
        "Describe": task(
            "aws-sdk:sagemaker:describeTransformJob",
            "Done?",
            Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Give up"}],
        ),
        "Done?": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.Status", "StringEquals": "Completed", "Next": "Publish"},
                {
                    "And": [
                        {"Variable": "$.Status", "StringEquals": "Failed"},
                        {"Variable": "$.tries", "NumericLessThan": 3},
                    ],
                    "Next": "Submit",
                },
                {"Variable": "$.Status", "StringEquals": "Failed", "Next": "Give up"},
            ],
            "Default": "Wait a minute",
        },
        "Publish": task("lambda:invoke"),
        "Give up": {"Type": "Fail", "Error": "TransformFailed"},
    },
}
LOOP_SEEN = execution(
    "FAILED",
    seen("Submit", "succeeded", 2, visits=2),
    seen("Wait a minute", "succeeded", 60, visits=7),
    seen("Describe", "succeeded", 1, visits=7),
    seen("Done?", "succeeded", 0, visits=7),
    seen("Give up", "failed", 0, error="TransformFailed"),
)

NESTED: Json = {
    "StartAt": "Each region",
    "QueryLanguage": "JSONata",
    "States": {
        "Each region": {
            "Type": "Map",
            "MaxConcurrency": 4,
            "Next": "Good enough?",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Tell the team"}],
            "ItemProcessor": {
                "StartAt": "Preprocess",
                "States": {
                    "Preprocess": task("sagemaker:createProcessingJob.sync", "Train both"),
                    "Train both": {
                        "Type": "Parallel",
                        "End": True,
                        "Branches": [
                            {"StartAt": "XGBoost", "States": {"XGBoost": task("sagemaker:createTrainingJob.sync")}},
                            {
                                "StartAt": "Linear",
                                "States": {
                                    "Linear": task(
                                        "sagemaker:createTrainingJob.sync",
                                        Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "Without"}],
                                    ),
                                    "Without": {"Type": "Pass", "End": True},
                                },
                            },
                        ],
                    },
                },
            },
        },
        "Good enough?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.auc >= 0.8 %}", "Next": "Register"}],
            "Default": "Too weak",
        },
        "Register": task("sagemaker:createModel"),
        "Too weak": {"Type": "Fail", "Error": "ModelTooWeak"},
        "Tell the team": task("sns:publish"),
    },
}
NESTED_SEEN = execution(
    "RUNNING",
    seen(
        "Each region",
        "running",
        length=10,
        iterations={StateStatus.SUCCEEDED: 5, StateStatus.RUNNING: 3, StateStatus.FAILED: 1},
    ),
    seen("Preprocess", "running", visits=9, outcomes={StateStatus.SUCCEEDED: 8, StateStatus.RUNNING: 1}),
    seen("Train both", "running", visits=8, outcomes={StateStatus.SUCCEEDED: 5, StateStatus.RUNNING: 3}),
    seen("XGBoost", "succeeded", 300, visits=8, outcomes={StateStatus.SUCCEEDED: 8}),
    seen("Linear", "caught", 70, attempts=3, error="States.Timeout"),
    seen("Without", "succeeded", 0),
)

GOLDEN = {
    "census": (CENSUS, CENSUS_SEEN),
    "loop": (LOOP, None),
    "nested": (NESTED, NESTED_SEEN),
}

HOSTILE = (
    "<script>alert(1)</script>",
    '" onload="alert(1)',
    "</title></svg><img src=x onerror=alert(1)>",
    "]]>&amp;'",
    "bell \x07 escape \x1b[31m nul \x00",
    "line\nbreak\ttab",
    "turned \u202egnihtyna",
    "half \ud800 a pair",
    "1. end",
    "`md` **b** [a](javascript:alert(1))",
    '"] --> x["y',
    "%%{init: {}}%%",
    "$$x^2$$",
    "#quot;",
    "subgraph x",
    "モデルを訓練する 🙂",
    "W" * 80,
    " ",
)


def hostile() -> Json:
    """A chain of states with names that every format has its reasons to misread; their rules are no better."""
    states = {}
    for name, next in zip(HOSTILE, (*HOSTILE[1:], None), strict=True):
        rule = {"Variable": name, "StringEquals": name, "Next": next}
        states[name] = {"Type": "Choice", "Choices": [rule]} if next else {"Type": "Fail", "Error": name}
    return {"StartAt": HOSTILE[0], "States": states}


def chain(count: int) -> Json:
    """A machine of *count* states with loops, short cuts and a common handler of errors."""
    names = [f"step {number}" for number in range(count - 1)]
    states: Json = {}
    for number, name in enumerate(names):
        later = names[number + 1 :]
        if later and number % 7 == 5:
            states[name] = {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.rows", "NumericGreaterThan": number, "Next": later[0]},
                    {"Variable": "$.rows", "NumericEquals": 0, "Next": later[min(3, len(later) - 1)]},
                ],
                "Default": names[number - 3],
            }
        else:
            catch = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "broken"}]} if number % 3 == 0 else {}
            states[name] = task("sagemaker:createProcessingJob.sync", later[0] if later else None, **catch)
    return {"StartAt": names[0], "States": {**states, "broken": {"Type": "Fail", "Error": "Broken"}}}


def randomly(random: Random, depth: int = 2) -> Json:
    """Any machine: loops, states that nothing leads to, links that lead nowhere, branches in iterations in branches."""
    counter = iter(range(10_000))
    return _machine(random, depth, counter)


def _machine(random: Random, depth: int, counter: Any) -> Json:
    names = [
        f"{random.choice(('s', 'state', 'a rather long name of a state'))} {next(counter)}"
        for _ in range(random.randint(1, 7))
    ]
    targets = [*names, *names, "nowhere"]
    return {"StartAt": names[0], "States": {name: _state(random, targets, depth, counter) for name in names}}


def _state(random: Random, targets: list[str], depth: int, counter: Any) -> Json:
    kind = random.choice(
        ("Task", "Pass", "Choice", "Choice", "Fail", "Succeed", "Wait", *("Parallel", "Map") * bool(depth))
    )
    if kind in ("Fail", "Succeed"):
        return {"Type": kind}
    if kind == "Choice":
        rules = [
            {"Variable": "$.x" * random.randint(1, 9), "NumericEquals": number, "Next": random.choice(targets)}
            for number in range(random.randint(1, 4))
        ]
        return {
            "Type": kind,
            "Choices": rules,
            **({"Default": random.choice(targets)} if random.random() < 0.7 else {}),
        }
    state: Json = {"Type": kind, **({"Next": random.choice(targets)} if random.random() < 0.8 else {"End": True})}
    if kind == "Task":
        state["Resource"] = "arn:aws:states:::lambda:invoke"
    if kind == "Parallel":
        state["Branches"] = [_machine(random, depth - 1, counter) for _ in range(random.randint(1, 4))]
    if kind == "Map":
        state["ItemProcessor"] = _machine(random, depth - 1, counter)
    if kind in ("Task", "Parallel", "Map") and random.random() < 0.6:
        state["Catch"] = [
            {"ErrorEquals": [error], "Next": random.choice(targets)} for error in ("States.Timeout", "States.ALL")
        ]
    return state


def names_in(machine: Json) -> list[str]:
    """The names of all states, those in branches and iterations too."""
    names: list[str] = []
    for name, state in machine["States"].items():
        names.append(name)
        for inner in (*state.get("Branches", ()), *filter(None, [state.get("ItemProcessor")])):
            names.extend(names_in(inner))
    return names


def seen_randomly(random: Random, machine: Json) -> ExecutionView:
    """An execution in which anything may have happened to any state."""
    states = []
    for name in names_in(machine):
        status = random.choice(list(StateStatus))
        if status is not StateStatus.NOT_ENTERED:
            states.append(seen(name, status, None if status.is_open else 5, visits=random.choice((1, 1, 3))))
    return execution("RUNNING", *states)
