"""Let a task follow its state, and stay the object that the user made.

Leaving the group's ``with`` changes the class of each member to a follower of its own class. Identity, edges,
documentation and attributes set later stay; ``isinstance`` still holds; but Airflow's scheduler hands the task straight
to the triggerer (`start_from_trigger`), so it never takes a worker. Where a worker gets it all the same, in
``dag.test()`` and for tasks with outlets or success callbacks, `execute` waits for the same state.

Retries and time limits are the state machine's: Airflow sees none, whatever sets them and whenever, and the compiler
reads what the user gave.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, cast

from airflow.sdk import BaseOperator
from airflow.sdk.bases.xcom import BaseXCom
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, DownstreamTasksSkipped
from airflow.triggers.base import StartTriggerArgs

from airflow_sfn_ml.exceptions import SfnMlError

if TYPE_CHECKING:
    from airflow_sfn_ml.history import ExecutionView

TRIGGER = "airflow_sfn_ml.triggers.state.StateTrigger"
NEEDS_WORKER = ("on_success_callback", "outlets")


class Group(Protocol):
    """What a follower needs of its group."""

    aws_conn_id: str | None
    region_name: str | None
    verify: bool | str | None

    @property
    def start_task_id(self) -> str: ...

    def changed(self) -> None: ...

    def compiled(self) -> Any: ...

    def gate(self, task_id: str) -> None: ...

    def hook(self) -> Any: ...

    def has_output(self, state: str) -> bool: ...

    def survives(self, state: str) -> bool: ...

    def repaired(self, context: Any, failed_arn: str, started_arn: str) -> str: ...

    @property
    def digest(self) -> str: ...

    def streams_logs(self, operator: Any) -> bool: ...

    def place(self, state: str) -> dict[str, Any] | None: ...

    def follows(self, operator: Any) -> dict[str, list[str]] | None: ...

    def skips_itself(self, operator: Any) -> bool: ...


class _Pinned:
    """An attribute that Airflow always sees as *value*; what the user set stays in the instance for the compiler."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self.value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.name] = value


