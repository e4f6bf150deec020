"""JSONata: the fields that hold expressions, their syntax, and what they may refer to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from airflow_sfn_ml.asl.jsonata import JsonataSyntaxError, References, parse, references
from airflow_sfn_ml.asl.jsonata.references import FUNCTIONS
from airflow_sfn_ml.asl.validation.language import texts
from airflow_sfn_ml.asl.validation.model import JSONATA, State, remembered
from airflow_sfn_ml.asl.validation.rules import Finding, state_rule

OPEN, CLOSE = "{%", "%}"
FIELDS = (
    "Arguments",
    "Output",
    "Assign",
    "Items",
    "ItemSelector",
    "Credentials",
    "TimeoutSeconds",
    "HeartbeatSeconds",
    "Seconds",
    "Timestamp",
    "Error",
    "Cause",
    "MaxConcurrency",
    "ToleratedFailureCount",
    "ToleratedFailurePercentage",
)
IN_MAP = (
    ("ItemReader", ("Arguments",)),
    ("ItemReader", ("ReaderConfig", "MaxItems")),
    ("ItemBatcher", ("BatchInput",)),
    ("ItemBatcher", ("MaxItemsPerBatch",)),
    ("ItemBatcher", ("MaxInputBytesPerBatch",)),
    ("ResultWriter", ("Arguments",)),
)
STATES_FIELDS = {"", "input", "context", "result", "errorOutput"}


@dataclass(frozen=True)
class Text:
    """A text of a field that holds expressions, with its path and the moment it is evaluated.

    :param moment: ``before`` the work of the state, ``after`` it, or when it is ``caught``.
    """

    path: str
    text: str
    moment: str


@remembered
def expression_texts(state: State) -> Iterator[Text]:
    """Every text of *state* where AWS looks for an expression."""
    if state.language != JSONATA:
        return
    works = state.type in ("Task", "Parallel", "Map")
    for key in FIELDS:
        moment = "after" if works and key in ("Output", "Assign") else "before"
        yield from _texts(state.body.get(key), f"{state.path}/{key}", moment)
    if state.type == "Map":
        for holder, keys in IN_MAP:
            value: Any = state.body.get(holder)
            for key in keys:
                value = value.get(key) if isinstance(value, Mapping) else None
            yield from _texts(value, "/".join((state.path, holder, *keys)), "before")
    for path, catcher in state.objects("Catch"):
        for key in ("Output", "Assign"):
            yield from _texts(catcher.get(key), f"{path}/{key}", "caught")
    for path, rule in state.objects("Choices"):
        for key in ("Condition", "Output", "Assign"):
            yield from _texts(rule.get(key), f"{path}/{key}", "before")


def _texts(value: Any, path: str, moment: str) -> Iterator[Text]:
    for at, text in texts(value, path):
        yield Text(at, text, moment)


@lru_cache(maxsize=8192)
def read(code: str) -> References | str:
    """What the expression *code* refers to, or why it cannot be read."""
    try:
        return references(parse(code))
    except JsonataSyntaxError as error:
        return f"{error.message} (at character {error.position} of the expression)"
    except RecursionError:
        return References((), frozenset(), frozenset(), frozenset())


@remembered
def readings(state: State) -> Iterator[tuple[Text, References]]:
    """Each expression of *state* that can be read, with what it refers to."""
    for text in expression_texts(state):
        if is_expression(text.text):
            found = read(text.text[2:-2])
            if isinstance(found, References):
                yield text, found


def is_expression(text: str) -> bool:
    """Whether AWS evaluates *text*."""
    return text.startswith(OPEN) and text.endswith(CLOSE) and len(text) >= 4


@state_rule("open-expression")
def open_expression(state: State) -> Iterator[Finding]:
    for item in expression_texts(state):
        if item.text.startswith(OPEN) and not is_expression(item.text):
            yield item.path, f"an expression that begins with {OPEN} ends with {CLOSE}, with nothing after it"


@state_rule("text-around-expression", severity="warning")
def text_around_expression(state: State) -> Iterator[Finding]:
    for item in expression_texts(state):
        if not item.text.startswith(OPEN) and (OPEN in item.text or item.text.endswith(CLOSE)):
            yield item.path, f"only text that begins with {OPEN} and ends with {CLOSE} is evaluated; join with & inside"


@state_rule("jsonata-syntax")
def jsonata_syntax(state: State) -> Iterator[Finding]:
    for item in expression_texts(state):
        if is_expression(item.text):
            found = read(item.text[2:-2])
            if isinstance(found, str):
                yield item.path, f"the expression cannot be read: {found}"


@state_rule("top-level-reference")
def top_level_reference(state: State) -> Iterator[Finding]:
    for item, found in readings(state):
        for name in found.top_level:
            remedy = f"$states.input.{name}, or ${name} for a variable" if not name.startswith("$") else "$states.input"
            yield item.path, f"{name} has nothing to be read from; write {remedy}"


@state_rule("error-output-outside-catch")
def error_output(state: State) -> Iterator[Finding]:
    for item, found in readings(state):
        if "errorOutput" in found.states and item.moment != "caught":
            yield item.path, "$states.errorOutput exists only in the Output and Assign of a catcher"


@state_rule("result-not-there")
def result_not_there(state: State) -> Iterator[Finding]:
    for item, found in readings(state):
        if "result" in found.states and item.moment != "after":
            yield item.path, "$states.result exists only in the Output and Assign of a Task, Parallel or Map"


@state_rule("unknown-states-field", severity="warning")
def unknown_states_field(state: State) -> Iterator[Finding]:
    for item, found in readings(state):
        for name in sorted(found.states - STATES_FIELDS):
            yield item.path, f"$states.{name} does not exist; there are input, context, result and errorOutput"


@state_rule("eval-not-supported", severity="warning")
def eval_not_supported(state: State) -> Iterator[Finding]:
    for item, found in readings(state):
        if "eval" in found.functions:
            yield item.path, "Step Functions has no $eval; use $parse for JSON"


@state_rule("unknown-function", severity="warning")
def unknown_function(state: State) -> Iterator[Finding]:
    for item, found in readings(state):
        for name in sorted(found.functions - FUNCTIONS - {"eval"}):
            yield item.path, f"${name}() is no function of JSONata or Step Functions"
