"""The task group that runs as one state machine."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, overload

from airflow_sfn_ml.operators.choice import ChoiceOperator
from airflow_sfn_ml.operators.step import StepOperator
from airflow_sfn_ml.steps import ChoiceStep, ServiceStep
from airflow_sfn_ml.steps.choice_rule import BaseRule
from airflow_sfn_ml.task_group.attaching import let_members_follow, wait_for_reads
from airflow_sfn_ml.task_group.base import STREAMS, MachineGroup

if TYPE_CHECKING:
    from airflow_sfn_ml.task_group.compiling import Compiled


class StateMachineTaskGroup(MachineGroup):
    """Run the tasks of this group as one AWS Step Functions state machine.

    Each task stays what it is in Airflow: its state there follows the state of the same name in the execution, and its
    XCom is that state's output. Only the task ``start``, which the group adds, takes a worker.

    :param group_id: the id of the group, as of any task group.
    :param role_arn: the IAM role that the state machine works with. May be a template.
    :param deploy: ``"auto"``: the start task creates or updates the state machine when the definition changed;
        ``"never"``: it starts the version that was deployed before, and fails if there is none with this definition.
    :param machine_name: the name of the state machine; made of the Dag's and the group's id if not given.
    :param aws_conn_id: the Airflow connection to AWS, with *region_name*, *verify* and *botocore_config* as in the
        operators of the Amazon provider.
    :param tags: further tags of the state machine.
    :param allow_secrets: let values that Airflow masks into the execution's input. AWS shows it to everyone who may
        read the execution.
    :param stream_logs: copy what SageMaker's jobs write into the tasks' logs while they run, every 15 s and
        at most 500 lines each time (``[sfn_ml] stream_logs_interval``, ``stream_logs_lines``).
    :param max_concurrent_executions: how many executions of the group may run at the same time, over all Dag runs; the
        start task waits for room, without holding a worker. Pools and ``max_active_tis_per_dag`` of the group's tasks
        limit nothing.
    :param expected_durations: how long tasks are expected to take, in seconds or as timedelta, by their ids, with or
        without the group's. Where the edges cannot be kept without further waiting, it is put where it delays least;
        tasks that are not named count as long as their kind of call usually takes.
    :param on_failure: what happens to the others when a task has failed. ``"continue"``, as in Airflow: whatever does
        not depend on it runs on, then the execution fails and names all that failed. ``"stop"``: the execution ends at
        once, and stops what runs at its side.
    :param distributed_maps: which mapped tasks run each iteration as an execution of its own, all of them or those with
        these ids: more than 40 side by side, and no common limit of 25,000 history events. Tasks that are mapped over a
        literal list of more than 40 items do so anyway, unless ``max_active_tis_per_dagrun`` lets 40 or less run.
    :param kwargs: what `airflow.sdk.TaskGroup` takes.
    """

    def __init__(
        self,
        group_id: str,
        *,
        expected_durations: Mapping[str, float | timedelta] | None = None,
        on_failure: Literal["continue", "stop"] = "continue",
        distributed_maps: bool | Collection[str] = False,
        **kwargs: Any,
    ) -> None:
        if on_failure not in ("continue", "stop"):
            raise ValueError(f"on_failure must be 'continue' or 'stop', not {on_failure!r}")
        self.on_failure = on_failure
        self.distributed_maps = distributed_maps
        self.expected_durations = dict(expected_durations or {})
        super().__init__(group_id, **kwargs)

    @overload
    def step(
        self,
        step: ServiceStep,
        *,
        expected_duration: float | timedelta | None = None,
        stream_logs: bool | None = None,
        **kwargs: Any,
    ) -> StepOperator: ...

    @overload
    def step(self, step: ChoiceStep, **kwargs: Any) -> ChoiceOperator: ...

    def step(
        self,
        step: ServiceStep | ChoiceStep,
        *,
        expected_duration: float | timedelta | None = None,
        stream_logs: bool | None = None,
        **kwargs: Any,
    ) -> StepOperator | ChoiceOperator:
        """Add *step* as a task of this group.

        :param expected_duration: as an entry of the group's *expected_durations*.
        :param stream_logs: as the group's, for this task alone.
        :param kwargs: those of any operator (retries, execution_timeout, ...).
        """
        settings = {"task_id": step.state_id, "task_group": self, "dag": self.dag, **kwargs}
        operator = (
            ChoiceOperator(step=step, **settings)
            if isinstance(step, ChoiceStep)
            else StepOperator(step=step, **settings)
        )
        if stream_logs is not None:
            operator.__dict__[STREAMS] = stream_logs
        if expected_duration is not None:
            self.expected_durations[operator.task_id] = expected_duration
        if self._start is not None:
            self._attach()
        return operator

    def choice(
        self,
        state_id: str,
        rules: Mapping[str, BaseRule] | Iterable[tuple[BaseRule, Any]] = (),
        default: Any = None,
        **kwargs: Any,
    ) -> ChoiceOperator:
        """Add a task that chooses which of the tasks right after it run; the others are skipped.

        :param rules: rules by the labels of the edges that they lead along (``choice >> Label("good") >> deploy``), or
            pairs of a rule and where it leads: a task, several, or a label.
        :param default: where to go on if no rule holds; without one, the task then fails.
        :param kwargs: those of any operator.
        """
        return self.step(ChoiceStep(state_id, rules, default), **kwargs)

    @classmethod
    def from_definition(
        cls, group_id: str, definition: Any, *, input: Any = None, role_arn: str | None = None, **kwargs: Any
    ) -> MachineGroup:
        """A group for a state machine that was written as a whole, with one task per state that does work.

        Tasks and Maps are tasks, a Parallel is a group of tasks. A branch of a Choice that was not taken is skipped; an
        error that the machine catches is a success with a note in the log; a loop stays one task.

        :param definition: a mapping, JSON text, the path of an ASL file, an `asl.StateMachine`, or a `Chain`,
            `Graph` or `Workflow`.
        :param input: the input of the execution. May hold templates and XComs.
        :param kwargs: what the group itself takes.
        :raises DefinitionError: AWS would refuse the definition.
        """
        from airflow_sfn_ml.task_group.defined import make_group

        return make_group(group_id, definition, input=input, role_arn=role_arn, **kwargs)

    @property
    def repair_definition(self) -> dict[str, Any]:
        """The state machine that repairs executions of the group: it passes over the tasks that its input names.

        :raises CompileError: with every problem of the group.
        """
        from airflow_sfn_ml.task_group.compiling import compile_repair

        return dict(compile_repair(self, self.compiled()).definition)

    def _let_follow(self) -> None:
        members = self._named()
        let_members_follow(self, members)
        wait_for_reads(members)

    def _make(self) -> Compiled:
        from airflow_sfn_ml.task_group.compiling import compile_group

        return compile_group(self, self._named(), self.expected_durations)
