"""What Airflow is told about this provider."""

from __future__ import annotations

from typing import Any

INTEGRATION = "AWS Step Functions for ML"


def get_provider_info() -> dict[str, Any]:
    """The provider's metadata, in the shape of Airflow's ``provider_info.schema.json``."""
    return {
        "package-name": "airflow-sfn-ml",
        "name": "AWS Step Functions for ML",
        "description": "Run a group of Airflow tasks as one AWS Step Functions state machine.",
        "integrations": [
            {
                "integration-name": INTEGRATION,
                "external-doc-url": "https://docs.aws.amazon.com/step-functions/latest/dg/welcome.html",
                "tags": ["aws"],
            }
        ],
        "operators": [
            _modules(
                "operators.execution",
                "operators.redriving",
                "operators.start",
                "operators.step",
                "operators.task_token",
            ),
        ],
        "sensors": [_modules("sensors.activity", "sensors.execution", "sensors.sagemaker")],
        "hooks": [_modules("hooks.step_functions")],
        "triggers": [
            _modules(
                "triggers.completion",
                "triggers.execution",
                "triggers.job",
                "triggers.job_completion",
                "triggers.state",
            )
        ],
        "extra-links": ["airflow_sfn_ml.operators.links.StepFunctionsExecutionLink"],
        "cli": ["airflow_sfn_ml.cli.provider.get_commands"],
        "config": {
            "sfn_ml": {
                "description": "How executions of AWS Step Functions are followed.",
                "options": {
                    "poll_shortest": _option(
                        "float",
                        "3.0",
                        "Seconds between two looks at an execution right after something happened in it. All tasks of "
                        "one execution share one look.",
                    ),
                    "poll_longest": _option(
                        "float",
                        "30.0",
                        "Seconds between two looks at an execution in which nothing has happened for long; also the "
                        "longest pause after errors of the service.",
                    ),
                    "limit_interval": _option(
                        "float",
                        "20.0",
                        "Seconds after which a start task looks again for room below max_concurrent_executions of its "
                        "group; it grows up to tenfold.",
                    ),
                    "events_queue_url": _option(
                        "string",
                        "",
                        "The URL of the SQS queue that EventBridge puts state changes of executions and jobs into; "
                        "they wake the triggerer, which then looks only every poll_with_events seconds by itself.",
                    ),
                    "poll_with_events": _option(
                        "float",
                        "300.0",
                        "Seconds between two looks at an execution while the event queue can be read and no event "
                        "comes; more where many are watched.",
                    ),
                    "quota_share": _option(
                        "float",
                        "0.5",
                        "The share of each of AWS's API quotas that one triggerer may use for watching. Divide it by "
                        "the number of triggerers that watch the same account and region.",
                    ),
                    "stream_logs_interval": _option(
                        "float",
                        "15.0",
                        "Seconds between two looks at the log of a running job, for groups with stream_logs=True.",
                    ),
                    "stream_logs_lines": _option(
                        "integer",
                        "500",
                        "How many lines one such look copies into the task's log at most; the rest waits for the next.",
                    ),
                    "failure_log_lines": _option(
                        "integer",
                        "40",
                        "How many of a failed job's last log lines are copied into the task's log.",
                    ),
                },
            }
        },
    }


def _modules(*names: str) -> dict[str, Any]:
    return {"integration-name": INTEGRATION, "python-modules": [f"airflow_sfn_ml.{name}" for name in names]}


def _option(kind: str, default: str, description: str) -> dict[str, Any]:
    return {
        "description": description,
        "version_added": "0.1.0",
        "type": kind,
        "example": None,
        "default": default,
    }