class Follower:
    """Mixed into the class of a group's member."""

    __followed__: type[Any]
    __group__: Group

    retries = _Pinned(0)
    execution_timeout = _Pinned(None)
    start_from_trigger = _Pinned(True)
    inherits_from_empty_operator = False

    @property
    def start_trigger_args(self) -> StartTriggerArgs:
        """What the scheduler hands to the triggerer. Read when the Dag is serialised, which is when errors are
        shown."""
        group = self.__group__
        operator: Any = self
        return trigger_args(
            group,
            operator,
            self.member_name,
            state=self.state_name,
            pushes=bool(operator.do_xcom_push),
            within=self.__dict__.get("_sfn_ml_within"),
            mapped_over=is_mapped_over(operator),
            follows=group.follows(operator),
            skips=group.skips_itself(operator),
        )

    @start_trigger_args.setter
    def start_trigger_args(self, value: Any) -> None:
        """Airflow's own defaults are not kept."""

    @property
    def state_name(self) -> str:
        """The name of the state that this task follows."""
        return str(self.__dict__["_sfn_ml_state"])

    @property
    def member_name(self) -> str:
        """The name of the task in the group's graph: that of its state, but for an instance of a mapped task."""
        return str(self.__dict__.get("_sfn_ml_member", self.state_name))

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        self.__group__.changed()

    def render_template_fields(self, context: Any, jinja_env: Any = None) -> None:
        """Nothing: the start task has rendered what the request needs, and the state machine has run it."""

    def execute(self, context: Any) -> Any:
        """Wait for the state in this process, and return its output."""
        return self._follow(context, None)

    def _follow(self, context: Any, arn: str | None) -> Any:
        from airflow_sfn_ml.history.console import Console
        from airflow_sfn_ml.triggers.explain import failure_lines, request_line
        from airflow_sfn_ml.triggers.iterations import Subject
        from airflow_sfn_ml.triggers.verdict import Failed, Pending, Place, Skipped, Succeeded

        group = self.__group__
        log: Any = self.log  # type: ignore[attr-defined]
        arn = arn or _execution_arn(context, group.start_task_id)
        hook = group.hook()
        log.info("Following state %s of %s", self.state_name, arn)
        within = self.__dict__.get("_sfn_ml_within")
        index = context["ti"].map_index
        subject = Subject(self.state_name, within, -1 if index is None else index)
        name = self.member_name
        place = Place.of(group.place(name))
        for view in _views(hook, arn):
            seen = subject.seen(view)
            match subject.verdict(view, place):
                case Pending():
                    continue
                case Failed(reason):
                    console = Console(arn, hook.conn.meta.endpoint_url)
                    lines = failure_lines(seen, self.state_name, hook.log_tail, console)
                    raise AirflowFailException("\n".join([reason, *lines, f"Execution: {arn}"]))
                case Skipped(reason):
                    raise AirflowSkipException(reason)
                case Succeeded(output, note):
                    log.info("%s", "\n".join(filter(None, [request_line(seen, self.state_name), note])))
                    if (follows := group.follows(self)) is not None:
                        self._skip_others(context["ti"], follows, output)
                    return output if group.has_output(name) else None
        raise AirflowFailException(f"{arn} ended, but what became of state {self.state_name} is not known")

    def _skip_others(self, ti: Any, follows: Mapping[str, Sequence[str]], output: Any) -> None:
        """Skip what was not chosen, as a branch operator does: at once, whatever else is before those tasks."""
        from airflow_sfn_ml.triggers.choosing import FOLLOWED, KEY, chosen

        operator: Any = self
        choice = chosen(follows, output)
        ti.xcom_push(KEY, choice)
        others = sorted(
            task.task_id
            for task in operator.downstream_list
            if task.task_id not in choice[FOLLOWED] and task.trigger_rule != "always"  # that one began long ago
        )
        if others and ti.map_index in (None, -1):
            if operator.do_xcom_push:
                ti.xcom_push(BaseXCom.XCOM_RETURN_KEY, output)
            raise DownstreamTasksSkipped(tasks=others)  # type: ignore[no-untyped-call]

    def resume(self, context: Any, event: Any = None) -> Any:
        """Go on where the trigger has handed the task to a worker: to finish it, or to start a repair and follow that.

        :param event: ``{"repair": ARN}`` names the execution that is to be repaired; ``{"execution_arn": ARN}`` the one
            whose state has ended.
        """
        told = event if isinstance(event, dict) else {}
        if "repair" in told:
            log: Any = self.log  # type: ignore[attr-defined]
            log.info("%s needs a repair: %s", told["repair"], told.get("reason", "it cannot be redriven"))
            self._repair(context, str(told["repair"]))
        return self._follow(context, told.get("execution_arn"))

    def _repair(self, context: Any, failed_arn: str) -> NoReturn:
        """Start the repair of *failed_arn*, or adopt it, and follow that."""
        from airflow_sfn_ml.hooks.errors import insist
        from airflow_sfn_ml.triggers.state import StateTrigger

        group = self.__group__
        started_arn = _execution_arn(context, group.start_task_id)
        try:
            arn = insist(lambda: group.repaired(context, failed_arn, started_arn))
        except SfnMlError as error:
            raise AirflowFailException(f"{type(error).__name__}: {error}") from error
        kwargs = self.start_trigger_args.trigger_kwargs or {}
        operator: Any = self
        operator.defer(trigger=StateTrigger(**{**kwargs, "execution_arn": arn}), method_name="resume")
        raise AssertionError("defer() raises")

    def on_kill(self) -> None:
        """Nothing: the paid work belongs to the execution, which outlives this process."""


def trigger_args(
    group: Group,
    operator: Any,
    member: str,
    *,
    state: str,
    pushes: bool,
    within: str | None,
    mapped_over: bool = False,
    follows: dict[str, list[str]] | None = None,
    skips: bool = False,
) -> StartTriggerArgs:
    """What the scheduler hands to the triggerer for *operator*, which is *member* of the group's graph.

    :param pushes: whether its output becomes an XCom, if it has one, and *skips* whether a worker has to skip others.
    The other parameters are those of `StateTrigger`.
    """
    place = group.place(member)
    return StartTriggerArgs(
        trigger_cls=TRIGGER,
        trigger_kwargs={
            "state": state,
            "start_task_id": group.start_task_id,
            "aws_conn_id": group.aws_conn_id,
            "region_name": group.region_name,
            "verify": group.verify,
            "push": pushes and group.has_output(member),
            "ends_on_worker": any(getattr(operator, name) for name in NEEDS_WORKER) or skips,
            "place": place,
            "definition": group.digest if place is None else None,
            "stream_logs": group.streams_logs(operator),
            "within": within,
            "mapped_over": mapped_over,
            "follows": follows,
            "survives": group.survives(member),
            "early": str(getattr(operator.trigger_rule, "value", operator.trigger_rule)) == "always",
        },
        next_method="resume",
    )


