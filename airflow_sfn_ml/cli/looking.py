"""`list`, `render` and `check`: what the groups are, without AWS."""

from __future__ import annotations

import json
import sys
from typing import Any

from airflow_sfn_ml import asl
from airflow_sfn_ml.cli.costs import cost_of, least_to_most
from airflow_sfn_ml.cli.dags import Target, read, tell_errors
from airflow_sfn_ml.cli.table import FAILED, OK
from airflow_sfn_ml.cli.writing import write_json, write_rows, write_text
from airflow_sfn_ml.compiler import program_of
from airflow_sfn_ml.compiler.program import DEFINITION_LIMIT
from airflow_sfn_ml.exceptions import SfnMlError

EVENT_LIMIT = 25_000
"""The history events at which AWS ends an execution."""


def list_groups(arguments: Any) -> int:
    """List the groups; a file that cannot be read is an error, but hides no other."""
    bag = read(arguments)
    rows = []
    for target in bag.targets:
        assert target.group is not None
        try:
            report, problem = target.group.report, ""
        except SfnMlError as error:
            report, problem = None, error.problems[0]
        rows.append(
            {
                "dag": target.dag_id,
                "group": target.group_id,
                "tasks": report.tasks if report else None,
                "transitions": report.transitions if report else None,
                "deploy": target.group.deploy,
                "state_machine": target.machine_name,
                "digest": target.group.digest[7:19] if report else None,
                "problem": problem,
            }
        )
    if arguments.output == "table" and not any(row["problem"] for row in rows):
        rows = [{key: value for key, value in row.items() if key != "problem"} for row in rows]
    write_rows(rows, arguments.output, "no Dag has a group that runs as a state machine")
    return FAILED if tell_errors(bag) else OK


def render(arguments: Any) -> int:
    """Write definitions or pictures; several are told apart by a comment, or are documents of YAML."""
    bag = read(arguments)
    if not bag.targets and not bag.errors:
        raise SfnMlError("no Dag has a group that runs as a state machine")
    texts = [(target, _rendered(target.definition, arguments.format)) for target in bag.targets]
    if arguments.output == "json":
        write_json(
            [
                {"dag": target.dag_id, "group": target.group_id, "format": arguments.format, "text": text}
                for target, text in texts
            ]
        )
    elif len(texts) > 1 and arguments.format == "json":
        write_json({target.label: target.definition for target, _ in texts})
    else:
        for target, text in texts:
            if len(texts) > 1:
                write_text(_heading(target, arguments.format))
            write_text(text)
    return FAILED if tell_errors(bag) else OK


def check(arguments: Any) -> int:
    """Check everything that can be checked without AWS."""
    bag = read(arguments)
    rows = [
        {"dag": "", "group": file, "severity": "error", "where": "", "message": told.strip().splitlines()[-1]}
        for file, told in bag.errors.items()
    ]
    facts = []
    for target in bag.targets:
        found, fact = _checked(target, arguments)
        rows += found
        facts += fact
    bad = any(row["severity"] == "error" or arguments.strict for row in rows)
    if arguments.output == "json":
        write_json({"ok": not bad, "problems": rows, "groups": facts})
        return FAILED if bad else OK
    if facts:
        write_rows(facts, "table")
    if rows:
        write_rows(rows, "table")
    print(f"{len(bag.targets)} groups, {len(rows)} problems", file=sys.stderr)
    return FAILED if bad else OK


def _checked(target: Target, arguments: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The problems of *target*, and its size and cost if it has a definition."""
    try:
        definition = target.definition
    except SfnMlError as error:
        return [_problem(target, "error", "", problem) for problem in error.problems], []
    problems = [_problem(target, found.severity, found.path, found.message) for found in asl.validate(definition)]
    lost = target.group.compiled().warnings if target.group else ()
    problems += [_problem(target, "warning", "", message) for message in lost]
    try:
        report = target.group.report if target.group else program_of(asl.parse(definition)).report
        expected = cost_of(target, arguments)
    except SfnMlError as error:
        return [*problems, *(_problem(target, "error", "", problem) for problem in error.problems)], []
    problems += [
        _problem(target, "warning", "", f"{amount:,} {what}, AWS allows {limit:,}: more than half of it")
        for what, amount, limit in (
            ("history events a run without retries", report.events, EVENT_LIMIT),
            ("bytes of definition", report.size, DEFINITION_LIMIT),
        )
        if 2 * amount > limit
    ]
    fact = {
        "dag": target.dag_id,
        "group": target.group_id,
        "tasks": report.tasks,
        "transitions": least_to_most(expected.transitions),
        "history_events": report.events,
        "bytes": report.size,
        "usd_a_month": round(expected.monthly, 4),
        "also_waits": [f"{later} waits for {earlier}" for earlier, later in report.added],
    }
    return problems, [fact]


def _problem(target: Target, severity: str, where: str, message: str) -> dict[str, Any]:
    return {
        "dag": target.dag_id,
        "group": target.group_id,
        "severity": severity,
        "where": where,
        "message": message,
    }


def _rendered(definition: Any, kind: str) -> str:
    from airflow_sfn_ml import pictures

    match kind:
        case "yaml":
            import yaml

            return yaml.safe_dump(definition, sort_keys=False, allow_unicode=True, width=120)
        case "svg":
            return pictures.to_svg(definition)
        case "mermaid":
            return pictures.to_mermaid(definition)
        case "text":
            return pictures.to_text(definition)
        case _:
            return json.dumps(definition, indent=2, ensure_ascii=False)


def _heading(target: Target, kind: str) -> str:
    match kind:
        case "yaml":
            return f"---\n# {target.label}"
        case "svg":
            return f"<!-- {target.label} -->"
        case "mermaid":
            return f"%% {target.label}"
        case _:
            return f"\n{target.label}\n{'-' * len(target.label)}"
