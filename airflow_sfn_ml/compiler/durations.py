"""How long a task is expected to take: what the user says, else an estimate by the kind of call.

The estimates need not be right; their ratios decide which of two waits costs less. A training job outweighs a message.
"""

from __future__ import annotations

from airflow_sfn_ml.asl import Task, Wait
from airflow_sfn_ml.compiler.graph import Node
from airflow_sfn_ml.steps.decision import Decision
from airflow_sfn_ml.steps.procedure import Procedure

ESTIMATES = {
    "sagemaker:createProcessingJob.sync": 600,
    "sagemaker:createTrainingJob.sync": 3600,
    "sagemaker:createHyperParameterTuningJob.sync": 7200,
    "sagemaker:createTransformJob.sync": 1200,
    "bedrock:createModelCustomizationJob.sync": 7200,
    "athena:startQueryExecution.sync": 60,
    "lambda:invoke": 10,
    "bedrock:invokeModel": 10,
}
"""Seconds by integration."""
WAITED = {
    "startPipelineExecution": 3600,
    "createAutoMLJob": 7200,
    "createEndpoint": 600,
    "updateEndpoint": 600,
    "startCrawler": 300,
    "startQueryExecution": 60,
    "executeStatement": 60,
    "batchExecuteStatement": 60,
    "runJobFlow": 1800,
}
"""Seconds by operation, where a loop waits for what it began."""
JOB, CALL, LOOP = 600, 2, 300
"""Seconds of what is in neither table: a job that AWS waits for, a call, a call with a loop."""


def duration(node: Node) -> int:
    """The expected duration of *node* in milliseconds: whole numbers, so that sums compare exactly."""
    if node.duration is not None:
        return max(0, round(node.duration * 1000))
    if node.step is None or isinstance(node.step, Decision):
        return 0
    if isinstance(node.step, Procedure):
        return 1000 * _procedure(node.step)
    return 1000 * _call(node.step.integration)


def _procedure(procedure: Procedure) -> int:
    calls = [str(state.resource) for state in procedure.states if isinstance(state, Task)]
    took = max((_call(call) for call in calls), default=CALL)
    if not any(isinstance(state, Wait) for state in procedure.states):
        return took
    known = [WAITED[name] for call in calls if (name := call.rpartition(":")[2]) in WAITED]
    return max([took, *(known or [LOOP])])


def _call(resource: str) -> int:
    return ESTIMATES.get(resource, JOB if ".sync" in resource else CALL)
