"""From the history of an execution to the status of its states. Pure.

``reduce(events)`` folds the events of GetExecutionHistory into an `ExecutionView`; ``reduce(newer, view)`` goes on from
there, and gives what folding all of them at once would have given. ``failure(view, name)`` tells why a state failed.
"""

from airflow_sfn_ml.history.explain import Failure, failure
from airflow_sfn_ml.history.reduce import reduce
from airflow_sfn_ml.history.view import Attempt, ExecutionView, StateStatus, StateView

__all__ = ["Attempt", "ExecutionView", "Failure", "StateStatus", "StateView", "failure", "reduce"]
