"""Chaos: Dag runs on a real Airflow while its processes are killed and AWS fails, and what must hold in the end.

Run it with ``python benchmarks/chaos.py [--runs N] [--seed N] [--minutes M] [--keep]``. It starts an embedded AWS and
an Airflow of its own (SQLite, LocalExecutor), triggers Dag runs of `chaos_dags`, a few at a time, and meanwhile

* kills with SIGKILL, in the order that the seed gives: the process of a task, the worker that runs it, the scheduler,
  the triggerer, the dag-processor, the api-server; the components are started again after a moment;
* lets calls of Step Functions, SageMaker and CloudWatch Logs be throttled, fail before or after they were carried out,
  lose their answers, or show what was up to some seconds ago;
* looks after the Dag runs as a person would: a step of most of them fails until an object in S3 is corrected,
  and then the failed tasks are cleared; too early, by two clicks, with tasks that had succeeded, or with the start.

In the end, every Dag run and task must have the right state; every generation exactly one execution, and as many
redrives and repairs as were asked for; nothing may run any more; no job may have run again after its success unless it
was cleared; and the XComs must be what the states have put out. Violations are listed, and the exit status is then 1.

What Airflow 3.3.2 does by itself and a person heals by clearing, counted as strays in the report: a task's process
that is killed uses up one of the task's tries, so that the start task of a group, which has three, fails when it is hit
three times; a follower that resumes on a worker, to begin a repair, has one. With SQLite a component may also end by
itself ("database is locked", which no time-out prevents where a transaction turns from reading to writing); it is
started again, and counted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; 0 if everything holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200, help="how many Dag runs (200)")
    parser.add_argument("--seed", type=int, default=None, help="what happens, and in which order; taken by chance")
    parser.add_argument("--minutes", type=float, default=60, help="after so many, no more Dag runs are triggered (60)")
    parser.add_argument("--at-once", type=int, default=8, help="how many Dag runs are under way at a time (8)")
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs and database in any case")
    parser.add_argument("--quiet", action="store_true", help="print only the report")
    parser.add_argument("--share", type=float, default=0.25, help="of the processes of tasks that are killed (0.25)")
    parser.add_argument("--every", type=float, default=15, help="healthy seconds between killed components (15)")
    from benchmarks.chaos_course import Settings, run

    return run(Settings(**vars(parser.parse_args(arguments))))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
