"""What waiting costs: the Amazon provider's trigger and ours, side by side on the same fake AWS.

Each case starts a fake AWS (`benchmarks.fake_aws`) and a fresh process that runs all triggers of the case in one event
loop, as a triggerer does (`benchmarks.triggerer`). It measures in turn

* the *ramp*: from the first trigger's start until every execution was looked at once, by DescribeExecution,
  GetExecutionHistory or as an item of ListExecutions; CPU until two seconds later. Beside it, when the history of
  each had been read once, which is when a follower knows of its state;
* the *window*: a quiet time in which nothing changes;
* the *ends*: everything ends one after another; the latency is that from the end to the trigger's event.

Memory is what the process has grown by at the end of the window, above a baseline after one trigger of the kind that
ran to its end for another connection.

Run it with ``python -m benchmarks.triggers [--quick] [--only TEXT ...] [--json FILE]``. The peer's triggers need
``apache-airflow-providers-amazon[aiobotocore]``, which asks for an older botocore: give them an interpreter of their
own with ``--peer-python``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.cases import Case, cases
from benchmarks.fake_aws_quotas import BUCKETS
from benchmarks.supervisor import Supervisor

ROOT = Path(__file__).parents[1]
HEAD = (
    "case",
    "ramp s",
    "all read s",
    "ramp CPU s",
    "calls/s",
    "of a quota",
    "rejected",
    "CPU s/min",
    "memory MB",
    "block ms (own, gc)",
    "latency p50",
    "p95",
    "max",
)
BLOCKS = ("block", "own", "collecting")
PARTS = ("ramp", "window", "ends")


def run(case: Case, python: str = sys.executable) -> dict[str, Any]:
    """The figures of *case*; *python* runs the triggers."""
    with tempfile.TemporaryDirectory() as home, fake_aws(quotas=case.quotas) as url:
        case = replace(case, url=url)
        supervisor = Supervisor()
        supervisor.start()
        out = Path(home) / "figures.json"
        command = [python, "-m", "benchmarks.triggerer", json.dumps(asdict(case)), str(out)]
        with supervisor.theirs, (Path(home) / "log").open("wb") as log:
            done = subprocess.run(
                command, stdin=supervisor.theirs, stdout=log, stderr=log, env=environment(case, home), check=False
            )
        logs = complaints(Path(home) / "triggers.log") + (Path(home) / "log").read_text()[-4000:]
        if done.returncode:
            raise RuntimeError(f"{case} failed:\n{logs}")
        told = json.loads(out.read_text())
        if wrong := told.get("ends", {}).get("wrong"):
            raise RuntimeError(f"{case}: triggers told another end than happened: {wrong}\n{logs}")
        return {"case": str(case), **told}


def complaints(log: Path) -> str:
    """The first lines of *log* that tell of errors."""
    lines = log.read_text().splitlines() if log.exists() else []
    return "\n".join([line[:500] for line in lines if '"level":"error"' in line][:5])


@contextmanager
def fake_aws(*, quotas: bool) -> Iterator[str]:
    """A fake AWS in a process of its own; gives its URL."""
    command = [sys.executable, "-m", "benchmarks.fake_aws", *(["--quotas"] if quotas else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


def environment(case: Case, home: str) -> dict[str, str]:
    """The environment of the triggers' process."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "AWS_"))}
    extra: dict[str, Any] = {"region_name": "us-east-1", "endpoint_url": case.url}
    role = {"role_arn": "arn:aws:iam::123456789012:role/waiting"} if case.role else {}
    queue = {"AIRFLOW__SFN_ML__EVENTS_QUEUE_URL": f"{case.url}/123456789012/events"} if case.events else {}
    return {
        **kept,
        **queue,
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "AIRFLOW_HOME": home,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AWS_ENDPOINT_URL_STS": case.url,
        "AIRFLOW_CONN_WARM": connection(extra),
        "AIRFLOW_CONN_MEASURED": connection({**extra, **role}),
        "_AIRFLOW_PROCESS_CONTEXT": "client",
        "NO_PROXY": "127.0.0.1",
    }


def connection(extra: dict[str, Any]) -> str:
    """A connection of Airflow as JSON."""
    return json.dumps({"conn_type": "aws", "login": "testing", "password": "testing", "extra": extra})


def row(told: dict[str, Any]) -> tuple[str, ...]:
    """A line of the table, in the order of `HEAD`."""
    ramp, window, ends = told["ramp"], told["window"], told.get("ends", {"late": [], "missing": 0})
    parts = [told[part] for part in PARTS if part in told]
    counts, late = window["counts"], ends["late"]
    latency = [f"{late[int(share * (len(late) - 1))]:.1f}" for share in (0.5, 0.95, 1)] if late else [""] * 3
    return (
        told["case"],
        _seconds(ramp["seen"]),
        _seconds(ramp["read"]),
        f"{ramp['cpu']:.1f}",
        f"{sum(counts['calls'].values()) / counts['seconds']:.2f}",
        f"{100 * used(counts):.0f} %",
        str(sum(sum(part["counts"]["rejected"].values()) for part in parts)),
        f"{60 * window['cpu'] / window['seconds']:.1f}",
        f"{told['memory']:.0f}",
        "{:.0f} ({:.0f}, {:.0f})".format(*(1000 * max(part[key] for part in parts) for key in BLOCKS)),
        *(latency[:2]),
        latency[2] + (f" ({ends['missing']} missing)" if ends["missing"] else ""),
    )


def _seconds(value: float | str | None) -> str:
    return f"{value:.1f}" if isinstance(value, float) else "" if not value or value.startswith("0 ") else value


def used(counts: dict[str, Any]) -> float:
    """The largest share of a quota that was used: calls a second, of those that AWS allows for long."""
    rates = {action: rate for action, (_, rate) in BUCKETS.items()}
    calls = counts["calls"].items()
    return max((number / counts["seconds"] / rates[action] for action, number in calls if action in rates), default=0.0)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the cases and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="100 executions and short windows")
    parser.add_argument("--only", nargs="*", default=[""], help="only cases whose name holds one of these texts")
    parser.add_argument("--peer-python", default=sys.executable, help="an interpreter with the peer's aiobotocore")
    parser.add_argument("--json", type=Path, help="a file to which all figures are appended, one case a line")
    options = parser.parse_args(arguments)
    print("| " + " | ".join(HEAD) + " |\n" + "|---" * len(HEAD) + "|", flush=True)
    for case in cases(quick=options.quick):
        if any(text in str(case) for text in options.only):
            told = run(case, options.peer_python if case.who == "peer" else sys.executable)
            print("| " + " | ".join(row(told)) + " |", flush=True)
            if options.json:
                with options.json.open("a") as file:
                    file.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
