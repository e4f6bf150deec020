"""The commands as data: names, arguments, help and the functions that carry them out. Imports nothing heavy.

Both parsers, ours and Airflow's, are made of this table, so they cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OK, FAILED, CHANGES, RUNNING = 0, 1, 2, 3
USAGE = 64
"""The exit status for wrong arguments (BSD's EX_USAGE), since 2 says that there are changes."""

HELP = "State machines of task groups: look at them, check them, deploy them"


@dataclass(frozen=True)
class Argument:
    """One argument; *options* are those of `argparse`."""

    flags: tuple[str, ...]
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Command:
    """One command.

    :param runs: ``module:function`` within `airflow_sfn_ml.cli`.
    :param help: one line; *description* says more, the exit status above all.
    """

    name: str
    runs: str
    help: str
    arguments: tuple[Argument, ...]
    description: str = ""


def _arg(*flags: str, **options: Any) -> Argument:
    return Argument(flags, options)


GROUPS = _arg("groups", nargs="*", metavar="DAG[.GROUP]", help="only these Dags or groups (default: all)")
VERBOSE = _arg("-v", "--verbose", action="store_true", help="write Airflow's logs as well")
SOURCE = (
    _arg("--dags-folder", metavar="DIR", help="where the Dags are (default: Airflow's own folder)"),
    _arg("--file", metavar="FILE", help="read only this Dag file"),
    VERBOSE,
)
ASL = _arg("--asl", metavar="FILE", help="read this definition (JSON) instead of Dags")
OUTPUT = _arg(
    "-o", "--output", choices=("table", "json"), default="table", help="how to write the answer (default: %(default)s)"
)
ROLE = _arg("--role-arn", metavar="ARN", help="the role, where the group's role_arn is a template")
CONNECTION = _arg(
    "--aws-conn-id", metavar="ID", help="use this connection for every group; '' takes the environment's AWS settings"
)
REGION = _arg("--region", metavar="REGION", help="the AWS region (default: the group's, then the connection's)")
AWS = (CONNECTION, REGION, ROLE)
REPAIR = _arg(
    "--repair",
    action="store_true",
    help="the machines that repair executions of the groups, instead of the groups' own",
)
COST = (
    _arg(
        "--runs",
        type=float,
        metavar="N",
        help="runs a month (default: counted from the Dag's schedule, 30 without one)",
    ),
    _arg("--job-minutes", type=float, default=60, metavar="N", help="how long a job takes (default: %(default)s)"),
    _arg("--poll-seconds", type=float, default=60, metavar="N", help="of the polling design (default: %(default)s)"),
    _arg("--items", type=int, default=1, metavar="N", help="items of each Map (default: %(default)s)"),
    _arg("--price", type=float, default=0.025, metavar="USD", help="of 1,000 transitions (default: %(default)s)"),
)

COMMANDS = (
    Command("list", "looking:list_groups", "List the groups of all Dags", (GROUPS, *SOURCE, OUTPUT)),
    Command(
        "render",
        "looking:render",
        "Write the definition of a group, or a picture of it",
        (
            GROUPS,
            *SOURCE,
            ASL,
            _arg(
                "--format",
                choices=("json", "yaml", "svg", "mermaid", "text"),
                default="json",
                help="what to write (default: %(default)s)",
            ),
            _arg(
                "-o",
                "--output",
                choices=("plain", "json"),
                default="plain",
                help="json wraps each text with its Dag and group (default: %(default)s)",
            ),
        ),
    ),
    Command(
        "check",
        "looking:check",
        "Check the groups: Dags parse, groups compile, AWS would take it, limits, cost",
        (
            GROUPS,
            *SOURCE,
            ASL,
            *COST,
            _arg("--strict", action="store_true", help="warnings fail too"),
            OUTPUT,
        ),
        "Needs no AWS. Exit status: 0 all is well, 1 something is wrong.",
    ),
    Command(
        "plan",
        "deploying:plan",
        "Show what deploy would change on AWS",
        (GROUPS, *SOURCE, *AWS, REPAIR, OUTPUT),
        "Exit status: 0 nothing to change, 1 an error, 2 there are changes.",
    ),
    Command(
        "deploy",
        "deploying:deploy",
        "Make AWS match the groups",
        (GROUPS, *SOURCE, *AWS, REPAIR, _arg("--dry-run", action="store_true", help="only show the plan"), OUTPUT),
        "Exit status: 0 AWS matches (with --dry-run: would match), 1 an error.",
    ),
    Command(
        "durations",
        "durations:durations",
        "Tell how long the tasks of groups took, for expected_durations",
        (
            GROUPS,
            *SOURCE,
            _arg("--runs", type=int, default=10, metavar="N", help="the last N successes (default: %(default)s)"),
            OUTPUT,
        ),
        "Reads Airflow's database. The JSON of one group is what its expected_durations takes.",
    ),
    Command(
        "versions",
        "deploying:versions",
        "List the published versions of the groups",
        (
            GROUPS,
            *SOURCE,
            *AWS,
            _arg("--limit", type=int, default=10, metavar="N", help="the newest N of each (default: %(default)s)"),
            OUTPUT,
        ),
    ),
    Command(
        "policy",
        "permissions:policy",
        "Write the IAM policies of a group: its role's, the role's trust, Airflow's",
        (
            GROUPS,
            *SOURCE,
            ASL,
            _arg(
                "--kind",
                choices=("execution", "trust", "airflow", "all"),
                default="all",
                help="which of them (default: %(default)s)",
            ),
            _arg("--region", metavar="REGION", help="the AWS region (default: the group's, then any)"),
            _arg("--account", metavar="NUMBER", help="the AWS account (default: the role's, then any)"),
            ROLE,
            _arg("--machine-name", metavar="NAME", help="the state machine of --asl (default: any)"),
            _arg(
                "--job-role",
                action="append",
                default=[],
                metavar="ARN",
                help="a role that jobs run with, where the definition does not tell; may be repeated",
            ),
            _arg("--logging", action="store_true", help="the machine writes logs to CloudWatch"),
            _arg("--tracing", action="store_true", help="the machine sends traces to X-Ray"),
            _arg(
                "-o",
                "--output",
                choices=("table", "json"),
                default="table",
                help="table writes headings and notes between the documents, json one object (default: %(default)s)",
            ),
        ),
        "What is only known at run time widens a policy; the notes say where.",
    ),
    Command("cost", "costs:cost", "What a group costs, beside a polling design", (GROUPS, *SOURCE, ASL, *COST, OUTPUT)),
    Command(
        "status",
        "following:status",
        "Show the states of an execution",
        (
            _arg("dag", metavar="DAG[.GROUP]", help="the Dag, or one group of it"),
            _arg("run", metavar="RUN", help="the id of the Dag run"),
            _arg("--map-index", type=int, default=-1, metavar="N", help="of a mapped group"),
            _arg("--generation", type=int, metavar="N", help="default: the newest that there is"),
            *SOURCE,
            *AWS,
            OUTPUT,
        ),
        "Exit status: 0 succeeded, 1 failed or an error, 3 still running.",
    ),
    Command(
        "orphans",
        "orphans:orphans",
        "List executions that run although no Dag run needs them",
        (
            GROUPS,
            *SOURCE,
            *AWS,
            _arg(
                "--all", action="store_true", help="of all state machines whose tags say so, also of Dags that are gone"
            ),
            _arg(
                "--grace",
                type=float,
                default=120,
                metavar="SECONDS",
                help="how long a Dag run has to be over (default: %(default)s)",
            ),
            _arg("--stop", action="store_true", help="stop them and their jobs"),
            _arg("--yes", action="store_true", help="do not ask before stopping"),
            OUTPUT,
        ),
        "Reads Airflow's database. Exit status: 0 there are none, or all were stopped; 1 an error, or something is "
        "still at work; 3 there are some.",
    ),
    Command(
        "events",
        "events:events",
        "Let AWS tell the triggerer when executions and jobs end",
        (
            _arg(
                "action",
                choices=("setup", "template", "remove"),
                help="make a queue and the rules that fill it, write a CloudFormation template for them, remove them",
            ),
            _arg("--name", default="airflow-sfn-ml-events", help="of the queue and the rules (default: %(default)s)"),
            _arg(
                "--aws-conn-id",
                default="aws_default",
                metavar="ID",
                help="the connection (default: %(default)s); '' takes the environment's AWS settings",
            ),
            _arg("--region", metavar="REGION", help="the AWS region (default: the connection's)"),
            VERBOSE,
            OUTPUT,
        ),
        "The setting events_queue_url then makes the triggerer read the queue (docs/watching.md).",
    ),
    Command(
        "local",
        "local:local",
        "Run the embedded AWS until ctrl-C",
        (
            _arg("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"),
            _arg("--port", type=int, default=0, help="port to listen on (default: any free one)"),
            _arg("--data-dir", metavar="DIR", help="keep job folders and logs here (default: temporary)"),
            _arg(
                "--image",
                action="append",
                default=[],
                metavar="REPOSITORY=PYTHON",
                help="the interpreter that stands for an image; may be repeated",
            ),
            _arg("--faults", metavar="NAME=VALUE,...", help="let calls fail and reads be old (docs/local.md)"),
            _arg(
                "-o",
                "--output",
                choices=("table", "json"),
                default="table",
                help="json writes the address and the AWS_* variables as one object (default: %(default)s)",
            ),
        ),
    ),
)
"""All commands, in the order of their use."""
