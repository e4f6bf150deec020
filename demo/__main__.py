"""Run the census workflow on a real Airflow and an embedded AWS: once by hand, then as a backfill of three days.

One of the three is meant to fail, by a mistyped setting. It is put right and the failed task is cleared.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from airflow_sfn_ml.local import LocalAws
from demo import failure
from demo.progress import Progress, RunView, for_terminal, view
from demo.report import Result, failures, read_result, save, table
from demo.servers import errors_to
from demo.stack import AirflowStack, StackError

ROOT = Path(__file__).resolve().parent.parent
DAG_ID = "census_income"
TASKS = ("upload", "training.start", "training.preprocess", "training.train", "training.evaluate", "report")
BY_HAND = date(2026, 1, 5)
BACKFILL = (date(2026, 1, 6), date(2026, 1, 7), date(2026, 1, 8))
FAILS = str(BACKFILL[1])
AT_ONCE = 2
PATIENCE = 900.0
"""Seconds that one part of the demo may take on a slow machine before it is given up."""
LOCK = "demo.lock"


def main(arguments: Sequence[str]) -> int:
    """Run the demo; 0 if every run succeeded."""
    options = parse(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with own_folder(options.dir) as folder:
            return demo(folder, options.rows, options.ui)
    except KeyboardInterrupt:
        print("\nstopped", flush=True)
        return 130
    except (StackError, BlockingIOError, FileExistsError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="run.py demo", description=__doc__)
    parser.add_argument("--ui", action="store_true", help="leave everything up and tell where Airflow's UI is")
    parser.add_argument("--rows", type=int, default=20_000, help="rows of synthetic data a day (default: %(default)s)")
    parser.add_argument("--dir", type=Path, default=ROOT / ".demo", help="where everything is kept (default: .demo)")
    options = parser.parse_args(arguments)
    if options.rows < 1000:
        parser.error("--rows must be at least 1000: a model needs something to learn from")
    return options


def demo(folder: Path, rows: int, ui: bool) -> int:
    """All parts, in their order."""
    progress = for_terminal()
    with contextlib.ExitStack() as stop:
        with errors_to(folder / "aws.log"):
            aws = stop.enter_context(LocalAws(data_dir=folder / "aws"))
        progress.stage(1, "embedded AWS", f"{aws.url}  (Step Functions, S3; SageMaker jobs run as processes here)")
        stack = AirflowStack(folder / "airflow", ROOT / "dags", aws)
        progress.stage(2, "Airflow", f"{stack.url}  (starting api-server, scheduler, dag-processor, triggerer)")
        stop.enter_context(stack)
        progress.stage(3, "run by hand", f"{BY_HAND}, {rows:,} rows of synthetic data")
        if run_by_hand(stack, rows, progress) == "success":
            progress.stage(
                4, "backfill", f"{BACKFILL[0]} to {BACKFILL[-1]}, {AT_ONCE} at a time; {FAILS} has a mistyped setting"
            )
            backfill(stack, rows, progress)
            progress.stage(5, "repair", f"{FAILS}: the setting is corrected, the failed task is cleared")
            repair(stack, progress)
        progress.stage(6, "results", "read from the evaluation reports in S3 and the executions' histories")
        results = sorted((read_result(stack, DAG_ID, run) for run in stack.runs(DAG_ID)), key=lambda each: each.date)
        tell(stack, results, folder)
        if ui:
            stay_up(stack, aws)
    return 0 if succeeded(results) else 1


def run_by_hand(stack: AirflowStack, rows: int, progress: Progress) -> str:
    """One run, as a person starts it in the UI; the state in which it ended."""
    noon = datetime(BY_HAND.year, BY_HAND.month, BY_HAND.day, 12, tzinfo=UTC)
    run_id = stack.trigger(DAG_ID, conf={"rows": rows}, logical_date=noon, run_id=f"demo__{BY_HAND}")
    watch(stack, lambda: [stack.run(DAG_ID, run_id)], 1, progress)
    return str(stack.run(DAG_ID, run_id)["state"])


def backfill(stack: AirflowStack, rows: int, progress: Progress) -> None:
    """Three days by Airflow's own command."""
    failure.mistype(stack, FAILS)
    first, last = str(BACKFILL[0]), str(BACKFILL[-1])
    command = ["backfill", "create", "--dag-id", DAG_ID, "--from-date", first, "--to-date", last]
    stack.run_cli([*command, "--max-active-runs", str(AT_ONCE), "--dag-run-conf", f'{{"rows": {rows}}}'])
    watch(stack, lambda: stack.runs(DAG_ID, "backfill"), len(BACKFILL), progress)


