"""Random machines that AWS would accept, and random damage to definitions.

A machine is a row of states, each leading to the next one; choices and catchers jump ahead in the row. So every state
is reached, something ends it, and a variable is read only after it was written.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from airflow_sfn_ml.asl import (
    NULL,
    Catch,
    Choice,
    ChoiceRule,
    Fail,
    Map,
    Parallel,
    Pass,
    Retry,
    State,
    StateMachine,
    Succeed,
    Task,
    Wait,
)

Draw = Callable[[st.SearchStrategy[Any]], Any]

WORDS = st.text("abcdefghijkmnopqrsuvwxyz XYZ-_0123456789äß信", min_size=1, max_size=12)
SCALARS = st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6) | WORDS
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=6
)
OBJECTS = st.dictionaries(WORDS, JSON, max_size=3)
ERRORS = st.lists(
    st.sampled_from(["States.Timeout", "SageMaker.ResourceLimitExceededException", "Custom"]), min_size=1, unique=True
)
RESOURCES = {
    "arn:aws:states:::lambda:invoke": {"FunctionName": "f"},
    "arn:aws:states:::sagemaker:createTrainingJob.sync": {"TrainingJobName": "t"},
    "arn:aws:states:::states:startExecution.sync:2": {
        "StateMachineArn": "arn:aws:states:eu-west-1:123456789012:stateMachine:m"
    },
    "arn:aws:states:::aws-sdk:s3:listBuckets": {},
    "arn:aws-cn:lambda:cn-north-1:123456789012:function:f:live": {"x": 1},
    "arn:aws:states:eu-west-1:123456789012:activity:paint": {},
}
TIMESTAMP = "2030-01-01T00:00:00Z"


@dataclass
class Scope:
    """What the states of one row may use: names not taken yet, and variables written before."""

    language: str
    counter: list[int]
    depth: int
    variables: list[str] = field(default_factory=list)

    def fresh(self, prefix: str) -> str:
        self.counter[0] += 1
        return f"{prefix}{self.counter[0]}"

    def inner(self, language: str) -> Scope:
        return Scope(language, self.counter, self.depth + 1, list(self.variables))


SHAPES = [
    "{0}",
    "$exists({0}) ? {0} : 'none'",
    "[{0}, 1..3][$ > 1]",
    "{{'k': {0}, \"l\": $string({0}).`b c`}}",
    "$map({0}, function($v, $i) {{ $v & '-' & $string($i) }})",
    "({0}.x^(>y)[z in [1]].{{'n': w}}; $merge([{0}]))",
    "$replace($string({0}), /[^a-z\\/]+/i, '-') ~> $uppercase()",
    "{0}.items[price > 10 and not_sold != true].name",
]
"""Expressions around a value, as templates of `str.format`."""


def expression(draw: Draw, scope: Scope, *fields: str) -> str:
    known = [f"$states.{name}" for name in ("input.a", "context.Execution.Name", *fields)]
    known += [f"${name}" for name in scope.variables]
    return "{% " + draw(st.sampled_from(SHAPES)).format(draw(st.sampled_from(known))) + " %}"


def path(draw: Draw, scope: Scope) -> str:
    heads = ["$", "$$.Execution", *(f"${name}" for name in scope.variables)]
    steps = st.sampled_from([".a", ".b-c", "[0]", "['a b']", ".d.e"])
    return str(draw(st.sampled_from(heads)) + "".join(draw(st.lists(steps, max_size=2))))


def template(draw: Draw, scope: Scope) -> dict[str, Any]:
    body: dict[str, Any] = {"constant": draw(JSON), "path.$": path(draw, scope)}
    argument = path(draw, scope)
    calls = [
        f"States.Format('\\{{x\\}} {{}}', {argument})",
        "States.UUID()",
        f"States.MathAdd(1, States.ArrayLength({argument}))",
    ]
    return {**body, "inner": {"call.$": draw(st.sampled_from(calls))}}


def payload(draw: Draw, scope: Scope, *fields: str) -> Any:
    return draw(OBJECTS) | {"value": expression(draw, scope, *fields), "list": [expression(draw, scope, *fields)]}


def assign(draw: Draw, scope: Scope, *fields: str) -> dict[str, Any] | None:
    """New variables, not to be read before the state is over."""
    if draw(st.booleans()):
        return None
    name = scope.fresh("v")
    if scope.language == "JSONata":
        return {name: expression(draw, scope, *fields)}
    return {f"{name}.$": path(draw, scope)} if draw(st.booleans()) else {name: draw(SCALARS)}


def shaping(draw: Draw, scope: Scope, *fields: str) -> dict[str, Any]:
    if scope.language == "JSONata":
        return {"output": payload(draw, scope, *fields)} if draw(st.booleans()) else {}
    choices = st.sampled_from([None, NULL, "$", "$.a.b"])
    return {"input_path": draw(choices), "output_path": draw(choices)}


def retries(draw: Draw) -> tuple[Retry, ...]:
    """Some errors, then all of them."""
    if draw(st.booleans()):
        return ()
    first = Retry(
        error_equals=tuple(draw(ERRORS)),
        interval_seconds=draw(st.none() | st.integers(1, 10)),
        max_attempts=draw(st.none() | st.integers(0, 5)),
        backoff_rate=draw(st.none() | st.sampled_from([1, 1.5, 2.0])),
        max_delay_seconds=draw(st.none() | st.integers(10, 100)),
        jitter_strategy=draw(st.sampled_from([None, "FULL", "NONE"])),
        comment=draw(st.none() | WORDS),
    )
    return (first, Retry(error_equals=("States.ALL",)))


def catches(draw: Draw, scope: Scope, later: list[str]) -> tuple[Catch, ...]:
    if not later or draw(st.booleans()):
        return ()
    following = draw(st.sampled_from(later))
    if scope.language == "JSONata":
        caught = expression(draw, scope, "errorOutput.Cause")
        return (Catch(error_equals=("States.ALL",), next=following, output=caught, assign={scope.fresh("v"): caught}),)
    where = draw(st.sampled_from([None, NULL, "$.error"]))
    return (Catch(error_equals=("States.TaskFailed",), next=following, result_path=where),)


def working(draw: Draw, scope: Scope, later: list[str]) -> dict[str, Any]:
    fields = {"retry": retries(draw), "catch": catches(draw, scope, later), "assign": assign(draw, scope, "result.r")}
    if scope.language == "JSONPath":
        fields["result_selector"] = draw(st.none() | st.just(template(draw, scope)))
        fields["result_path"] = draw(st.sampled_from([None, NULL, "$.result"]))
    return fields | shaping(draw, scope, "result.r")


def task(draw: Draw, scope: Scope, name: str, later: list[str]) -> Task:
    resource = draw(st.sampled_from(sorted(RESOURCES)))
    fields = working(draw, scope, later)
    if scope.language == "JSONata":
        fields["arguments"] = RESOURCES[resource] | payload(draw, scope)
        fields["timeout_seconds"] = draw(st.sampled_from([None, 60, "{% $states.input.seconds %}"]))
    else:
        fields["parameters"] = RESOURCES[resource] | template(draw, scope)
        fields |= draw(st.sampled_from([{}, {"timeout_seconds": 60}, {"timeout_seconds_path": "$.seconds"}]))
    if ":activity:" not in resource and draw(st.booleans()):
        fields["credentials"] = {"RoleArn": "arn:aws:iam::123456789012:role/r"}
    return Task(name, resource=resource, heartbeat_seconds=draw(st.none() | st.integers(1, 59)), **fields)


def pass_(draw: Draw, scope: Scope, name: str, later: list[str]) -> Pass:
    fields = shaping(draw, scope) | {"assign": assign(draw, scope)}
    if scope.language == "JSONPath":
        given = draw(st.sampled_from(["result", "parameters"]))
        fields[given] = draw(JSON) if given == "result" else template(draw, scope)
        fields[given] = NULL if fields[given] is None else fields[given]
        fields["result_path"] = draw(st.sampled_from([None, NULL, "$.result"]))
    return Pass(name, **fields)


def wait(draw: Draw, scope: Scope, name: str, later: list[str]) -> Wait:
    ways: list[dict[str, Any]] = [{"seconds": 5}, {"timestamp": TIMESTAMP}]
    if scope.language == "JSONata":
        ways += [{"seconds": "{% $states.input.s %}"}, {"timestamp": "{% $now() %}"}]
    else:
        ways += [{"seconds_path": "$.s"}, {"timestamp_path": "$.t"}]
    return Wait(name, assign=assign(draw, scope), **draw(st.sampled_from(ways)), **shaping(draw, scope))


def choice(draw: Draw, scope: Scope, name: str, later: list[str]) -> Choice:
    targets = st.sampled_from(later)
    if scope.language == "JSONata":
        condition = "{% " + expression(draw, scope)[3:-3] + " = 1 %}"
        rules = [ChoiceRule.when(condition, draw(targets))]
    else:
        simple = draw(
            st.sampled_from(
                [
                    {"Variable": "$.n", "NumericLessThanEquals": 1.5},
                    {"Variable": "$$.State.Name", "StringMatches": "a*"},
                    {"Variable": "$.t", "TimestampGreaterThan": TIMESTAMP},
                    {"Variable": "$.x", "StringEqualsPath": "$.y"},
                    {"Variable": "$.x", "IsPresent": True},
                ]
            )
        )
        nested = {"Or": [{"Not": simple}, {"And": [simple, {"Variable": "$.b", "BooleanEquals": False}]}]}
        rules = [ChoiceRule(draw(st.sampled_from([simple, nested])), Next=draw(targets))]
    return Choice(name, choices=tuple(rules), default=later[0], assign=assign(draw, scope), **shaping(draw, scope))


def parallel(draw: Draw, scope: Scope, name: str, later: list[str], top: str) -> Parallel:
    count = draw(st.integers(1, 2))
    branches = tuple(row(draw, scope.inner(top), top) for _ in range(count))
    given = "arguments" if scope.language == "JSONata" else "parameters"
    content = payload(draw, scope) if scope.language == "JSONata" else template(draw, scope)
    return Parallel(name, branches=branches, **{given: content}, **working(draw, scope, later))


def map_(draw: Draw, scope: Scope, name: str, later: list[str], top: str) -> Map:
    distributed = draw(st.booleans())
    inner = scope.inner(top)
    if distributed:
        inner.variables.clear()
    body = row(draw, inner, top)
    fields = working(draw, scope, later)
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"} if distributed else {"Mode": "INLINE"}
    fields["max_concurrency"] = draw(st.none() | st.integers(0, 40))
    fields["tolerated_failure_percentage"] = draw(st.none() | st.integers(0, 100))
    where = "arguments" if scope.language == "JSONata" else "parameters"
    if scope.language == "JSONata":
        fields["item_selector"] = draw(st.none() | st.just({"v": "{% $states.context.Map.Item.Value %}"}))
        fields["items"] = draw(st.sampled_from([None, [1, 2], "{% $states.input.items %}"]))
    else:
        fields["item_selector"] = draw(st.none() | st.just({"v.$": "$$.Map.Item.Value"}))
        fields["items_path"] = draw(st.none() | st.just("$.items"))
    if distributed:
        fields["label"] = scope.fresh("label")
        fields["item_batcher"] = {"MaxItemsPerBatch": 10, "BatchInput": {"a": 1}}
        source = {"Bucket": "b", "Key": "k"}
        csv = {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a"], "MaxItems": 5}
        fields["item_reader"] = {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": csv,
            where.title(): source,
        }
        fields["result_writer"] = {
            "Resource": "arn:aws:states:::s3:putObject",
            where.title(): {"Bucket": "b", "Prefix": "p"},
        }
        fields.pop("items", None)
        fields.pop("items_path", None)
    old = not distributed and draw(st.booleans())
    processor = {"iterator": body} if old else {"item_processor": replace(body, processor_config=config)}
    return Map(name, **processor, **fields)


def last(draw: Draw, scope: Scope, name: str) -> State:
    kind = draw(st.sampled_from(["succeed", "fail", "pass", "task"]))
    if kind == "succeed":
        return Succeed(name, **shaping(draw, scope))
    if kind == "fail":
        if scope.language == "JSONata":
            return Fail(name, error="E", cause=expression(draw, scope))
        return Fail(name, error_path="$.e", cause_path="States.Format('{}', $.c)")
    return (pass_ if kind == "pass" else task)(draw, scope, name, [])


def row(draw: Draw, scope: Scope, top: str) -> StateMachine:
    """A machine of one to four states."""
    names = [scope.fresh(draw(WORDS)) for _ in range(draw(st.integers(1, 4)))]
    makers: list[Any] = [task, pass_, wait, choice]
    if scope.depth < 2:
        makers += [parallel, map_]
    states: list[State] = []
    for position, name in enumerate(names):
        language = "JSONata" if top == "JSONata" or draw(st.booleans()) else "JSONPath"
        inside = replace(scope, language=language)
        later = names[position + 1 :]
        if not later:
            state = last(draw, inside, name)
        else:
            maker = draw(st.sampled_from(makers))
            state = (
                maker(draw, inside, name, later, top) if maker in (parallel, map_) else maker(draw, inside, name, later)
            )
            if not isinstance(state, Choice):
                state = replace(state, next=later[0])
        own = language if language != top or draw(st.booleans()) else None
        states.append(replace(state, query_language=own, comment=draw(st.none() | WORDS)))
        scope.variables += [key.removesuffix(".$") for key in getattr(state, "assign", None) or {}]
    return StateMachine(names[0], tuple(states), comment=draw(st.none() | WORDS))


@st.composite
def machines(draw: Draw) -> StateMachine:
    """A whole machine that breaks no rule."""
    top = draw(st.sampled_from(["JSONPath", "JSONata"]))
    machine = row(draw, Scope(top, [0], 0), top)
    said = top if top == "JSONata" or draw(st.booleans()) else None
    return replace(
        machine,
        query_language=said,
        timeout_seconds=draw(st.none() | st.integers(1, 10**6)),
        version=draw(st.none() | st.just("1.0")),
    )


@st.composite
def damaged(draw: Draw, definitions: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """A definition in which one to three values are gone, replaced or new."""
    definition: dict[str, Any] = copy.deepcopy(draw(definitions))
    for _ in range(draw(st.integers(1, 3))):
        holder: Any = definition
        while True:
            places = list(holder if isinstance(holder, dict) else range(len(holder)))
            if not places:
                break
            key = draw(st.sampled_from(places))
            if isinstance(holder[key], (dict, list)) and holder[key] and draw(st.integers(0, 4)):
                holder = holder[key]
                continue
            kind = draw(st.sampled_from(["remove", "replace", "add"]))
            if kind == "remove":
                del holder[key]
            elif kind == "replace" or isinstance(holder, list):
                holder[key] = draw(JSON)
            else:
                holder[draw(st.sampled_from(["Extra", "Next", "End", "Retry", "Catch", "Branches", "Assign"]))] = draw(
                    JSON
                )
            break
    return definition
