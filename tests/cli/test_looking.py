"""`list`, `render`, `check` and the command line as such, without AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from airflow_sfn_ml import asl
from airflow_sfn_ml.cli.differences import differences
from airflow_sfn_ml.cli.provider import get_commands
from airflow_sfn_ml.cli.table import COMMANDS

BROKEN = "import nothing_of_this_name  # DAG airflow\n"


def test_list_tells_groups_tasks_and_state_machines(run, dag_file):
    told = run("list", "--file", dag_file(), "--output", "json")
    assert told.status == 0
    (row,) = json.loads(told.out)
    assert (row["dag"], row["group"], row["tasks"]) == ("shop", "training", 2)
    assert row["state_machine"] == "shop-training"


def test_a_table_has_the_same_and_what_dag_files_print_stays_out_of_it(run, dag_file):
    told = run("list", "--file", dag_file())
    assert "shop-training" in told.out
    assert "what a Dag file prints" not in told.out
    assert "what a Dag file prints" in told.err


def test_a_file_that_cannot_be_read_fails_and_hides_no_other(run, dag_file):
    folder = Path(dag_file()).parent
    (folder / "broken.py").write_text(BROKEN)
    told = run("list", "--dags-folder", str(folder), "-o", "json")
    assert told.status == 1
    assert [row["dag"] for row in json.loads(told.out)] == ["shop"]
    assert "broken.py" in told.err
    assert "nothing_of_this_name" in told.err


def test_groups_are_chosen_by_dag_by_name_and_by_pattern(run, dag_file):
    dag_file("other")
    folder = str(Path(dag_file()).parent)
    for chosen, expected in (("shop", ["shop"]), ("other.training", ["other"]), ("*", ["other", "shop"])):
        told = run("list", chosen, "--dags-folder", folder, "-o", "json")
        assert [row["dag"] for row in json.loads(told.out)] == expected


def test_a_group_that_is_not_there_is_named_with_those_that_are(run, dag_file):
    told = run("render", "shop.nothing", "--file", dag_file())
    assert (told.status, told.out) == (1, "")
    assert "shop.nothing" in told.err
    assert "shop.training" in told.err


def test_render_writes_the_definition(run, dag_file):
    told = run("render", "shop.training", "--file", dag_file())
    definition = json.loads(told.out)
    assert list(definition["States"]) == ["prepare", "check"]
    assert asl.validate(definition) == []
    assert yaml.safe_load(run("render", "--format", "yaml", "--file", dag_file()).out) == definition


@pytest.mark.parametrize(("kind", "sign"), [("mermaid", "prepare"), ("text", "→ check")])
def test_render_draws(run, dag_file, kind, sign):
    told = run("render", "--format", kind, "--file", dag_file())
    assert told.status == 0
    assert sign in told.out


def test_a_drawing_is_a_file_that_can_be_read(run, dag_file):
    root = ElementTree.fromstring(run("render", "--format", "svg", "--file", dag_file()).out)
    assert root.tag.endswith("svg")


def test_several_definitions_are_one_object(run, dag_file):
    dag_file("other")
    told = run("render", "--dags-folder", str(Path(dag_file()).parent))
    assert set(json.loads(told.out)) == {"shop.training", "other.training"}


def test_check_is_content_with_a_good_dag_and_tells_its_cost(run, dag_file):
    told = run("check", "--file", dag_file(), "-o", "json")
    answer = json.loads(told.out)
    assert (told.status, answer["ok"], answer["problems"]) == (0, True, [])
    assert answer["groups"][0]["transitions"] == 2
    assert answer["groups"][0]["usd_a_month"] == pytest.approx(30 * 2 * 0.000025, abs=1e-4)


def test_check_fails_where_a_group_cannot_be_compiled(run, dag_file):
    told = run("check", "--file", dag_file(role=None), "-o", "json")
    assert told.status == 1
    assert any("role_arn" in problem["message"] for problem in json.loads(told.out)["problems"])


def test_check_fails_where_a_file_cannot_be_imported(run, tmp_path):
    file = tmp_path / "broken.py"
    file.write_text(BROKEN)
    told = run("check", "--file", str(file))
    assert told.status == 1
    assert "nothing_of_this_name" in told.out


def test_check_reads_a_definition_without_airflow(run, tmp_path):
    file = tmp_path / "machine.asl.json"
    file.write_text(json.dumps({"StartAt": "a", "States": {"a": {"Type": "Pass", "Next": "b"}}}))
    told = run("check", "--asl", str(file))
    assert told.status == 1
    assert "/States/a/Next" in told.out


def test_a_warning_fails_only_when_strict(run, tmp_path):
    file = tmp_path / "machine.json"
    task = {"Type": "Task", "Resource": "arn:aws:states:::unheard:of", "End": True}
    file.write_text(json.dumps({"StartAt": "a", "States": {"a": task}}))
    assert run("check", "--asl", str(file)).status == 0
    assert run("check", "--asl", str(file), "--strict").status == 1


def test_policy_writes_one_document_alone(run, dag_file):
    told = run("policy", "--kind", "execution", "--region", "us-east-1", "--file", dag_file())
    actions = str(json.loads(told.out)["Statement"])
    assert "sagemaker:StopProcessingJob" in actions
    assert "arn:aws:sagemaker:us-east-1:123456789012:processing-job/prepare-*" in actions
    assert "# note: prepare: ProcessingJobName" in told.err


def test_policy_writes_all_three_as_one_object(run, dag_file):
    (answer,) = json.loads(run("policy", "-o", "json", "--region", "us-east-1", "--file", dag_file()).out)
    assert {"execution", "trust", "airflow", "notes"} <= set(answer)
    assert "stateMachine:shop-training" in str(answer["airflow"])


def test_policy_of_a_definition_takes_the_place_from_the_arguments(run, tmp_path):
    file = tmp_path / "m.json"
    task = {"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun", "Arguments": {"JobName": "j"}, "End": True}
    file.write_text(json.dumps({"QueryLanguage": "JSONata", "StartAt": "a", "States": {"a": task}}))
    place = ("--region", "eu-west-1", "--account", "210987654321", "--machine-name", "m")
    told = run("policy", "--asl", str(file), "--kind", "execution", *place)
    assert json.loads(told.out)["Statement"][0]["Resource"] == "arn:aws:glue:eu-west-1:210987654321:job/j"
    assert told.err == ""


def test_cost_compares_with_polling(run, dag_file):
    told = run("cost", "--file", dag_file(), "-o", "json", "--runs", "1000", "--job-minutes", "60")
    (row,) = json.loads(told.out)["groups"]
    assert (row["transitions"], row["polling"]) == (2, 362)
    assert row["usd_a_month"] == pytest.approx(0.05)
    assert row["polling_usd_a_month"] == pytest.approx(0.05 + 1000 * (360 * 0.000025 + 120 * 8.4e-7), rel=1e-3)


@pytest.mark.parametrize(("schedule", "runs"), [("@daily", 30), ("0 */6 * * *", 120), (None, 30)])
def test_cost_counts_the_runs_of_the_schedule(run, dag_file, schedule, runs):
    told = run("cost", "--file", dag_file(f"d{runs}{bool(schedule)}", schedule=schedule), "-o", "json")
    assert json.loads(told.out)["groups"][0]["runs_a_month"] == pytest.approx(runs, abs=1)


def test_wrong_arguments_do_not_look_like_changes(run, dag_file):
    assert run("plan", "--nothing").status == 64
    assert run().status == 64
    told = run("cost", "--poll-seconds", "0", "--file", dag_file())
    assert told.status == 1
    assert "--poll-seconds" in told.err


def test_a_folder_that_is_not_there_is_an_error(run):
    told = run("list", "--dags-folder", "/not/there")
    assert told.status == 1
    assert told.err == "error: /not/there: there is no such file or folder\n"


def test_differences_name_the_state_and_the_field():
    task = {"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun", "Arguments": {"A": 1, "L": [1, 2]}}
    before = {"StartAt": "a", "States": {"a": task}}
    after = {"StartAt": "b", "States": {"a": {**task, "Arguments": {"A": 2, "L": [1, 3]}}, "b": {"Type": "Pass"}}}
    assert differences(before, after) == [
        '~ StartAt: "a" -> "b"',
        "~ a.Arguments.A: 1 -> 2",
        "~ a.Arguments.L[1]: 2 -> 3",
        "+ b (Pass)",
    ]
    assert differences(after, before)[-1] == "- b (Pass)"


def test_airflow_gets_every_command():
    (group,) = get_commands()
    assert [command.name for command in group.subcommands] == [command.name for command in COMMANDS]
    assert group.name == "sfn-ml"


def test_airflow_itself_has_the_commands(dag_file, tmp_path):
    airflow = Path(sys.executable).with_name("airflow")
    root = Path(__file__).parents[2]
    site = tmp_path / "site" / "airflow_sfn_ml-0.1.0.dist-info"
    site.mkdir(parents=True)
    (site / "METADATA").write_text("Metadata-Version: 2.1\nName: airflow-sfn-ml\nVersion: 0.1.0\n")
    (site / "entry_points.txt").write_text(
        "[apache_airflow_provider]\nprovider_info = airflow_sfn_ml:get_provider_info\n"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(root), str(site.parent))),
        "AIRFLOW_HOME": str(tmp_path / "home"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(airflow), "sfn-ml", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)

    told = call("list", "--file", dag_file(), "-o", "json")
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout[told.stdout.index("[\n") :])[0]["state_machine"] == "shop-training"
    assert call("check", "--file", dag_file(role=None)).returncode == 1
