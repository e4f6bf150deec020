"""How long a task is expected to take: what the user says, else an estimate by the kind of call.

The estimates need not be right; their ratios decide which of two waits costs less. A training job outweighs a message.
"""

from __future__ import annotations

from airflow_sfn_ml.asl import Task
from airflow_sfn_ml.compiler.graph import Node
from airflow_sfn_ml.steps.decision import Decision
from airflow_sfn_ml.steps.procedure import Procedure

ESTIMATES = {
    "sagemaker:createProcessingJob.sync": 600,
    "sagemaker:createTrainingJob.sync": 3600,
    "sagemaker:createHyperParameterTuningJob.sync": 7200,
    "sagemaker:createTransformJob.sync": 1200,
    "elasticmapreduce:addStep.sync": 600,
    "elasticmapreduce:createCluster.sync": 600,
    "batch:submitJob.sync": 600,
    "ecs:runTask.sync": 600,
    "glue:startJobRun.sync": 600,
    "sns:publish": 1,
    "sqs:sendMessage": 1,
}
"""Seconds by integration."""
OTHERWISE = 60
"""Seconds for a call that is not in the table."""


def duration(node: Node) -> int:
    """The expected duration of *node* in milliseconds: whole numbers, so that sums compare exactly."""
    if node.duration is not None:
        return max(0, round(node.duration * 1000))
    if node.step is None or isinstance(node.step, Decision):
        return 0
    if isinstance(node.step, Procedure):
        calls = (str(state.resource) for state in node.step.states if isinstance(state, Task))
        return 1000 * max((ESTIMATES.get(call, OTHERWISE) for call in calls), default=OTHERWISE)
    return 1000 * ESTIMATES.get(node.step.integration, OTHERWISE)
