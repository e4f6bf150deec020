"""Let the instances of a mapped task follow the iterations of its Map.

Airflow makes the instances; nothing of a `MappedOperator` is the operator that they are. So the mapped operator itself
becomes a follower, by a change of class as plain members do: what Airflow stores of it starts from the trigger, the
same for every instance, and the trigger takes the index from its task instance. Airflow 3.3.2 calls this unsupported
(``expand_start_from_trigger``) and does it all the same, since nothing asks. An instance that a worker gets is made a
follower when it is made.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk.definitions.mappedoperator import MappedOperator
from airflow.triggers.base import StartTriggerArgs

from airflow_sfn_ml.compiler.names import each_state
from airflow_sfn_ml.operators.follow import Gate, Group, _Pinned, follow, keep_zero_retries, trigger_args

PINNED = {"retries": 0, "execution_timeout": None}
"""What Airflow sees of these settings, whatever the user says: they are the state machine's."""


class MappedFollower(MappedOperator):
    """The class of a group's mapped member."""

    __group__: Group

    retries = _Pinned(PINNED["retries"])
    execution_timeout = _Pinned(PINNED["execution_timeout"])
    start_from_trigger = _Pinned(True)

    @property
    def start_trigger_args(self) -> StartTriggerArgs:
        """What the scheduler hands to the triggerer for each instance."""
        # Airflow counts the XComs of the instances, so nothing is told of being mapped over.
        pushes = bool(self.partial_kwargs.get("do_xcom_push", True))
        name = self.state_name
        return trigger_args(self.__group__, self, name, state=each_state(name), pushes=pushes, within=name)

    @start_trigger_args.setter
    def start_trigger_args(self, value: Any) -> None:
        """Airflow's own defaults are not kept."""

    @property
    def state_name(self) -> str:
        """The name of the Map whose iterations the instances follow."""
        return str(self.__dict__["_sfn_ml_state"])

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        self.__group__.changed()

    def unmap(self, resolve: Any) -> Any:
        """The operator of one instance, which follows its iteration."""
        instance = super().unmap(resolve)
        follow(instance, self.__group__, each_state(self.state_name))
        instance.__dict__["_sfn_ml_within"] = instance.__dict__["_sfn_ml_member"] = self.state_name
        return instance


def follow_mapped(operator: MappedOperator, group: Group, state_name: str) -> None:
    """Let the instances of *operator* follow the iterations of the Map *state_name*."""
    operator.__dict__["_sfn_ml_state"] = state_name
    for name, value in PINNED.items():
        if name in operator.partial_kwargs:
            operator.__dict__[name] = operator.partial_kwargs[name]
        operator.partial_kwargs[name] = value
    keep_zero_retries(operator)
    operator.upstream_task_ids = Gate(operator.upstream_task_ids, group)
    operator.__class__ = type("MappedFollower", (MappedFollower,), {"__group__": group, "__module__": __name__})
