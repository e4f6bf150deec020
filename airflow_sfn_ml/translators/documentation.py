"""`docs/operators.md`: what the table says, for people.

``python -m airflow_sfn_ml.translators.documentation`` prints it. The operators that there are come from the source of
the installed providers, so that nothing is left out: each is supported, refused with its reason, or has no translator.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

from airflow_sfn_ml import translators
from airflow_sfn_ml.translators import families
from airflow_sfn_ml.translators.refusals import REFUSED
from airflow_sfn_ml.translators.table import ROWS, Row

families.load_all()

AMAZON = "airflow.providers.amazon.aws"
STANDARD = "airflow.providers.standard"
FOLDERS = (f"{AMAZON}.operators", f"{AMAZON}.sensors", f"{STANDARD}.operators", f"{STANDARD}.sensors")
BASES = ("Base", "AwsBase", "Abstract")
"""How the names of classes begin that nobody uses as a task."""
HEAD = """# Operators

<!-- Written by `python -m airflow_sfn_ml.translators.documentation`; change the table of translators instead. -->

What an operator does inside of a `StateMachineTaskGroup`, from the same table that translates it. *Calls* are the
integrations of Step Functions: those with `.sync` wait by themselves, `aws-sdk:` calls any API. *Waits* says how the
task waits where the operator says that it should; a loop looks, decides and waits, as often as the operator would.

For every operator:

* A task's XCom is the output of its state, in the shape that the operator pushes, with two differences: no
  `ResponseMetadata`, and dates are what the service writes instead of Python's `repr`.
* Its arguments may be templates, XComs of tasks outside of the group and outputs of tasks inside. What decides which
  states there are (`wait_for_completion`, numbers of seconds) must be written out.
* `retries` and `execution_timeout` are kept by the state machine. Throttled calls are tried again in any case.
* What the operator does to its values on the worker is done when the execution starts: numbers are made of text, names
  of roles become ARNs (the group's connection needs `iam:GetRole`), `S3Operations` are uploaded (from the files of the
  worker that runs the start task).
* Names that SageMaker wants to be new get a suffix that no other try has. What needs the whole name, or a path in S3
  that SageMaker made of it, finds it in the task's XCom (`['Training']['ModelArtifacts']['S3ModelArtifacts']`); sensors
  of the group find their job by themselves.
* `verify` and `botocore_config` have no effect. A connection follows if it takes a role (`role_arn`) in the group's
  region; every other connection, and another region, are refused.
* Lost: links to the console (the group has its own), OpenLineage, callbacks that run on the worker, pools.

A class of your own that inherits from one of these is translated as its parent, unless it does its work in another way;
see [authoring](authoring.md#operators-of-your-own) for how to say what it does.
"""


def markdown() -> str:
    """The whole page."""
    parts = [HEAD, "## Supported\n"]
    for module in sorted({path.rpartition(".")[0] for path in ROWS}, key=_module_key):
        rows = sorted((row for row in ROWS.values() if row.path.rpartition(".")[0] == module), key=lambda row: row.path)
        parts.append(f"### {_title(module)}\n")
        parts.append("\n".join(_table(rows)) + "\n")
        details = [line for row in rows for line in _details(row)]
        if details:
            parts.append("\n".join(details) + "\n")
    parts.append("## Supported without a row\n")
    parts.append("\n".join(_functions()) + "\n")
    parts.append("## Refused\n")
    parts.append("\n".join(_refused()) + "\n")
    parts.append("## Without a translator\n")
    parts.append(
        "Make their calls with `SdkStep`, register a translator, or move the task before or after the group.\n"
    )
    parts.append("\n".join(_missing()) + "\n")
    return "\n".join(parts)


def _module_key(module: str) -> tuple[bool, bool, str]:
    return (not module.startswith(AMAZON), ".sensors." in module, module)


def _title(module: str) -> str:
    return f"`{module.removeprefix('airflow.providers.')}`"


def _table(rows: list[Row]) -> Iterator[str]:
    yield "| Operator | Calls | Waits | XCom |"
    yield "|---|---|---|---|"
    for row in rows:
        calls = [f"`{call.resource}`" for call in (*row.calls, *row.then)]
        yield f"| `{row.name}` | {', '.join(dict.fromkeys(calls)) or '-'} | {_waits(row)} | {_cell(row.xcom)} |"


def _waits(row: Row) -> str:
    ways = []
    if any(call.sync for call in row.calls):
        ways.append("`.sync`")
    if row.until is not None:
        ways.append(f"loop over `{row.until.look.resource}`")
    return ", ".join(ways) or "-"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _details(row: Row) -> Iterator[str]:
    said = [row.note] if row.note else []
    if row.lost:
        said.append(f"Lost: {'; '.join(row.lost)}.")
    if row.refused:
        said.append("Refused: " + "; ".join(f"`{name}` ({reason})" for name, reason in row.refused.items()) + ".")
    if said:
        yield f"* `{row.name}`: {' '.join(said)}"


def _functions() -> Iterator[str]:
    for path, translator in sorted(translators.registered().items()):
        if path not in ROWS and path.rpartition(".")[0] in families.FAMILIES:
            yield f"* `{path.rpartition('.')[2]}`: {(translator.__doc__ or '').strip().splitlines()[0]}"


def _refused() -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for path, reason in REFUSED.items():
        by_reason.setdefault(reason, []).append(_title(path))
    for reason, paths in by_reason.items():
        yield f"* {', '.join(paths)}: {reason}."


def _missing() -> Iterator[str]:
    for folder in FOLDERS:
        for module, classes in groupby(sorted(_classes(folder)), lambda path: path.rpartition(".")[0]):
            names = [f"`{path.rpartition('.')[2]}`" for path in classes if not _is_known(path)]
            if names:
                yield f"* {_title(module)}: {', '.join(names)}"


def _is_known(path: str) -> bool:
    return path in translators.registered() or any(f"{path}.".startswith(f"{key}.") for key in REFUSED)


def _classes(package: str) -> Iterator[str]:
    """The paths of the operators and sensors of *package*, found without importing its modules."""
    spec = find_spec(package)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for file in sorted(Path(place).glob("*.py")):
            for node in ast.parse(file.read_text()).body:
                if isinstance(node, ast.ClassDef) and _is_task(node.name):
                    yield f"{package}.{file.stem}.{node.name}"


def _is_task(name: str) -> bool:
    ends = name.endswith(("Operator", "Sensor", "SensorAsync"))
    return ends and not name.startswith(("_", *BASES)) and "BaseOperator" not in name and "BaseSensor" not in name


if __name__ == "__main__":
    print(markdown(), end="")
