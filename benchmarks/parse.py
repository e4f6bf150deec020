"""What the parse of a Dag with a group costs beyond what it imports anyway.

Runs three fresh interpreters in turn, several times over, and prints the CPU seconds of each (minimum and median),
counted from the moment when ``airflow.sdk`` and the Amazon provider's SageMaker operators are imported:

* ``base``   makes ten tasks without a group;
* ``group``  imports this package and makes the same tasks inside of a group, and serialises nothing;
* ``stored`` also compiles and checks the requests, as the dag-processor's serialisation does.

Run it with ``python benchmarks/parse.py [rounds]``.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

COMMON = """
import time
from airflow.sdk import DAG
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerProcessingOperator
def config(name):
    return {
        "ProcessingJobName": name,
        "RoleArn": "arn:aws:iam::123456789012:role/sagemaker",
        "AppSpecification": {"ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1"},
        "Environment": {"DAY": "{{ ds }}"},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
        },
    }
def tasks():
    chain = [SageMakerProcessingOperator(task_id=f"t{i}", config=config(f"t{i}")) for i in range(10)]
    for first, second in zip(chain, chain[1:]):
        first >> second
began = time.process_time()
def done():
    print(time.process_time() - began)
"""
PROGRAMS = {
    "base": COMMON + "\nwith DAG('d'):\n    tasks()\ndone()\n",
    "group": COMMON
    + "\nfrom airflow_sfn_ml import StateMachineTaskGroup\n"
    + "with DAG('d'), StateMachineTaskGroup('g', role_arn='arn:aws:iam::123456789012:role/states'):\n"
    + "    tasks()\ndone()\n",
    "stored": COMMON
    + "\nfrom airflow_sfn_ml import StateMachineTaskGroup\n"
    + "with DAG('d'), StateMachineTaskGroup('g', role_arn='arn:aws:iam::123456789012:role/states') as g:\n    tasks()\n"
    + "g.compiled()\ndone()\n",
}


def main(rounds: int) -> None:
    """Run all programs *rounds* times in turn and print what they cost."""
    seconds: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(rounds):
        for name, program in PROGRAMS.items():
            told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
            seconds[name].append(float(told.stdout.split()[-1]))
    base = min(seconds["base"])
    print(f"{'program':8} {'min CPU s':>10} {'median':>8} {'over base (min)':>16}")
    for name, values in seconds.items():
        print(f"{name:8} {min(values):10.3f} {statistics.median(values):8.3f} {min(values) - base:16.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
