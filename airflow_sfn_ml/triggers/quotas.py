"""How often AWS lets an account call an action. Pure.

AWS fills a bucket of tokens for each action, account and region; a call takes one. The figures of Step Functions are
those of its developer guide ("Quotas related to API action throttling"), which gives three regions more. CloudWatch
Logs publishes a rate per second; SageMaker publishes none for its Describe actions, so a low one is assumed. AWS raises
them when asked; the share of them that the watch may use is ``[sfn_ml] quota_share``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quota:
    """A bucket of *capacity* calls that fills again by *refill* calls a second."""

    capacity: float
    refill: float


LARGE_REGIONS = frozenset({"us-east-1", "us-west-2", "eu-west-1"})
LARGE = {
    "StartExecution": Quota(1300, 300),
    "RedriveExecution": Quota(1300, 300),
    "StopExecution": Quota(1000, 200),
    "DescribeExecution": Quota(300, 15),
    "ListExecutions": Quota(200, 5),
    "SendTaskSuccess": Quota(3000, 500),
    "SendTaskFailure": Quota(3000, 500),
    "SendTaskHeartbeat": Quota(3000, 500),
    "GetActivityTask": Quota(3000, 500),
}
"""What the three large regions have more of."""
OTHER = {
    "StartExecution": Quota(800, 150),
    "RedriveExecution": Quota(800, 150),
    "StopExecution": Quota(500, 25),
    "DescribeExecution": Quota(250, 10),
    "GetExecutionHistory": Quota(400, 20),
    "ListExecutions": Quota(100, 2),
    "DescribeStateMachine": Quota(200, 20),
    "DescribeStateMachineForExecution": Quota(200, 1),
    "ListMapRuns": Quota(100, 1),
    "DescribeMapRun": Quota(200, 1),
    "SendTaskSuccess": Quota(1500, 300),
    "SendTaskFailure": Quota(1500, 300),
    "SendTaskHeartbeat": Quota(1500, 300),
    "GetActivityTask": Quota(1500, 300),
    "GetLogEvents": Quota(10, 10),
    "DescribeLogStreams": Quota(5, 5),
    "FilterLogEvents": Quota(5, 5),
}
ASSUMED = Quota(10, 10)
"""Of an action whose quota is not known, as of SageMaker's Describe actions."""


def quota(action: str, region: str | None = None) -> Quota:
    """The quota of *action* in *region*; where the region is not known, the lower one."""
    if region in LARGE_REGIONS and action in LARGE:
        return LARGE[action]
    return OTHER.get(action, ASSUMED)
