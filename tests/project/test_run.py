"""run.py: the environment it makes, and what it says when something fails."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import venv
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """run.py as it is in a checkout of its own, whose environment is not made yet."""
    spec = importlib.util.spec_from_file_location("run", ROOT / "run.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text(f"# {name}")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv/bin/python")
    monkeypatch.setattr(module, "STAMP", tmp_path / ".venv/installed.sha256")
    monkeypatch.setattr(module, "LOG", tmp_path / ".venv/install.log")
    return module


@pytest.fixture
def ready(runner: ModuleType) -> ModuleType:
    """The same with an environment that fits (it has no packages, and needs none here)."""
    venv.create(runner.VENV, with_pip=False)
    runner.STAMP.write_text(runner.fingerprint())
    return runner


def test_an_environment_that_fits_is_used_as_it_is(ready: ModuleType, capfd: pytest.CaptureFixture[str]):
    before = ready.STAMP.stat().st_mtime_ns
    assert ready.prepare()
    assert ready.STAMP.stat().st_mtime_ns == before
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("changed", ["pyproject.toml", "constraints.txt"])
def test_an_environment_does_not_fit_other_requirements(ready: ModuleType, changed: str):
    (ready.ROOT / changed).write_text("# another")
    assert ready.fingerprint() != ready.STAMP.read_text()


def test_a_failing_installation_shows_the_installers_last_lines_and_is_tried_again_the_next_time(
    ready: ModuleType, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", "")  # no uv
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (ready.ROOT / "constraints.txt").write_text("# another")
    assert not ready.prepare()
    out, err = capfd.readouterr()
    assert "[1/2] making .venv" in out
    assert "ERROR" in err
    assert f"The whole log: {ready.LOG}" in err
    assert not ready.STAMP.exists()


def test_the_status_of_what_was_run_is_the_status_of_the_command(ready: ModuleType):
    assert ready.run("-c", "raise SystemExit(7)") == 7


def test_being_stopped_stops_what_was_run(tmp_path: Path):
    marker = tmp_path / "stopped"
    sleeper = (
        "import pathlib, signal, sys, time\n"
        f"signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path({str(marker)!r}).touch(), sys.exit(3)))\n"
        "print('up', flush=True); time.sleep(60)"
    )
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "import run, pathlib\n"
        f"run.PYTHON = pathlib.Path({sys.executable!r})\n"
        f"raise SystemExit(run.run('-c', {sleeper!r}))"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        process.terminate()
        assert process.wait(20) == 3
    assert marker.exists()


def test_nothing_of_the_callers_python_leaks_in(ready: ModuleType, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("HOME", "")
    program = (
        "import os, sys; home = os.environ['HOME']; "
        "raise SystemExit('/elsewhere' in sys.path or not os.path.isdir(home) or sys.prefix != os.path.realpath(home))"
    )
    assert ready.run("-c", program) == 0


def test_check_goes_on_after_a_failure_and_names_what_failed(
    ready: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    checks = {"lint": ["-c", "raise SystemExit(1)"], "types": ["-c", ""], "tests": ["-c", "print('tests ran')"]}
    monkeypatch.setattr(ready, "CHECKS", checks)
    monkeypatch.setattr(ready, "SERVERS", ["-c", "print('servers ran')"])
    assert ready.main(["check"]) == 1
    out = capfd.readouterr().out
    assert "tests ran" in out
    assert "servers ran" in out
    assert "== failed: lint" in out
    del checks["lint"]
    assert ready.main(["check"]) == 0
    assert "== all checks passed" in capfd.readouterr().out
    monkeypatch.setattr(ready, "SERVERS", ["-c", "raise SystemExit(1)"])
    assert ready.main(["check"]) == 1
    assert "== failed: tests with servers" in capfd.readouterr().out


def test_arguments_go_to_pytest(ready: ModuleType, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    monkeypatch.setattr(ready, "CHECKS", {"tests": ["-c", "import sys; print(sys.argv[1:])"]})
    assert ready.main(["test", "-k", "compose", "--lf"]) == 0
    assert "['-k', 'compose', '--lf']" in capfd.readouterr().out


def test_run_py_needs_nothing_but_the_standard_library_and_explains_itself():
    told = subprocess.run(
        [sys.executable, "-I", "-S", str(ROOT / "run.py"), "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert all(command in told for command in ("demo", "test", "check"))
