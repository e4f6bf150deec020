"""Every rule finds its fault, at its place, in a definition that is otherwise right."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_sfn_ml.asl import Problem, validate
from airflow_sfn_ml.asl.validation import TABLE
from tests.asl.validation.definitions import ACTIVITY, JSONATA, JSONPATH, REMOVED, changed

P, A = JSONPATH, JSONATA
OK = {"Type": "Succeed"}
MUTATIONS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    # structure
    ("missing-machine-field", "/", P, {"StartAt": REMOVED}),
    ("missing-machine-field", "/States/Map/ItemProcessor", A, {"States/Map/ItemProcessor/States": REMOVED}),
    ("no-states", "/States/Parallel/Branches[0]/States", A, {"States/Parallel/Branches/0/States": {}}),
    ("state-not-object", "/States/Wait", P, {"States/Wait": "Seconds"}),
    ("unknown-type", "/States/Wait/Type", P, {"States/Wait/Type": "Sleep"}),
    ("unknown-type", "/States/Wait", P, {"States/Wait/Type": REMOVED}),
    ("missing-field", "/States/Task", P, {"States/Task/Resource": REMOVED}),
    ("missing-field", "/States/Choice", P, {"States/Choice/Choices": REMOVED}),
    ("missing-field", "/States/Parallel", A, {"States/Parallel/Branches": REMOVED}),
    ("unknown-field", "/Coment", P, {"Coment": "x"}),
    ("unknown-field", "/States/Task/Timeout", P, {"States/Task/Timeout": 5}),
    ("unknown-field", "/States/Task/Retry[0]/Attempts", P, {"States/Task/Retry/0/Attempts": 5}),
    ("unknown-field", "/States/Task/Catch[0]/Then", A, {"States/Task/Catch/0/Then": "Fail"}),
    ("unknown-option", "/States/Big/ItemBatcher/Items", P, {"States/Big/ItemBatcher/Items": 5}),
    ("misplaced-field", "/States/Wait/Retry", P, {"States/Wait/Retry": []}),
    ("misplaced-field", "/States/Parallel/TimeoutSeconds", P, {"States/Parallel/TimeoutSeconds": 5}),
    ("misplaced-field", "/States/Choice/Next", P, {"States/Choice/Next": "Wait"}),
    ("misplaced-field", "/States/Succeed/Assign", P, {"States/Succeed/Assign": {"a": 1}}),
    (
        "misplaced-field",
        "/States/Map/ItemProcessor/QueryLanguage",
        A,
        {"States/Map/ItemProcessor/QueryLanguage": "JSONata"},
    ),
    ("top-level-field", "/States/Parallel/Branches[0]/Version", A, {"States/Parallel/Branches/0/Version": "1.0"}),
    ("wrong-type", "/Comment", P, {"Comment": 1}),
    ("wrong-type", "/States/Task/TimeoutSeconds", P, {"States/Task/TimeoutSeconds": "600"}),
    ("wrong-type", "/States/Task/TimeoutSeconds", P, {"States/Task/TimeoutSeconds": 1.5}),
    ("wrong-type", "/States/Task/Retry", P, {"States/Task/Retry": {}}),
    ("payload-not-object", "/States/Task/Arguments", A, {"States/Task/Arguments": []}),
    ("wrong-type", "/States/Parallel/End", A, {"States/Parallel/End": "true"}),
    ("out-of-range", "/States/Task/TimeoutSeconds", P, {"States/Task/TimeoutSeconds": 0}),
    ("out-of-range", "/States/Task/Retry[0]/IntervalSeconds", P, {"States/Task/Retry/0/IntervalSeconds": 0}),
    ("out-of-range", "/States/Task/Retry[0]/MaxAttempts", P, {"States/Task/Retry/0/MaxAttempts": -1}),
    ("out-of-range", "/States/Task/Retry[0]/BackoffRate", P, {"States/Task/Retry/0/BackoffRate": 0.5}),
    ("out-of-range", "/States/Task/Retry[0]/MaxDelaySeconds", P, {"States/Task/Retry/0/MaxDelaySeconds": 31_622_401}),
    ("out-of-range", "/States/Big/ToleratedFailurePercentage", P, {"States/Big/ToleratedFailurePercentage": 101}),
    ("out-of-range", "/States/Map/MaxConcurrency", P, {"States/Map/MaxConcurrency": -1}),
    ("not-a-choice", "/States/Task/Retry[0]/JitterStrategy", P, {"States/Task/Retry/0/JitterStrategy": "SOME"}),
    ("not-a-choice", "/QueryLanguage", P, {"QueryLanguage": "JMESPath"}),
    (
        "not-a-choice",
        "/States/Map/ItemProcessor/ProcessorConfig/Mode",
        P,
        {"States/Map/ItemProcessor/ProcessorConfig/Mode": "FAR"},
    ),
    ("both-fields", "/States/Task/TimeoutSecondsPath", P, {"States/Task/TimeoutSecondsPath": "$.t"}),
    ("both-fields", "/States/Map/Iterator", A, {"States/Map/Iterator": {"StartAt": "o", "States": {"o": OK}}}),
    ("payload-not-object", "/States/Task/ResultSelector", P, {"States/Task/ResultSelector": "$.x"}),
    # query language
    ("jsonpath-field", "/States/Task/ResultPath", A, {"States/Task/ResultPath": "$.x"}),
    ("jsonpath-field", "/States/Task/Catch[0]/ResultPath", A, {"States/Task/Catch/0/ResultPath": "$.x"}),
    ("jsonata-field", "/States/Wait/Output", P, {"States/Wait/Output": 1}),
    ("jsonata-field", "/States/Task/Catch[0]/Output", P, {"States/Task/Catch/0/Output": 1}),
    ("jsonata-field", "/States/Big/ItemReader/Arguments", P, {"States/Big/ItemReader/Arguments": {}}),
    ("language-downgrade", "/States/Send/QueryLanguage", A, {"States/Send/QueryLanguage": "JSONPath"}),
    (
        "jsonata-in-jsonpath",
        "/States/Task/Parameters/Payload/x",
        P,
        {"States/Task/Parameters/Payload": {"x": "{% $x %}"}},
    ),
    ("dollar-key-in-jsonata", "/States/Task/Arguments/A.$", A, {"States/Task/Arguments/A.$": "$.a"}),
    # flow
    ("missing-target", "/StartAt", P, {"StartAt": "Nowhere"}),
    ("missing-target", "/States/Wait/Next", P, {"States/Wait/Next": "Nowhere"}),
    ("missing-target", "/States/Choice/Default", P, {"States/Choice/Default": "Nowhere"}),
    ("missing-target", "/States/Choice/Choices[1]/Next", P, {"States/Choice/Choices/1/Next": "Nowhere"}),
    ("missing-target", "/States/Task/Catch[0]/Next", A, {"States/Task/Catch/0/Next": "Nowhere"}),
    ("crosses-scope", "/States/Wait/Next", P, {"States/Wait/Next": "Left"}),
    ("crosses-scope", "/States/Map/ItemProcessor/StartAt", A, {"States/Map/ItemProcessor/StartAt": "Wait"}),
    ("no-next-or-end", "/States/Parallel", A, {"States/Parallel/End": REMOVED}),
    ("no-next-or-end", "/States/Parallel", A, {"States/Parallel/End": False}),
    ("next-and-end", "/States/Wait/End", P, {"States/Wait/End": True}),
    ("unreachable-state", "/States/Lonely", P, {"States/Lonely": OK}),
    ("no-terminal-state", "/", A, {"States/Fail": {"Type": "Pass", "Next": "Task"}, "States/Parallel/End": False}),
    (
        "no-terminal-inside",
        "/States/Parallel/Branches[1]",
        P,
        {"States/Parallel/Branches/1/States/Right": {"Type": "Pass", "Next": "Right"}},
    ),
    ("duplicate-name", "/States/Map/ItemProcessor/States/Wait", A, {"States/Map/ItemProcessor/States/Wait": OK}),
    # choice
    ("no-choices", "/States/Choice/Choices", P, {"States/Choice/Choices": []}),
    ("choice-not-object", "/States/Choice/Choices[0]", P, {"States/Choice/Choices/0": "Wait"}),
    ("choice-without-next", "/States/Choice/Choices[0]", P, {"States/Choice/Choices/0/Next": REMOVED}),
    ("nested-next", "/States/Choice/Choices[1]/And[0]/Next", P, {"States/Choice/Choices/1/And/0/Next": "Wait"}),
    ("choice-selector", "/States/Choice/Choices[0]", P, {"States/Choice/Choices/0/Variable": REMOVED}),
    (
        "choice-selector",
        "/States/Choice/Choices[1]",
        P,
        {"States/Choice/Choices/1/Or": [{"Variable": "$.a", "IsNull": True}]},
    ),
    ("choice-selector", "/States/Choice/Choices[0]", A, {"States/Choice/Choices/0/Condition": REMOVED}),
    ("choice-comparison", "/States/Choice/Choices[0]", P, {"States/Choice/Choices/0/StringEquals": "a"}),
    ("choice-comparison", "/States/Choice/Choices[0]", P, {"States/Choice/Choices/0/NumericGreaterThan": REMOVED}),
    ("unknown-comparison", "/States/Choice/Choices[0]/NumberEquals", P, {"States/Choice/Choices/0/NumberEquals": 1}),
    (
        "choice-operand",
        "/States/Choice/Choices[0]/NumericGreaterThan",
        P,
        {"States/Choice/Choices/0/NumericGreaterThan": "1"},
    ),
    (
        "choice-operand",
        "/States/Choice/Choices[2]/TimestampLessThan",
        P,
        {"States/Choice/Choices/2/TimestampLessThan": "now"},
    ),
    ("choice-operand", "/States/Choice/Choices[1]/And[0]/IsPresent", P, {"States/Choice/Choices/1/And/0/IsPresent": 1}),
    ("choice-language", "/States/Choice/Choices[0]/Condition", P, {"States/Choice/Choices/0/Condition": "{% true %}"}),
    ("choice-language", "/States/Choice/Choices[0]/Variable", A, {"States/Choice/Choices/0/Variable": "$.a"}),
    ("empty-junction", "/States/Choice/Choices[1]/And", P, {"States/Choice/Choices/1/And": []}),
    ("condition-not-expression", "/States/Choice/Choices[0]/Condition", A, {"States/Choice/Choices/0/Condition": 1}),
    ("constant-condition", "/States/Choice/Choices[0]/Condition", A, {"States/Choice/Choices/0/Condition": True}),
    # JSONPath
    ("bad-path", "/States/Task/InputPath", P, {"States/Task/InputPath": "a"}),
    ("bad-path", "/States/Task/OutputPath", P, {"States/Task/OutputPath": "$.a."}),
    ("bad-path", "/States/Choice/Choices[0]/Variable", P, {"States/Choice/Choices/0/Variable": "$.a["}),
    ("bad-path", "/States/Task/Catch[0]/ResultPath", P, {"States/Task/Catch/0/ResultPath": "error"}),
    ("call-for-path", "/States/Map/ItemsPath", P, {"States/Map/ItemsPath": "States.Array(1)"}),
    ("wide-result-path", "/States/Task/ResultPath", P, {"States/Task/ResultPath": "$.a[*]"}),
    ("wide-path", "/States/Choice/Choices[0]/Variable", P, {"States/Choice/Choices/0/Variable": "$..a"}),
    ("foreign-result-path", "/States/Task/ResultPath", P, {"States/Task/ResultPath": "$$.Execution"}),
    ("bad-template", "/States/Task/Parameters/a.$", P, {"States/Task/Parameters/a.$": "a"}),
    ("bad-template", "/States/Task/Parameters/Payload/x.$", P, {"States/Task/Parameters/Payload/x.$": 1}),
    ("bad-template", "/States/Big/ItemReader/Parameters/Key.$", P, {"States/Big/ItemReader/Parameters/Key.$": "key"}),
    ("bad-intrinsic", "/States/Task/Parameters/a.$", P, {"States/Task/Parameters/a.$": "States.Foo($.a)"}),
    ("bad-intrinsic", "/States/Fail/CausePath", P, {"States/Fail/CausePath": "States.JsonToString($.error"}),
    ("intrinsic-arguments", "/States/Task/Parameters/a.$", P, {"States/Task/Parameters/a.$": "States.UUID(1)"}),
    (
        "intrinsic-depth",
        "/States/Task/Parameters/a.$",
        P,
        {"States/Task/Parameters/a.$": "States.ArrayLength(" * 11 + "$.a" + ")" * 11},
    ),
    ("both-keys", "/States/Task/Parameters/FunctionName.$", P, {"States/Task/Parameters/FunctionName.$": "$.f"}),
    ("path-without-dollar", "/States/Task/Parameters/a", P, {"States/Task/Parameters/a": "$.a"}),
    (
        "path-in-result",
        "/States/Parallel/Branches[0]/States/Left/Result/a.$",
        P,
        {"States/Parallel/Branches/0/States/Left/Result/a.$": "$.a"},
    ),
    # JSONata
    ("open-expression", "/States/Task/Output/all", A, {"States/Task/Output/all": "{% $states.result"}),
    ("text-around-expression", "/States/Task/Output/all", A, {"States/Task/Output/all": "s3://{% $states.result %}"}),
    ("jsonata-syntax", "/States/Task/Output/all", A, {"States/Task/Output/all": "{% $states.result. %}"}),
    ("jsonata-syntax", "/States/Choice/Choices[0]/Condition", A, {"States/Choice/Choices/0/Condition": "{% $a = %}"}),
    ("jsonata-syntax", "/States/Wait/Seconds", A, {"States/Wait/Seconds": "{%  %}"}),
    ("top-level-reference", "/States/Task/Output/all", A, {"States/Task/Output/all": "{% result %}"}),
    ("top-level-reference", "/States/Map/Items", A, {"States/Map/Items": "{% $.items %}"}),
    (
        "error-output-outside-catch",
        "/States/Task/Output/all",
        A,
        {"States/Task/Output/all": "{% $states.errorOutput %}"},
    ),
    ("result-not-there", "/States/Task/Arguments/Tags", A, {"States/Task/Arguments/Tags": "{% $states.result %}"}),
    ("unknown-states-field", "/States/Task/Output/all", A, {"States/Task/Output/all": "{% $states.output %}"}),
    ("eval-not-supported", "/States/Task/Output/all", A, {"States/Task/Output/all": "{% $eval('1') %}"}),
    ("unknown-function", "/States/Task/Output/all", A, {"States/Task/Output/all": "{% $len('1') %}"}),
    # variables
    ("bad-variable-name", "/States/Task/Assign/a-b", A, {"States/Task/Assign": {"model": 1, "a-b": 1}}),
    ("reserved-variable", "/States/Task/Assign/states", A, {"States/Task/Assign": {"model": 1, "states": 1}}),
    (
        "outer-variable",
        "/States/Map/ItemProcessor/States/Item/Assign/model",
        A,
        {"States/Map/ItemProcessor/States/Item/Assign": {"model": 1}},
    ),
    (
        "outer-variable",
        "/States/Parallel/Branches[0]/States/Left/Assign/after",
        P,
        {"States/Parallel/Branches/0/States/Left/Assign": {"after": 1}},
    ),
    (
        "outer-variable-distributed",
        "/States/Big/ItemProcessor/States/Far/Assign/found",
        P,
        {"States/Big/ItemProcessor/States/Far/Assign": {"found": 1}},
    ),
    ("unassigned-variable", "/States/Task/Arguments/Tags", A, {"States/Task/Arguments/Tags": "{% $model %}"}),
    ("unassigned-variable", "/States/Fail/CausePath", P, {"States/Fail/CausePath": "$own"}),
    (
        "unassigned-variable",
        "/States/Big/ItemProcessor/States/Far/Parameters/a.$",
        P,
        {"States/Big/ItemProcessor/States/Far/Parameters": {"a.$": "$found"}},
    ),
    # errors
    ("policy-not-object", "/States/Task/Retry[0]", P, {"States/Task/Retry/0": "States.ALL"}),
    ("no-error-names", "/States/Task/Retry[0]", P, {"States/Task/Retry/0/ErrorEquals": REMOVED}),
    ("no-error-names", "/States/Task/Catch[0]/ErrorEquals", P, {"States/Task/Catch/0/ErrorEquals": []}),
    ("error-name-not-text", "/States/Task/Retry[0]/ErrorEquals", P, {"States/Task/Retry/0/ErrorEquals": [1]}),
    ("all-not-alone", "/States/Task/Retry[1]/ErrorEquals", P, {"States/Task/Retry/1/ErrorEquals": ["States.ALL", "X"]}),
    ("all-not-last", "/States/Task/Retry[0]/ErrorEquals", P, {"States/Task/Retry/0/ErrorEquals": ["States.ALL"]}),
    ("catch-without-next", "/States/Task/Catch[0]", A, {"States/Task/Catch/0/Next": REMOVED}),
    (
        "unknown-error-name",
        "/States/Task/Retry[0]/ErrorEquals",
        P,
        {"States/Task/Retry/0/ErrorEquals": ["States.Throttled"]},
    ),
    (
        "uncatchable-error",
        "/States/Task/Retry[0]/ErrorEquals",
        P,
        {"States/Task/Retry/0/ErrorEquals": ["States.Runtime"]},
    ),
    (
        "error-matched-before",
        "/States/Task/Retry[1]/ErrorEquals",
        P,
        {"States/Task/Retry/0/ErrorEquals": ["States.TaskFailed"], "States/Task/Retry/1/ErrorEquals": ["Custom"]},
    ),
    ("delay-below-interval", "/States/Task/Retry[0]/MaxDelaySeconds", P, {"States/Task/Retry/0/MaxDelaySeconds": 1}),
    # times
    ("wait-for-what", "/States/Wait", P, {"States/Wait/Seconds": REMOVED}),
    ("wait-for-what", "/States/Wait", P, {"States/Wait/TimestampPath": "$.t"}),
    (
        "bad-timestamp",
        "/States/Wait/Timestamp",
        P,
        {"States/Wait/Seconds": REMOVED, "States/Wait/Timestamp": "2030-02-30T00:00:00Z"},
    ),
    ("heartbeat-not-below-timeout", "/States/Task/HeartbeatSeconds", P, {"States/Task/HeartbeatSeconds": 600}),
    # resources
    ("bad-resource", "/States/Task/Resource", P, {"States/Task/Resource": "lambda:invoke"}),
    ("unknown-resource", "/States/Task/Resource", P, {"States/Task/Resource": "arn:aws:s3:::bucket"}),
    ("unknown-service", "/States/Task/Resource", P, {"States/Task/Resource": "arn:aws:states:::s3:getObject"}),
    ("unknown-action", "/States/Task/Resource", P, {"States/Task/Resource": "arn:aws:states:::dynamodb:query"}),
    ("unlisted-action", "/States/Task/Resource", P, {"States/Task/Resource": "arn:aws:states:::codebuild:paint"}),
    ("unknown-pattern", "/States/Task/Resource", A, {"States/Task/Resource": "arn:aws:states:::ecs:runTask.async"}),
    ("no-sync", "/States/Task/Resource", A, {"States/Task/Resource": "arn:aws:states:::sagemaker:createModel.sync"}),
    ("no-sync", "/States/Task/Resource", A, {"States/Task/Resource": "arn:aws:states:::sqs:sendMessage.sync"}),
    ("sync-version", "/States/Task/Resource", A, {"States/Task/Resource": "arn:aws:states:::ecs:runTask.sync:2"}),
    (
        "no-token",
        "/States/Send/Resource",
        A,
        {"States/Send/Resource": "arn:aws:states:::batch:submitJob.waitForTaskToken"},
    ),
    (
        "doubtful-token",
        "/States/Send/Resource",
        A,
        {"States/Send/Resource": "arn:aws:states:::eks:call.waitForTaskToken"},
    ),
    ("sdk-sync", "/States/Task/Resource", A, {"States/Task/Resource": "arn:aws:states:::aws-sdk:s3:listBuckets.sync"}),
    (
        "sdk-action-case",
        "/States/Task/Resource",
        A,
        {"States/Task/Resource": "arn:aws:states:::aws-sdk:s3:ListBuckets"},
    ),
    ("token-not-sent", "/States/Send/Resource", A, {"States/Send/Arguments/MessageBody": "x"}),
    ("credentials-without-role", "/States/Task/Credentials", A, {"States/Task/Credentials": {}}),
    ("activity-credentials", "/States/Task/Credentials", P, {"States/Task/Resource": ACTIVITY}),
    (
        "express-child",
        "/States/Big/ItemProcessor/States/Far/Resource",
        P,
        {
            "States/Big/ItemProcessor/ProcessorConfig/ExecutionType": "EXPRESS",
            "States/Big/ItemProcessor/States/Far": {"Type": "Task", "Resource": ACTIVITY, "End": True},
        },
    ),
    # maps
    ("no-processor", "/States/Map", P, {"States/Map/ItemProcessor": REMOVED}),
    ("selector-twice", "/States/Map/Parameters", P, {"States/Map/Parameters": {"a": 1}}),
    ("no-branches", "/States/Parallel/Branches", A, {"States/Parallel/Branches": []}),
    ("branch-not-object", "/States/Parallel/Branches[0]", A, {"States/Parallel/Branches/0": "Left"}),
    (
        "no-execution-type",
        "/States/Big/ItemProcessor/ProcessorConfig",
        P,
        {"States/Big/ItemProcessor/ProcessorConfig/ExecutionType": REMOVED},
    ),
    (
        "inline-execution-type",
        "/States/Map/ItemProcessor/ProcessorConfig/ExecutionType",
        P,
        {"States/Map/ItemProcessor/ProcessorConfig/ExecutionType": "EXPRESS"},
    ),
    ("inline-option", "/States/Map/Label", P, {"States/Map/Label": "m"}),
    (
        "reader-resource",
        "/States/Big/ItemReader/Resource",
        P,
        {"States/Big/ItemReader/Resource": "arn:aws:states:::s3:putObject"},
    ),
    ("reader-resource", "/States/Big/ItemReader", P, {"States/Big/ItemReader/Resource": REMOVED}),
    (
        "reader-input-type",
        "/States/Big/ItemReader/ReaderConfig/InputType",
        P,
        {"States/Big/ItemReader/ReaderConfig/InputType": "XML"},
    ),
    (
        "csv-headers",
        "/States/Big/ItemReader/ReaderConfig",
        P,
        {"States/Big/ItemReader/ReaderConfig/CSVHeaderLocation": REMOVED},
    ),
    (
        "csv-headers",
        "/States/Big/ItemReader/ReaderConfig",
        P,
        {"States/Big/ItemReader/ReaderConfig/CSVHeaders": REMOVED},
    ),
    (
        "max-items-twice",
        "/States/Big/ItemReader/ReaderConfig/MaxItemsPath",
        P,
        {"States/Big/ItemReader/ReaderConfig/MaxItemsPath": "$.n"},
    ),
    ("empty-writer", "/States/Big/ResultWriter", P, {"States/Big/ResultWriter": {}}),
    ("writer-resource", "/States/Big/ResultWriter/Resource", P, {"States/Big/ResultWriter/Resource": None}),
    (
        "half-writer-config",
        "/States/Big/ResultWriter/WriterConfig",
        P,
        {"States/Big/ResultWriter/WriterConfig/OutputType": REMOVED},
    ),
    (
        "batch-size-twice",
        "/States/Big/ItemBatcher/MaxItemsPerBatchPath",
        P,
        {"States/Big/ItemBatcher/MaxItemsPerBatchPath": "$.n"},
    ),
    ("no-batch-size", "/States/Big/ItemBatcher", P, {"States/Big/ItemBatcher": {"BatchInput": {}}}),
    # limits
    ("too-large", "/", P, {"Comment": "x" * 1_048_577}),
    ("name-too-long", "/States/" + "x" * 81, A, {"States/" + "x" * 81: OK, "States/Send/Next": "x" * 81}),
    ("name-empty", "/States/", P, {"States/": OK, "States/Wait/Next": ""}),
    ("label-too-long", "/States/Big/Label", P, {"States/Big/Label": "x" * 41}),
    ("label-characters", "/States/Big/Label", P, {"States/Big/Label": "a b"}),
    ("duplicate-label", "/States/Big/Label", P, {"States/Map/Label": "big"}),
]
EXPRESS = [
    ("express-pattern", "/States/Task/Resource", A, {}),
    ("express-activity", "/States/Map/ItemProcessor/States/Item/Resource", P, {}),
    ("express-distributed", "/States/Big/ItemProcessor/ProcessorConfig/Mode", P, {}),
]


@pytest.mark.parametrize("definition", [JSONPATH, JSONATA], ids=["JSONPath", "JSONata"])
def test_nothing_is_found_where_nothing_is_wrong(definition: dict[str, Any]) -> None:
    assert validate(definition) == []


@pytest.mark.parametrize(
    ("code", "path", "definition", "changes"), MUTATIONS, ids=[f"{m[0]}-{m[1][-40:]}" for m in MUTATIONS]
)
def test_a_fault_is_found_at_its_place(
    code: str, path: str, definition: dict[str, Any], changes: dict[str, Any]
) -> None:
    found = validate(changed(definition, changes))
    assert (path, code) in [(problem.path, problem.code) for problem in found]
    assert all(problem.message for problem in found)


@pytest.mark.parametrize(("code", "path", "definition", "changes"), EXPRESS, ids=[m[0] for m in EXPRESS])
def test_what_only_a_standard_machine_can_do(
    code: str, path: str, definition: dict[str, Any], changes: dict[str, Any]
) -> None:
    assert (path, code) in [(problem.path, problem.code) for problem in validate(definition, type="EXPRESS")]


def test_every_rule_has_a_fault_that_it_finds() -> None:
    assert set(TABLE) == {row[0] for row in (*MUTATIONS, *EXPRESS)}


@pytest.mark.parametrize(
    ("text", "code"),
    [("{", "not-json"), ('{"a": NaN}', "not-json"), ("[1]", "not-an-object"), ("null", "not-an-object")],
)
def test_text_that_is_no_definition(text: str, code: str) -> None:
    assert [(problem.path, problem.code, problem.severity) for problem in validate(text)] == [("/", code, "error")]


def test_a_key_given_twice_is_seen_in_text() -> None:
    text = '{"StartAt": "a", "States": {"a": {"Type": "Fail"}, "a": {"Type": "Succeed"}}}'
    assert [problem.code for problem in validate(text)] == ["duplicate-key"]


def test_a_problem_says_where_and_what() -> None:
    assert str(Problem("/States/A/Next", "missing-target", "there is no state 'B'")) == (
        "/States/A/Next: there is no state 'B' [missing-target]"
    )
