"""The Amazon provider's SageMakerConditionOperator: conditions over values, as a decision of the machine.

What it compares with what, and how, is said again in JSONata. Values that are known while the Dag is parsed are turned
into numbers and booleans here, with the operator's own function; the others while the machine runs, by the same rules.
As in the operator every condition is evaluated before any is looked at, values of different types are an error, and so
is one that is missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from airflow_sfn_ml.asl.refs import Code, Given, Ref
from airflow_sfn_ml.compiler.jsonata import literal
from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.steps.decision import Decision, Way
from airflow_sfn_ml.translators.choosing import edge_labels, first_tasks, let_run
from airflow_sfn_ml.translators.registry import Translation, original_class, translates

Parts = tuple[str | Given, ...]
PATH = "airflow.providers.amazon.aws.operators.sagemaker.SageMakerConditionOperator"
OWN = ("choose_branch", "_evaluate", "_cast", "_COMPARISON_OPERATORS")
"""What a subclass must not replace, since it is said again here."""
SIGNS = {
    "Equals": "=",
    "GreaterThan": ">",
    "GreaterThanOrEqualTo": ">=",
    "LessThan": "<",
    "LessThanOrEqualTo": "<=",
}
KEYS = {
    **dict.fromkeys(SIGNS, ("left_value", "right_value")),
    "In": ("value", "in_values"),
    "Not": ("condition",),
    "Or": ("conditions",),
}
"""The kinds of conditions, each with what it needs."""
CAST = (
    "$cast := function($v) {$type($v) != 'string' ? $v : $v = 'None' ? null"
    r" : $contains($v, /^\s*[-+]?(inf|infinity|nan)\s*$/i) ? $error('a state machine cannot compare with ' & $v)"
    r" : $contains($v, /^\s*[-+]?([0-9]+(_[0-9]+)*\.?|([0-9]+(_[0-9]+)*)?\.[0-9]+(_[0-9]+)*)([eE][-+]?[0-9]+)?\s*$/)"
    r" ? $number($replace($replace($replace($replace($replace($replace($replace($replace($replace($v,"
    r" /\s/, ''), '_', ''), /^\+/, ''), /^\./, '0.'), /^-\./, '-0.'), /\.$/, ''), /\.([eE])/, '$1'),"
    r" /^0+([0-9])/, '$1'), /^-0+([0-9])/, '-$1'))"
    " : $lowercase($v) = 'true' ? true : $lowercase($v) = 'false' ? false : $v}; "
)
"""The operator's ``_cast``. JSON knows fewer ways to write a number than Python."""
NUMBER = "$plain := function($v) {$type($v) = 'boolean' ? $number($v) : $v}; "
"""Python orders booleans, and counts true as 1 where it looks for a value in a list."""


@translates(PATH)
def condition(operator: Any) -> Translation:
    """The tasks of ``if_task_ids`` where all conditions hold, else those of ``else_task_ids``."""
    found = _Conditions(operator)
    whole = found.all_of(operator.conditions)
    ids = {name: found.ids(name) for name in ("if_task_ids", "else_task_ids")}
    if found.problems:
        raise TranslationError(f"{operator.task_id}: " + "; ".join(found.problems))
    labels = [edge_labels(operator, let_run(operator, chosen)) for chosen in ids.values()]
    complaint = f"Condition check failed in task {operator.task_id!r}"
    otherwise: Any = ids["else_task_ids"] or Code((f"$error({literal(complaint)})",))
    decision = Decision(
        operator.task_id,
        (
            Way(Code(whole), let_run(operator, ids["if_task_ids"]), ids["if_task_ids"], labels[0]),
            Way(None, let_run(operator, ids["else_task_ids"]), otherwise, labels[1]),
        ),
    )
    return Translation(decision)


