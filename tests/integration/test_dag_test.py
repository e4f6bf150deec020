"""``dag.test()``: the whole group in one process, without scheduler or triggerer."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from airflow_sfn_ml.local import LocalAws

pytestmark = pytest.mark.integration

PROGRAM = """
from airflow.sdk import DAG
import gc, {module}
dag = next(found for found in gc.get_objects() if isinstance(found, DAG) and found.dag_id == "{dag_id}")
run = dag.test()
print("ENDED", run.state, sorted(f"{{ti.task_id}}[{{ti.map_index}}]={{ti.state}}" for ti in run.get_task_instances()))
"""


@pytest.mark.parametrize(
    ("module", "dag_id", "ended"),
    [("groups", "shapes", ("g.whole[-1]=success",)), ("maps", "maps", ("g.member[1]=success", "g.none[-1]=skipped"))],
)
def test_dag_test_runs_a_group(local_aws: LocalAws, tmp_path: Path, module: str, dag_id: str, ended: tuple[str, ...]):
    folder = Path(__file__).with_name("dags")
    environment = {
        **os.environ,
        **local_aws.env(),
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__SFN_ML__POLL_SHORTEST": "0.3",
        "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    with contextlib.suppress(ClientError):
        local_aws.client("s3").create_bucket(Bucket="models")
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], env=environment, check=True, capture_output=True)
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(module=module, dag_id=dag_id)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert ran.returncode == 0, ran.stdout[-5000:] + ran.stderr[-5000:]
    told = next(line for line in ran.stdout.splitlines() if line.startswith("ENDED"))
    assert told.startswith("ENDED success"), ran.stdout[-5000:]
    assert all(text in told for text in ended), told
