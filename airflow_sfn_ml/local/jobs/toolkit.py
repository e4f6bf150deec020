"""Script mode: what the training toolkit inside SageMaker's framework images does before it runs the user's script.

It takes the script from the hyperparameters `sagemaker_program` and `sagemaker_submit_directory`, unpacks it to
/opt/ml/code, passes the other hyperparameters as arguments, and describes the job in SM_* variables
(https://github.com/aws/sagemaker-training-toolkit, `environment.py`, `mapping.py`, `errors.py`).
"""

from __future__ import annotations

import json
import os
import shlex
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow_sfn_ml.local.jobs.storage import Storage

CODE = "/opt/ml/code"


def decode(parameters: Mapping[str, str]) -> dict[str, Any]:
    """Hyperparameters as the toolkit reads them: JSON where they are JSON, else text."""
    return {name: _decoded(value) for name, value in parameters.items()}


def _decoded(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def unpack(storage: Storage, uri: str, code: Path) -> None:
    """Put the source archive, or the tree, at `uri` into `code`."""
    with tempfile.TemporaryDirectory() as temporary:
        storage.download(uri, Path(temporary))
        archives = list(Path(temporary).glob("*.tar.gz"))
        if not archives:
            storage.download(uri, code)
            return
        code.mkdir(parents=True, exist_ok=True)
        for archive in archives:
            with tarfile.open(archive) as tar:
                tar.extractall(code, filter="data")


def command(parameters: Mapping[str, Any]) -> list[str]:
    """The command line of the user's script; relative to /opt/ml/code, where it runs."""
    program = str(parameters["sagemaker_program"])
    arguments = []
    for name, value in sorted(own(parameters).items()):
        arguments += [f"-{name}" if len(name) == 1 else f"--{name}", "" if value is None else str(value)]
    if program.endswith(".sh"):
        return ["/bin/sh", "-c", shlex.join([f"./{program}", *arguments])]
    return ["python", f"{CODE}/{program}", *arguments]


def own(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The hyperparameters that are the script's, not the toolkit's."""
    return {
        name: value
        for name, value in parameters.items()
        if not name.startswith("sagemaker_") and name != "_tuning_objective_metric"
    }


def environment(
    parameters: Mapping[str, Any], channels: Mapping[str, Any], resources: Mapping[str, Any], job: str
) -> dict[str, str]:
    """The SM_* variables."""
    hosts, host = resources["hosts"], resources["current_host"]
    script, module = str(parameters["sagemaker_program"]), str(parameters["sagemaker_submit_directory"])
    values: dict[str, Any] = {
        "SM_MODEL_DIR": "/opt/ml/model",
        "SM_INPUT_DIR": "/opt/ml/input",
        "SM_INPUT_CONFIG_DIR": "/opt/ml/input/config",
        "SM_OUTPUT_DIR": "/opt/ml/output",
        "SM_OUTPUT_DATA_DIR": "/opt/ml/output/data",
        "SM_OUTPUT_INTERMEDIATE_DIR": "/opt/ml/output/intermediate",
        "SM_CHANNELS": sorted(channels),
        "SM_HPS": own(parameters),
        "SM_HOSTS": hosts,
        "SM_CURRENT_HOST": host,
        "SM_CURRENT_INSTANCE_TYPE": resources["current_instance_type"],
        "SM_CURRENT_INSTANCE_GROUP": resources["current_group_name"],
        "SM_CURRENT_INSTANCE_GROUP_HOSTS": hosts,
        "SM_INSTANCE_GROUPS": [resources["current_group_name"]],
        "SM_IS_HETERO": False,
        "SM_NETWORK_INTERFACE_NAME": resources["network_interface_name"],
        "SM_NUM_CPUS": os.cpu_count() or 1,
        "SM_NUM_GPUS": 0,
        "SM_LOG_LEVEL": 20,
        "SM_USER_ENTRY_POINT": script,
        "SM_USER_ARGS": command(parameters)[2:],
        "SM_MODULE_NAME": Path(script).stem,
        "SM_MODULE_DIR": module,
        "SM_RESOURCE_CONFIG": dict(resources),
        "SM_INPUT_DATA_CONFIG": dict(channels),
        "SM_FRAMEWORK_PARAMS": {},
    }
    values |= {f"SM_CHANNEL_{name.upper()}": f"/opt/ml/input/data/{name}" for name in channels}
    values |= {f"SM_HP_{name.upper()}": value for name, value in own(parameters).items()}
    values["SM_TRAINING_ENV"] = {
        "job_name": job,
        "hosts": hosts,
        "current_host": host,
        "hyperparameters": own(parameters),
        "module_name": Path(script).stem,
        "module_dir": module,
        "user_entry_point": script,
        "model_dir": "/opt/ml/model",
        "output_data_dir": "/opt/ml/output/data",
        "input_dir": "/opt/ml/input",
        "channel_input_dirs": {name: f"/opt/ml/input/data/{name}" for name in channels},
        "num_cpus": os.cpu_count() or 1,
        "num_gpus": 0,
        "log_level": 20,
        "input_data_config": dict(channels),
        "resource_config": dict(resources),
    }
    spelled = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    return {**spelled, "PYTHONPATH": CODE}


def failure(code: int, output: list[str], words: list[str]) -> str:
    """The failure message that the toolkit writes for a script that ended badly."""
    message = "\n".join(line for line in output[-10:] if line.strip())
    return f'ExecuteUserScriptError:\nExitCode {code}\nErrorMessage "{message}"\nCommand "{shlex.join(words)}"'