def follow(operator: BaseOperator, group: Group, state_name: str) -> None:
    """Let *operator* follow the state *state_name* of the execution that *group* starts."""
    original = type(operator)
    operator.__dict__["_sfn_ml_state"] = state_name
    keep_zero_retries(operator)
    operator.__dict__["upstream_task_ids"] = Gate(operator.upstream_task_ids, group)
    namespace = {
        "__followed__": original,
        "__group__": group,
        "__module__": original.__module__,
        "__doc__": original.__doc__,
    }
    metaclass = _first(cast("Any", type(original)))
    operator.__class__ = metaclass(original.__name__, (original, Follower), namespace)


def keep_zero_retries(operator: Any) -> None:
    """Let Airflow store that *operator* has no retries.

    What equals the schema's default is left out, and read back as ``[core] default_task_retries``, except for what was
    given to the operator (``OperatorSerialization._is_excluded`` of Airflow 3.3.2).
    """
    given = operator.__dict__.get("_BaseOperator__init_kwargs", {})
    operator.__dict__["_BaseOperator__init_kwargs"] = {**given, "retries": 0}


@cache
def _first(metaclass: Any) -> Any:
    """A metaclass whose classes look into `Follower` first, although it is their last base.

    Python lets an object change its class only to one that descends from the same class by its first bases, and some
    operators have a mixin of their own before the base of all operators.
    """

    def mro(cls: Any) -> list[type[Any]]:
        return [cls, Follower, *cls.__bases__[0].__mro__]

    return type(metaclass.__name__, (metaclass,), {"mro": mro})


def is_mapped_over(operator: Any) -> bool:
    """Whether other tasks are mapped over the output of *operator*, so that Airflow has to know its length."""
    if operator.__dict__.get("_sfn_ml_within"):
        return False  # Airflow counts the XComs of the instances
    return next(iter(operator.iter_mapped_dependants()), None) is not None


class Gate(set[str]):
    """The tasks that a member waits for. One that is added later from outside of the group gates the group's start."""

    def __init__(self, ids: Iterable[str], group: Group) -> None:
        super().__init__(ids)
        self._group = group

    def add(self, task_id: str) -> None:
        """Wait for *task_id* too."""
        super().add(task_id)
        self._group.gate(task_id)

    def update(self, *others: Iterable[str]) -> None:
        """Wait for all of *others* too."""
        for task_id in {item for other in others for item in other}:
            self.add(task_id)

    def __reduce__(self) -> tuple[type[set[str]], tuple[list[str]]]:
        return set, (sorted(self),)


def _execution_arn(context: Any, start_task_id: str) -> str:
    ti = context["ti"]
    for map_index in dict.fromkeys((ti.map_index, -1)):
        told = ti.xcom_pull(task_ids=start_task_id, map_indexes=-1 if map_index is None else map_index)
        if isinstance(told, dict) and "execution_arn" in told:
            return str(told["execution_arn"])
    raise AirflowFailException(
        f"{start_task_id} has told no execution, although it succeeded: was it marked a success by hand? Clear it to "
        "start one."
    )


def _views(hook: Any, arn: str) -> Iterable[ExecutionView]:
    """The view of *arn*, again and again until it has ended."""
    from airflow_sfn_ml.history import reduce
    from airflow_sfn_ml.hooks.errors import insist
    from airflow_sfn_ml.triggers.settings import pace

    view = None
    changed_at = time.monotonic()
    while True:
        events = insist(partial(hook.events, arn, view.last_event_id if view is not None else 0))
        if events or view is None:
            view, changed_at = reduce(events, view), time.monotonic()
        yield view
        if view.status != "RUNNING":
            return
        time.sleep(pace().pause(time.monotonic() - changed_at, jitter=random.random()))
