"""What the kinds of groups share: the start task, edges from outside, rendering, the place in Airflow's life cycle."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import TaskGroup

from airflow_sfn_ml.compiler.names import state_name
from airflow_sfn_ml.exceptions import CompileError, NotPrepared
from airflow_sfn_ml.operators.start import StartExecutionOperator
from airflow_sfn_ml.task_group.attaching import START, draw_edges, make_start

if TYPE_CHECKING:
    from airflow_sfn_ml.compiler import Report
    from airflow_sfn_ml.task_group.compiling import Compiled

STREAMS = "_sfn_ml_stream_logs"
"""The attribute of a task that says whether its job's log is copied, where the group does not decide."""


class MachineGroup(TaskGroup):
    """What every group has whose tasks follow the states of one execution.

    Subclasses say what its members are and how they become a program.
    """

    def __init__(
        self,
        group_id: str,
        *,
        role_arn: str | None = None,
        deploy: Literal["auto", "never"] = "auto",
        machine_name: str | None = None,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        allow_secrets: bool = False,
        stream_logs: bool = False,
        max_concurrent_executions: int | None = None,
        **kwargs: Any,
    ) -> None:
        if max_concurrent_executions is not None and max_concurrent_executions < 1:
            raise ValueError(f"max_concurrent_executions must be at least 1, not {max_concurrent_executions}")
        if deploy not in ("auto", "never"):
            raise ValueError(f"deploy must be 'auto' or 'never', not {deploy!r}")
        self.role_arn = role_arn
        self.deploy = deploy
        self.machine_name = machine_name
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config
        self.tags = dict(tags or {})
        self.allow_secrets = allow_secrets
        self.stream_logs = stream_logs
        self.max_concurrent_executions = max_concurrent_executions
        self._start: StartExecutionOperator | None = None
        self._compiled: Compiled | None = None
        self._warned: set[str] = set()
        super().__init__(group_id, **kwargs)

    # What a user calls

    @property
    def definition(self) -> dict[str, Any]:
        """The state machine in the Amazon States Language, made of the group as it is now.

        :raises CompileError: with every problem of the group.
        """
        return dict(self.compiled().program.definition)

    @property
    def report(self) -> Report:
        """What was compiled, against AWS's limits."""
        return self.compiled().program.report

    @property
    def digest(self) -> str:
        """The definition's identity: the same group has the same digest everywhere."""
        return self.compiled().program.digest

    @property
    def repair_definition(self) -> dict[str, Any]:
        """The state machine that repairs executions of the group: it passes over the tasks that its input names.

        :raises CompileError: with every problem of the group.
        """
        raise CompileError([f"{self.group_id}: a machine that was written as a whole is redriven, not repaired"])

    # What Airflow calls

    def __exit__(self, exc_type: Any, exc: Any, traceback: Any) -> None:
        """Attach the members, unless the body failed."""
        try:
            if exc_type is None:
                self._attach()
        finally:
            super().__exit__(exc_type, exc, traceback)  # type: ignore[no-untyped-call]

    # What the tasks of the group call

    @property
    def start_task_id(self) -> str:
        """The id of the task that starts the execution."""
        return str(self.child_id(START))  # type: ignore[no-untyped-call]

    def compiled(self) -> Compiled:
        """The group as it is now, compiled; again only after something changed."""
        if self._compiled is None:
            self._compiled = self._make()
            self._warn(self._compiled.warnings)
        return self._compiled

    def changed(self) -> None:
        """An edge or an attribute of a member was set: what was compiled is no longer true."""
        self._compiled = None

    def members(self) -> list[tuple[Any, str]]:
        """The members, with the names of their states."""
        return self._named()

    def gate(self, task_id: str) -> None:
        """Let the group's start wait for *task_id*, if it is a task outside of the group."""
        self.changed()
        start = self._start
        if start is None or task_id == start.task_id or self._contains(task_id):
            return
        outside = self.dag.get_task(task_id)
        start.upstream_task_ids.add(task_id)
        outside.downstream_task_ids.add(start.task_id)

    def hook(self) -> Any:
        """The hook of the group's connection."""
        from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

        return StepFunctionsHook(
            self.aws_conn_id, region_name=self.region_name, verify=self.verify, config=_config(self.botocore_config)
        )

    def rendered(self, context: Any) -> dict[str, dict[str, Any]]:
        """The values of the execution's input, by task and JSON pointer.

        :raises CompileError: with everything that cannot be rendered or that SageMaker would refuse.
        """
        from airflow_sfn_ml.translators.mapped import Mapped
        from airflow_sfn_ml.translators.mapped_render import render_mapped
        from airflow_sfn_ml.translators.preparations import Start
        from airflow_sfn_ml.translators.render import render_member, rendered_problems

        start = Start(self.hook)
        names = {operator.task_id: name for operator, name in self._named()}
        values: dict[str, dict[str, Any]] = {}
        problems: list[str] = []
        for operator, name in self._named():
            member = self.compiled().members[name]
            try:
                if isinstance(member, Mapped):
                    rendered = render_mapped(
                        member, operator, context, start, names, self.aws_conn_id, self.region_name
                    )
                else:
                    rendered = render_member(member, operator, context, start)
            except NotPrepared:
                raise
            except Exception as error:
                problems.append(
                    f"{operator.task_id}: its templates cannot be rendered: {type(error).__name__}: {error}"
                )
                continue
            problems += rendered_problems(member, rendered, operator.task_id)
            if rendered:
                values[name] = rendered
        for name, mapped in self.compiled().maps.items():
            try:
                values |= {name: given} if (given := mapped.render(context)) else {}
            except Exception as error:
                problems.append(f"{name}: what it is mapped over cannot be read: {type(error).__name__}: {error}")
        if problems:
            raise CompileError(problems)
        return values

    def execution_input(self, identity: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
        """The input of the execution that belongs to *identity*."""
        return {"airflow": identity, "values": values, "definition": self.digest}

    def survives(self, state: str) -> bool:
        """Whether others run on after the task that follows *state* has failed."""
        return state in self.compiled().program.report.caught

    def streams_logs(self, operator: Any) -> bool:
        """Whether the log of the job of *operator* is copied into the task's log while it runs."""
        return bool(operator.__dict__.get(STREAMS, self.stream_logs))

    def has_output(self, state: str) -> bool:
        """Whether the task that follows *state* pushes its output."""
        step = self.compiled().members[state].node.step
        return step is not None and getattr(step, "has_output", True)

    def place(self, state: str) -> dict[str, Any] | None:
        """How *state* lies among the others, where that decides what became of it; see `verdict`."""
        return None

    def follows(self, operator: Any) -> dict[str, list[str]] | None:
        """For a member that chooses: the tasks right after it that run, by each id that it may name; else None."""
        from airflow_sfn_ml.translators.choosing import let_run

        ways = self._ways(operator)
        if ways is None:
            return None
        return {name: list(let_run(operator, [name])) for name in sorted({name for way in ways for name in way})}

    def skips_itself(self, operator: Any) -> bool:
        """Whether a member that chooses has to skip tasks on a worker, since other tasks come right before those too.

        Airflow lets a branch skip a task that counts as failed upstream already. The scheduler, which skips by the XCom
        of a branch, does not look at such a task any more.
        """
        from airflow_sfn_ml.translators.choosing import let_run

        ways = self._ways(operator)
        if ways is None:
            return False
        after = set(operator.downstream_task_ids)
        sure = after.intersection(*(let_run(operator, way) for way in ways))
        return any(self.dag.get_task(name).upstream_task_ids != {operator.task_id} for name in after - sure)

    def _ways(self, operator: Any) -> list[list[str]] | None:
        """The ids that each way of a member names, if it chooses."""
        from airflow_sfn_ml.steps.decision import Decision

        member = self.compiled().members.get(operator.state_name) if operator.inherits_from_skipmixin else None
        if member is None or not isinstance(member.node.step, Decision):
            return None
        return [list(way.output) for way in member.node.step.ways if isinstance(way.output, (list, tuple))]

    def deployed(self, role_arn: str | None) -> str:
        """The ARN of the version that runs this definition; deployed now if the group says so."""
        from airflow_sfn_ml.operators.deployment import deployed_version

        return deployed_version(self, role_arn)

    def repaired(self, context: Any, failed_arn: str, started_arn: str) -> str:
        """The ARN of the execution that repairs *failed_arn*, started now if it is not running yet."""
        from airflow_sfn_ml.operators.repair import begin_repair

        return begin_repair(self, context, failed_arn, started_arn)

    # How it is done

    def _attach(self) -> None:
        """Add the start task, and let each member follow its state."""
        if self._start is None:
            self._start = make_start(self)
        self._let_follow()
        draw_edges(self, self._start, self._named())
        self.changed()

    def _let_follow(self) -> None:
        """Let each member follow its state."""
        raise NotImplementedError

    def _make(self) -> Compiled:
        """Compile the group as it is now."""
        raise NotImplementedError

    def _named(self) -> list[tuple[Any, str]]:
        """The members, with the names of their states: their ids below the group, cut where AWS's limit says so."""
        prefix = f"{self.group_id}."
        return [
            (operator, state_name(operator.task_id.removeprefix(prefix)))
            for operator in self
            if operator is not self._start
        ]

    def _contains(self, task_id: str) -> bool:
        """Whether the task is in this group; found from the task upwards, since this is asked for each edge."""
        group = self.dag.get_task(task_id).task_group
        while group is not None and group is not self:
            group = group.parent_group
        return group is self

    def _warn(self, messages: tuple[str, ...]) -> None:
        for message in messages:
            if message not in self._warned:
                self._warned.add(message)
                warnings.warn(message, UserWarning, stacklevel=4)


def _config(options: dict[str, Any] | None) -> Any:
    if not options:
        return None
    from botocore.config import Config

    return Config(**options)
