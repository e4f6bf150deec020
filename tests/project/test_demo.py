"""The parts of the demo that stand alone."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demo.__main__ import FAILS, LOCK, own_folder, succeeded
from demo.progress import Lines, view
from demo.report import HEADINGS, Result, table
from demo.servers import Server, free_ports

ROOT = Path(__file__).parents[2]
ORDER = ("upload", "training.train", "report")


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and is not waited for yet does not."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def ends(pid: int, seconds: float = 10) -> bool:
    """Whether the process ends soon: a signal takes a moment."""
    deadline = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(pid)


def test_free_ports_are_different_and_of_the_loopback_interface():
    assert len(set(free_ports(5))) == 5


def test_stopping_a_server_ends_what_it_started_too(tmp_path: Path):
    program = "import subprocess, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"
    server = Server([sys.executable, "-c", program], os.environ, tmp_path / "log", tmp_path)
    server.start()
    while not server.tail().strip():
        time.sleep(0.05)
    child = int(server.tail())
    assert server.running
    assert alive(child)
    server.stop()
    assert not server.running
    assert ends(child)


def test_a_server_ends_with_the_process_that_started_it_however_that_ends(tmp_path: Path):
    program = (
        "import os, sys, time; from pathlib import Path; from demo.servers import Server\n"
        "server = Server(['sleep', '60'], os.environ, Path('log'), Path('.')); server.start()\n"
        "print(server._process.pid, flush=True); time.sleep(60)"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, env=env, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.send_signal(signal.SIGKILL)
    assert ends(child)


def test_only_a_folder_that_a_demo_made_is_emptied(tmp_path: Path):
    folder = tmp_path / "demo"
    with own_folder(folder):
        (folder / "results.json").touch()
        with pytest.raises(BlockingIOError, match="another demo is running"), own_folder(folder):
            pass
    with own_folder(folder):
        assert [path.name for path in folder.iterdir()] == [LOCK]
    precious = tmp_path / "mine"
    precious.mkdir()
    (precious / "thesis.txt").touch()
    with pytest.raises(FileExistsError, match="no demo made"), own_folder(precious):
        pass
    assert (precious / "thesis.txt").exists()


def test_each_change_is_told_once_and_a_deferred_task_is_running(capsys: pytest.CaptureFixture[str]):
    lines = Lines()
    started = "2026-01-05T00:00:00+00:00"
    upload = {"task_id": "upload", "state": "success", "start_date": started, "end_date": "2026-01-05T00:00:02+00:00"}
    train = {"task_id": "training.train", "state": "deferred", "start_date": started, "end_date": None}
    for _ in range(3):
        lines.show([view("2026-01-05", {"state": "running"}, [train, upload], ORDER)])
    failed = {**train, "state": "failed", "end_date": "2026-01-05T00:00:09+00:00"}
    lines.show([view("2026-01-05", {"state": "failed"}, [upload, failed], ORDER)])
    told = [" ".join(line.split()[2:]) for line in capsys.readouterr().out.splitlines()]
    assert told == [
        "2026-01-05 upload success 2.0 s",
        "2026-01-05 train running",
        "2026-01-05 train failed 9.0 s",
        "2026-01-05 run ended: failed",
    ]


def test_a_failed_run_has_its_row_in_the_table_too():
    arn = "arn:aws:states:us-east-1:123456789012:execution:census_income-training:demo__2026-01-05-68b74b7abc22312433db"
    good = Result("2026-01-05", "demo", "success", 61.4, arn, 1, (1, 3, 1), 0.7256, 0.82044, "s3://bucket/m/model.tar")
    bad = Result("2026-01-06", "backfill", "failed", 9.0, None, 0, (0, 0, 0), None, None, None)
    heading, first, second = table([good, bad]).splitlines()
    assert [heading.index(name) for name in HEADINGS] == sorted(heading.index(name) for name in HEADINGS)
    assert re.split(r"\s{2,}", first) == [
        *(
            "2026-01-05",
            "68b74b7abc22312433db",
            "1 x",
            "1 + 3 + 1",
            "0.7256",
            "0.8204",
            "61 s",
            "success",
            "m/model.tar",
        )
    ]
    assert re.split(r"\s{2,}", second) == ["2026-01-06", "-", "-", "0 + 0 + 0", "-", "-", "9 s", "failed", "-"]


def test_the_demo_is_a_success_only_if_the_planned_failure_went_on_where_it_was():
    def result(day: str, redriven: int = 0, jobs: tuple[int, ...] = (1, 1, 1), status: str = "success") -> Result:
        return Result(day, day, status, 1.0, "arn", redriven, jobs, 0.7, 0.8, "s3://m")

    others = [result("2026-01-05"), result("2026-01-06"), result("2026-01-08")]
    assert succeeded([*others, result(FAILS, 1, (1, 3, 1))])
    assert not succeeded(others)
    assert not succeeded([*others, result(FAILS)])  # it never failed
    assert not succeeded([*others, result(FAILS, 1, (2, 3, 1))])  # it was preprocessed again
    assert not succeeded([*others, result(FAILS, 1, (1, 3, 1), "failed")])
    assert not succeeded([result("2026-01-05", 1, (1, 2, 1)), *others[1:], result(FAILS, 1, (1, 3, 1))])