def repair(stack: AirflowStack, progress: Progress) -> None:
    """What a person does about the day that failed; anything else that failed is left as it is."""
    run = next(run for run in stack.runs(DAG_ID, "backfill") if run["logical_date"].startswith(FAILS))
    if not failure.has_failed_as_planned(stack, DAG_ID, run):
        return
    for line in failure.why(stack, DAG_ID, run):
        progress.note(line)
    failure.correct(stack, FAILS)
    failure.clear(stack, DAG_ID, run)
    watch(stack, lambda: [stack.run(DAG_ID, run["dag_run_id"])], 1, progress)


def watch(stack: AirflowStack, runs: Callable[[], list[dict[str, Any]]], count: int, progress: Progress) -> None:
    """Show *runs* until *count* of them have ended."""

    def ended() -> bool:
        views = [look(stack, run) for run in runs()]
        progress.show(views)
        return len(views) == count and all(each.ended for each in views)

    with progress.watching():
        stack.until(ended, PATIENCE, "The runs did not end")


def look(stack: AirflowStack, run: dict[str, Any]) -> RunView:
    """How far a run is."""
    return view(run["logical_date"][:10], run, stack.task_instances(DAG_ID, run["dag_run_id"]), TASKS)


def succeeded(results: Sequence[Result]) -> bool:
    """Whether every run that was asked for is there and has succeeded, and the one that failed went on where it did."""
    complete = len(results) == 1 + len(BACKFILL) and all(result.status == "success" for result in results)
    return complete and all(
        (result.redriven, result.jobs) == ((1, (1, 3, 1)) if result.date == FAILS else (0, (1, 1, 1)))
        for result in results
    )


def tell(stack: AirflowStack, results: Sequence[Result], folder: Path) -> None:
    """The table, and where to look further."""
    print(f"\n{table(results)}\n")
    print(f"jobs: preprocess + train + evaluate. {FAILS} failed twice in train, was corrected and cleared: the same")
    print("execution went on where it had failed, and what was preprocessed was used again.\n")
    for result in results:
        if result.status != "success":
            print(f"{failures(stack, DAG_ID, result.run_id)}\n")
    save(results, folder / "results.json")
    print(f"results  {_shown(folder / 'results.json')}")
    print(f"logs     {_shown(stack.logs)}")
    print(f"jobs     {_shown(folder / 'aws' / 'jobs')}", flush=True)


def stay_up(stack: AirflowStack, aws: LocalAws) -> None:
    """Leave everything running until ctrl-C."""
    print(f"\nAirflow  {stack.url}/dags/{DAG_ID}   user {stack.username}, password {stack.password}")
    print(f"AWS      {aws.url}   (aws --endpoint-url {aws.url} stepfunctions list-state-machines)")
    print("ctrl-C stops all of it", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)
    print("\nstopping", flush=True)


@contextlib.contextmanager
def own_folder(folder: Path) -> Iterator[Path]:
    """An empty folder that no other demo uses; what an earlier demo left there is removed."""
    lock = folder / LOCK
    if folder.exists() and any(folder.iterdir()) and not lock.exists():
        raise FileExistsError(f"{folder} holds something that no demo made; choose another folder with --dir")
    folder.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlockingIOError(
                f"another demo is running in {folder}; stop it, or choose another folder with --dir"
            ) from None
        for earlier in folder.iterdir():
            if earlier != lock:
                shutil.rmtree(earlier) if earlier.is_dir() else earlier.unlink()
        yield folder


def _shown(path: Path) -> Path:
    """*path* as one would type it where the demo was called."""
    here = Path.cwd()
    return path.resolve().relative_to(here) if path.resolve().is_relative_to(here) else path


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