class _Conditions:
    """The conditions of one operator as JSONata, with all that cannot be said."""

    def __init__(self, operator: Any) -> None:
        self.operator = operator
        self.cast: Callable[[Any], Any] = operator._cast
        self.problems: list[str] = []
        cls: Any = original_class(operator)
        parent: Any = next(kind for kind in cls.__mro__ if f"{kind.__module__}.{kind.__qualname__}" == PATH)
        self.problems += [
            f"{cls.__name__} has its own {name}, so what it decides is not known; register a translator with "
            f"@translates({f'{cls.__module__}.{cls.__qualname__}'!r})"
            for name in OWN
            if getattr(cls, name) is not getattr(parent, name)
        ]

    def ids(self, name: str) -> list[str]:
        """The task ids that the operator was given as *name*."""
        given = getattr(self.operator, name)
        ids = [given] if isinstance(given, str) else given
        if not isinstance(ids, (list, tuple)) or not all(isinstance(one, str) and "{{" not in one for one in ids):
            self.problems.append(f"{name} must be written out: which tasks may run has to be known at parse")
            return []
        after = set(self.operator.downstream_task_ids)
        self.problems += [
            f"{name} names {one}, which does not come right after it; draw the edge"
            for one in ids
            if not after.intersection(first_tasks(self.operator, one))
        ]
        return list(ids)

    def all_of(self, conditions: Any) -> Parts:
        """Whether all of *conditions* hold."""
        if not isinstance(conditions, (list, tuple)):
            self.problems.append("conditions must be written out as a list; values within them may be templates")
            return ()
        results = self._results(conditions)
        cast = CAST if any(isinstance(part, str) and "$cast(" in part for part in results) else ""
        return (f"({cast}{NUMBER}$not(false in [", *results, "]))")

    def _results(self, conditions: Any) -> Parts:
        parts: list[str | Given] = []
        for position, one in enumerate(conditions):
            parts += [*((", ",) if position else ()), *self._one(one)]
        return tuple(parts)

    def _one(self, condition: Any) -> Parts:
        kind = condition.get("type") if isinstance(condition, dict) else None
        if not isinstance(kind, str) or kind not in KEYS:
            self.problems.append(f"the condition {condition!r} is none of {', '.join(KEYS)}")
            return ()
        missing = [key for key in KEYS[kind] if key not in condition]
        if missing:
            self.problems.append(f"a condition of type {kind} lacks {' and '.join(missing)}")
            return ()
        match kind:
            case "Not":
                return ("$not(", *self._one(condition["condition"]), ")")
            case "Or":
                return ("(true in [", *self._results(condition["conditions"]), "])")
            case "In":
                return self._is_in(condition["value"], condition["in_values"])
            case _:
                return self._comparison(kind, condition["left_value"], condition["right_value"])

    def _comparison(self, kind: str, left: Any, right: Any) -> Parts:
        sign = SIGNS[kind]
        none = literal(f"Condition {kind!r} received None: the task before did not run or did not push a value")
        types = literal(f"Condition {kind!r} cannot compare ")
        return (
            "($l := ",
            *self._value(left),
            "; $r := ",
            *self._value(right),
            f"; $l = null or $r = null ? $error({none}) : $type($l) != $type($r)"
            f" ? $error({types} & $type($l) & ' with ' & $type($r)) : $plain($l) {sign} $plain($r))",
        )

    def _is_in(self, value: Any, allowed: Any) -> Parts:
        head: Parts = ("($q := $plain(", *self._value(value), "); true in ")
        if isinstance(allowed, (list, tuple)):
            items: list[str | Given] = []
            for position, one in enumerate(allowed):
                items += [*((", ",) if position else ()), "$plain(", *self._value(one), ") = $q"]
            return (*head, "[", *items, "])")
        if isinstance(allowed, str) and "xcom_pull" in allowed and not _is_native(self.operator):
            self.problems.append(
                "in_values is a template of an XCom, which Airflow renders to text: pass a list, the task's .output, "
                "or set render_template_as_native_obj=True"
            )
        return (
            *head,
            "$map(($s := ",
            *_checked(allowed),
            "; $type($s) = 'array' ? $s : $type($s) = 'object' ? $keys($s) : $type($s) != 'string'"
            f" ? $error({literal('in_values is no list')}) : $s = '' ? [] : $split($s, '')),"
            " function($i) { $plain($cast($i)) = $q }))",
        )

    def _value(self, value: Any) -> Parts:
        """*value* as the operator casts it."""
        if not _is_known(value):
            return ("$cast(", *_checked(value), ")")
        cast = self.cast(value)
        if isinstance(cast, float) and not math.isfinite(cast):
            self.problems.append(f"a state machine cannot compare with {value!r}")
        if isinstance(cast, int) and abs(cast) > 2**53:
            self.problems.append(f"a state machine cannot compare {value!r} exactly: its numbers have 53 bits")
        return (Given(cast),)


def _checked(value: Any) -> Parts:
    """*value*, or a failure where it is missing."""
    missing = literal(f"{value.task} has no {list(value.path)}" if isinstance(value, Ref) else "a value is missing")
    return ("($v := ", Given(value), f"; $exists($v) ? $v : $error({missing}))")


def _is_known(value: Any) -> bool:
    """Whether *value* is what it will be: no template and no result of a task anywhere in it."""
    match value:
        case str():
            return "{{" not in value and "{%" not in value
        case dict():
            return all(map(_is_known, value.values()))
        case list() | tuple():
            return all(map(_is_known, value))
        case _:
            return value is None or isinstance(value, (bool, int, float))


def _is_native(operator: Any) -> bool:
    own = getattr(operator, "render_template_as_native_obj", None)
    return bool(operator.dag.render_template_as_native_obj if own is None else own)
