"""What Airflow sees of the plugin, and what seeing it costs."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

from airflow_sfn_ml.plugin import StateMachinePlugin
from airflow_sfn_ml.plugin.runs import TRIGGER

COUNT = """
import json, sys
import airflow.plugins_manager
before = set(sys.modules)
from airflow_sfn_ml.plugin import StateMachinePlugin
views = StateMachinePlugin().external_views
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_importing_the_plugin_imports_nothing_else():
    done = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, check=True)
    imported = json.loads(done.stdout.splitlines()[-1])
    assert set(imported) <= {"airflow_sfn_ml", "airflow_sfn_ml.plugin"}


def test_the_entry_point_leads_to_the_plugin():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    points = project["project"]["entry-points"]["airflow.plugins"]
    module, _, name = points["sfn_ml"].partition(":")
    assert getattr(import_module(module), name) is StateMachinePlugin


def test_the_tab_is_on_dag_runs_and_on_tasks():
    views: list[dict[str, Any]] = StateMachinePlugin().external_views
    assert {view["destination"] for view in views} == {"dag_run", "task_instance"}
    assert len({view["url_route"] for view in views}) == 2
    assert all(not view["href"].startswith("/") for view in views)  # so that it works below a path, too


def test_the_trigger_that_marks_our_tasks_exists():
    module, _, name = TRIGGER.rpartition(".")
    assert hasattr(import_module(module), name)
