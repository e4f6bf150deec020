"""`events`: the queue and the rules that wake the watchers of the triggerer."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

from airflow_sfn_ml.cli.aws import connected
from airflow_sfn_ml.cli.table import OK
from airflow_sfn_ml.cli.writing import write_json, write_rows
from airflow_sfn_ml.deploy.event_setup import remove, set_up
from airflow_sfn_ml.deploy.events import template


def events(arguments: Any) -> int:
    """Make the queue and its rules, remove them, or write the CloudFormation template that makes them."""
    match arguments.action:
        case "template":
            write_json(template(arguments.name))
        case "remove":
            done = remove(*_clients(arguments), arguments.name)
            write_rows([asdict(one) for one in done], arguments.output, "there is nothing to remove")
        case _:
            _set_up(arguments)
    return OK


def _set_up(arguments: Any) -> None:
    made = set_up(*_clients(arguments), arguments.name)
    setting = f"AIRFLOW__SFN_ML__EVENTS_QUEUE_URL={made.queue_url}"
    if arguments.output == "json":
        write_json(
            {
                "queue_url": made.queue_url,
                "queue_arn": made.events.queue_arn,
                "setting": setting,
                "policy": made.events.reader_policy,
                "done": [asdict(one) for one in made.done],
            }
        )
        return
    write_rows([asdict(one) for one in made.done], "table")
    print(f"\nTell the triggerer:\n\n    {setting}\n\nAllow its credentials:\n")
    write_json(made.events.reader_policy)
    print("\nThen restart it.", file=sys.stderr)


def _clients(arguments: Any) -> tuple[Any, Any]:
    hook = connected(arguments.aws_conn_id or None, region_name=arguments.region)
    return hook.client_of("sqs"), hook.client_of("events")
