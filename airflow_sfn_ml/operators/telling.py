"""What tasks are about to tell, although they were cleared: a repair must not do that again.

A cleared task whose work a redrive has done meanwhile is not ended in Airflow yet: its follower tells it in a moment,
or once Airflow lets it go. To the repair of another task it looks like one that waits for the repair. The record that
the task's last try has left tells them apart: what the execution shows is news to it, or is not.
"""

from __future__ import annotations

import sys
from typing import Any

from airflow_sfn_ml.history import ExecutionView, StateStatus
from airflow_sfn_ml.operators.follow_mapped import MappedFollower
from airflow_sfn_ml.triggers.iterations import Subject
from airflow_sfn_ml.triggers.redrive import KEY, Record
from airflow_sfn_ml.triggers.renewal import Renewal
from airflow_sfn_ml.triggers.verdict import Failed, Skipped, Succeeded


def about_to_tell(operator: Any, name: str, ti: Any, view: ExecutionView, arn: str) -> str | None:
    """The state that the task *operator*, which Airflow says has not ended, is about to have; None if it waits.

    :param name: the task's state in the execution *arn*, which has ended and which *view* shows.
    :param ti: the task instance that begins the repair.
    """
    mapped = isinstance(operator, MappedFollower) or operator.__dict__.get("_sfn_ml_within") is not None
    if mapped or operator.task_id == ti.task_id or view.state(name).status is StateStatus.NOT_ENTERED:
        return None
    record = Record.of_earlier_try(ti.xcom_pull(task_ids=operator.task_id, key=KEY, map_indexes=-1), sys.maxsize)
    subject = Subject(name, None, -1)
    if Renewal(subject, record, whole=False).is_old(view, arn):
        return None
    match subject.verdict(view, None):
        case Succeeded():
            return "success"
        case Skipped():
            return "skipped"
        case Failed():
            return "failed"
    return None
