"""Lambda: call a function, create one."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.translators.phrases import as_json, parsed, polling, written
from airflow_sfn_ml.translators.table import OMIT, Call, Row, Until, add, attr

_MODULE = "airflow.providers.amazon.aws.operators.lambda_function"
_PAYLOAD = "$states.result.Payload"


def _payload(operator: Any) -> Any:
    given = operator.payload
    if given is None or given == "" or given == b"":
        return OMIT
    return parsed(given.decode() if isinstance(given, bytes) else given)


def _invoke_problems(operator: Any) -> list[str]:
    import json

    given = operator.payload
    if isinstance(given, bytes):
        try:
            given = given.decode()
        except UnicodeDecodeError:
            return ["payload holds bytes that are no text (Lambda takes JSON)"]
    if isinstance(given, str) and given and written(given):
        try:
            json.loads(given)
        except ValueError:
            return [f"payload {given[:40]!r} is no JSON, which Lambda wants (quote it with json.dumps)"]
    return []


_CONFIG = {
    "memory_size": "MemorySize",
    "publish": "Publish",
    "vpc_config": "VpcConfig",
    "package_type": "PackageType",
    "dead_letter_config": "DeadLetterConfig",
    "environment": "Environment",
    "kms_key_arn": "KMSKeyArn",
    "tracing_config": "TracingConfig",
    "tags": "Tags",
    "layers": "Layers",
    "file_system_configs": "FileSystemConfigs",
    "image_config": "ImageConfig",
    "code_signing_config_arn": "CodeSigningConfigArn",
    "architectures": "Architectures",
    "ephemeral_storage": "EphemeralStorage",
    "snap_start": "SnapStart",
    "logging_config": "LoggingConfig",
}
"""The hook's names of what the operator's ``config`` may hold, and Lambda's."""


def _configured(operator: Any) -> Any:
    config = operator.config
    return {_CONFIG[key]: value for key, value in config.items() if value is not None} if config else OMIT


def _create_problems(operator: Any) -> list[str]:
    found = []
    if not isinstance(operator.config, dict):
        found.append("config is known only when the Dag runs (write out its keys; their values may be templates)")
    else:
        found += [f"config[{key!r}] (there is no such setting)" for key in operator.config if key not in _CONFIG]
        zipped = operator.config.get("package_type") == "Zip"
        found += [
            f"{name} is missing, which package_type 'Zip' needs"
            for name in ("handler", "runtime")
            if zipped and getattr(operator, name) is None
        ]
    if isinstance(operator.code, dict) and "ZipFile" in operator.code:
        found.append(
            "code['ZipFile'] is binary, which JSON cannot hold (put the archive into S3 and give S3Bucket, S3Key)"
        )
    return found


add(
    Row(
        f"{_MODULE}.LambdaInvokeFunctionOperator",
        calls=(
            Call(
                "lambda:invoke",
                {
                    "FunctionName": attr("function_name"),
                    "InvocationType": attr("invocation_type"),
                    "LogType": attr("log_type"),
                    "ClientContext": attr("client_context"),
                    "Payload": _payload,
                    "Qualifier": attr("qualifier"),
                },
            ),
        ),
        output=f"$exists({_PAYLOAD}) and {_PAYLOAD} != '' ? {as_json(_PAYLOAD)} : ''",
        xcom="the function's answer as JSON text",
        check=_invoke_problems,
        lost=("the tail of the function's log (log_type, keep_empty_log_lines)",),
        note="An error of the function fails the task with the error's own name. The JSON text of the answer has no "
        "spaces between its parts.",
    ),
    Row(
        f"{_MODULE}.LambdaCreateFunctionOperator",
        calls=(
            Call(
                "aws-sdk:lambda:createFunction",
                {
                    "FunctionName": attr("function_name"),
                    "Runtime": attr("runtime"),
                    "Role": attr("role"),
                    "Handler": attr("handler"),
                    "Code": attr("code"),
                    "Description": attr("description"),
                    "Timeout": attr("timeout"),
                },
                more=_configured,
                keep={"p_arn": "$states.result.FunctionArn"},
            ),
        ),
        until=Until(
            Call("aws-sdk:lambda:getFunction", {"FunctionName": attr("function_name")}),
            status="$p_seen.Configuration.State",
            done=("Active",),
            failed=("Failed",),
            reason="$p_seen.Configuration.StateReason",
            every=5,
            seconds=polling(),
        ),
        output="$p_arn",
        xcom="the function's ARN",
        check=_create_problems,
    ),
)
