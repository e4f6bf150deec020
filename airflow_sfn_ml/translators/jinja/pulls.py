"""Which XComs a template pulls, and which of them are those of tasks in the group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jinja2 import nodes

from airflow_sfn_ml.asl.refs import Ref
from airflow_sfn_ml.translators.jinja.meanings import Constant, Meaning, Selected, Unsayable
from airflow_sfn_ml.translators.jinja.source import source_of

RETURN_VALUE = "return_value"
POSITIONS = ("task_ids", "dag_id", "key", "include_prior_dates")
ALSO = {
    "airflow.providers.amazon.aws.operators.glue.GlueJobOperator": {"glue_job_run_id": ()},
    "airflow.providers.amazon.aws.operators.emr.EmrCreateJobFlowOperator": {"job_flow_id": ()},
    "airflow.providers.amazon.aws.operators.ecs.EcsRegisterTaskDefinitionOperator": {"task_definition_arn": ()},
}
"""What operators push beside their result, and where in the result it is found: by class, by key."""


def no_operator(task_id: str) -> Any:
    """Nothing is known of the operators."""
    return None


@dataclass(frozen=True)
class Members:
    """The tasks of the group, as far as their XComs go.

    :param names: the names of their states by their task ids.
    :param operator: the operator of a task id, or None.
    """

    names: Mapping[str, str]
    dag_id: str = ""
    operator: Callable[[str], Any] = field(default=no_operator, compare=False)

    def pushed(self, task_id: str, key: str) -> Ref:
        """The XCom *key* of the task *task_id*.

        :raises Unsayable: the task pushes none of that key.
        """
        operator, ref = self.operator(task_id), Ref(self.names[task_id])
        if operator is not None and not getattr(operator, "do_xcom_push", True):
            raise Unsayable(f"pulls the XCom of {task_id}, which pushes none (do_xcom_push=False)")
        if key == RETURN_VALUE:
            return ref
        if getattr(operator, "multiple_outputs", False):
            return ref[key]
        for parent in getattr(type(operator), "__followed__", type(operator)).__mro__:
            keys = ALSO.get(f"{parent.__module__}.{parent.__qualname__}", {})
            if key in keys:
                return Ref(ref.task, keys[key])
        raise Unsayable(
            f"pulls the XCom {key!r} of {task_id}, which pushes no XCom {key!r}; its result is in 'return_value', the "
            f"default; a part of it is {{{{ ti.xcom_pull(task_ids='{task_id}')['{key}'] }}}}"
        )


def is_pull(node: nodes.Node) -> bool:
    """Whether *node* is a call of ``ti.xcom_pull``.

    :raises Unsayable: it is one of something else, of which nothing is known.
    """
    match node:
        case nodes.Call(node=nodes.Getattr(attr="xcom_pull", node=nodes.Name(name="ti" | "task_instance"))):
            return True
        case nodes.Call(node=nodes.Getattr(attr="xcom_pull")):
            raise Unsayable(f"pulls an XCom with {source_of(node.node)}; write ti.xcom_pull")
        case _:
            return False


def pulled(call: nodes.Call, members: Members) -> list[str] | None:
    """The ids of the tasks that *call* pulls from, if one of them is in the group.

    :raises Unsayable: the ids are not written out.
    """
    given = _given(call)
    if "task_ids" not in given or _known(given["task_ids"]) is None:
        raise Unsayable("xcom_pull needs the task's id: task_ids='...'")
    ids = _known(given["task_ids"])
    dag = _known(given["dag_id"]) if "dag_id" in given else None
    if "run_id" in given or dag not in (None, members.dag_id):
        return None
    listed = [ids] if isinstance(ids, str) else list(ids)
    return listed if any(item in members.names for item in listed) else None


def pull_of(call: nodes.Call, members: Members, at: str) -> list[Meaning | str] | Meaning:
    """What *call* gives, which pulls from a task of the group: one XCom, or several, those of outside by their ids."""
    given = _given(call)
    ids = _known(given["task_ids"])
    key = _known(given["key"]) if "key" in given else RETURN_VALUE
    if "include_prior_dates" in given and _known(given["include_prior_dates"]):
        raise Unsayable("pulls the XCom of a task of the group from earlier runs (include_prior_dates)")
    index = _known(given["map_indexes"]) if "map_indexes" in given else -1
    if index not in (None, -1):
        raise Unsayable("pulls one index of a task of the group; pull without map_indexes, and select from the list")
    if "default" in given and "map_indexes" in given:
        raise Unsayable("pulls with a default, which Airflow takes for a result of none; use: or, if, default()")
    if isinstance(ids, str):
        return Selected(members.pushed(ids, key), at)
    return [Selected(members.pushed(item, key), at) if item in members.names else str(item) for item in ids]


def outside_pull(call: nodes.Call, task_id: str) -> nodes.Call:
    """*call* for one of its tasks only."""
    kwargs = [item for item in call.kwargs if item.key != "task_ids"]
    return nodes.Call(call.node, [nodes.Const(task_id), *call.args[1:]], kwargs, None, None)


def _given(call: nodes.Call) -> dict[str, nodes.Expr]:
    if call.dyn_args or call.dyn_kwargs:
        raise Unsayable("calls xcom_pull with * or **; write its arguments out")
    return {**dict(zip(POSITIONS, call.args, strict=False)), **{item.key: item.value for item in call.kwargs}}


def _known(node: nodes.Expr) -> Any:
    try:
        return node.as_const()
    except nodes.Impossible:
        raise Unsayable(
            "the ids and keys of xcom_pull must be written out, so that it is known whether they are tasks of this "
            "group"
        ) from None


def constant_of(node: nodes.Node, at: str) -> Constant | None:
    """The value of *node*, if it is written out as one."""
    match node:
        case nodes.Const(value=value):
            return Constant(value, at)
        case nodes.TemplateData(data=text):
            return Constant(str(text), at)
        case nodes.Neg(node=nodes.Const(value=int() | float() as value)) if not isinstance(value, bool):
            return Constant(-value, at)
        case _:
            return None
