"""The package's own choice: the rules of the States Language over whatever a request may hold.

A rule says what kind of value it compares, so a value of another kind does not match, and a template is read as that
kind. A value that is missing fails the task, except where a rule asks for just that.
"""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.asl.refs import Code, Given, Ref
from airflow_sfn_ml.compiler.jsonata import literal, select
from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.inputs.expressions import Expression
from airflow_sfn_ml.steps.choice_rule import (
    BaseRule,
    CompoundRule,
    ConditionRule,
    NotRule,
    Rule,
    is_airflows,
    pattern_of,
)
from airflow_sfn_ml.steps.choice_step import Next
from airflow_sfn_ml.steps.decision import Decision, Way
from airflow_sfn_ml.translators.choosing import edge_labels, let_run
from airflow_sfn_ml.translators.registry import Translation, translates

Parts = tuple[str | Given, ...]
TYPES = {"String": "string", "Numeric": "number", "Boolean": "boolean", "Timestamp": "string"}
SIGNS = {"Equals": "=", "LessThan": "<", "GreaterThan": ">", "LessThanEquals": "<=", "GreaterThanEquals": ">="}
TIMESTAMP = r"/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})$/"
TESTS = {"IsString": "string", "IsNumeric": "number", "IsBoolean": "boolean"}


@translates("airflow_sfn_ml.operators.choice.ChoiceOperator")
def choice(operator: Any) -> Translation:
    """The tasks of the first rule that holds, else those of the default."""
    step, problems = operator.step, []
    if not step.choices:
        problems.append("has no rules; add_choice(rule, task)")
    ways: list[Way] = []
    try:
        for rule, next_step in step.choices:
            code = Code(("(", *condition(rule), ")"))
            ways.append(_way(operator, code, next_step, problems))
    except ValueError as error:
        problems.append(str(error))
    if step.default is not None:
        ways.append(_way(operator, None, step.default, problems))
    else:
        complaint = literal(f"{operator.task_id}: no rule holds, and there is no default")
        ways.append(Way(None, (), Code((f"$error({complaint})",))))
    led = {task_id for way in ways for task_id in way.follows}
    problems += [
        f"{task_id} comes right after it, but no rule and no default leads there, so it would never run"
        for task_id in sorted(set(operator.downstream_task_ids) - led)
    ]
    if problems:
        raise TranslationError("; ".join(f"{operator.task_id}: {problem}" for problem in problems))
    return Translation(Decision(operator.task_id, tuple(ways)))


def _way(operator: Any, condition: Code | None, next_step: Next, problems: list[str]) -> Way:
    ids: list[str] = [str(getattr(task, "task_id", None) or task.group_id) for task in next_step.tasks]
    ids += [
        task_id
        for task_id in sorted(operator.downstream_task_ids)
        if next_step.label and operator.dag.get_edge_info(operator.task_id, task_id).get("label") == next_step.label
    ]
    if next_step.label and not ids:
        problems.append(
            f"no edge from it has the label {next_step.label!r}; draw it with >> Label({next_step.label!r}) >> task"
        )
    follows = let_run(operator, ids)
    return Way(condition, follows, ids, next_step.label or edge_labels(operator, follows))


def condition(rule: BaseRule) -> Parts:
    """*rule* as JSONata.

    :raises ValueError: it cannot be said.
    """
    match rule:
        case NotRule():
            return ("$not(", *condition(rule.rule), ")")
        case CompoundRule():
            return _joined(rule.operator, [condition(inner) for inner in rule.rules])
        case ConditionRule() if isinstance(rule.condition, str):
            return ("(", rule.to_jsonata(), ")")
        case ConditionRule():
            return ("(", *_operand(rule.condition, "Boolean"), " = true)")
        case Rule() if isinstance(path := _path_in(rule), str):
            raise ValueError(f"the path {path!r} has no meaning in a group: use task.result[...]")
        case Rule(operator="IsPresent"):
            return ("" if rule.value else "$not", "($exists(", *_perhaps(rule.variable), "))")
        case Rule():
            return _test(rule) if rule.operator.startswith("Is") else _comparison(rule)
        case _:
            raise ValueError(f"{rule!r} cannot be said in JSONata")


def _joined(operator: str, rules: list[Parts]) -> Parts:
    """All or any of *rules*; what comes after the deciding one is not evaluated, so that IsPresent can guard it."""
    first, *others = rules
    if not others:
        return first
    rest = _joined(operator, others)
    return ("(", *first, " ? ", *(rest if operator == "And" else ("true",)), " : ") + (
        ("false)",) if operator == "And" else (*rest, ")")
    )


def _test(rule: Rule) -> Parts:
    negated = "" if rule.value else "$not"
    head: Parts = (f"{negated}(($x := ", *_operand(rule.variable, "Is"), "; ")
    if rule.operator == "IsNull":
        return (*head, "$x = null))")
    if rule.operator == "IsTimestamp":
        return (*head, f"$type($x) = 'string' ? $contains($x, {TIMESTAMP}) : false))")
    return (*head, f"$type($x) = '{TESTS[rule.operator]}'))")


def _comparison(rule: Rule) -> Parts:
    operator = rule.operator.removesuffix("Path")
    kind = next(kind for kind in TYPES if operator.startswith(kind))
    head: Parts = ("($x := ", *_operand(rule.variable, kind), "; ")
    if operator == "StringMatches":
        if not isinstance(rule.value, str) or is_airflows(rule.value):
            raise ValueError(f"the pattern of StringMatches must be written out, not {rule.value!r}")
        return (*head, f"$type($x) = 'string' ? $contains($x, /^{pattern_of(rule.value)}$/) : false)")
    sign = SIGNS[operator.removeprefix(kind)]
    compared = f"$toMillis($x) {sign} $toMillis($y)" if kind == "Timestamp" else f"$x {sign} $y"
    types = f"$type($x) = '{TYPES[kind]}' ? $type($y) = '{TYPES[kind]}' ? {compared} : false : false"
    return (*head, "$y := ", *_operand(rule.value, kind), f"; {types})")


def _operand(value: Any, kind: str) -> Parts:
    """*value*, which a template gives as text, as the *kind* that the rule compares."""
    match value:
        case Ref():
            return (Given(Ref(value.task, value.path)),)
        case _ if is_airflows(value) and kind == "Numeric":
            return ("$number(", Given(value), ")")
        case _ if is_airflows(value) and kind == "Boolean":
            return ("($v := ", Given(value), "; $type($v) = 'boolean' ? $v : $lowercase($v) = 'true')")
        case _ if isinstance(value, Expression):
            raise ValueError(f"{value!r} is no value of a task: use task.result[...], a template or an XCom")
        case _:
            return (Given(value),)


def _path_in(rule: Rule) -> str | None:
    """A path of JSONPath that *rule* compares with or looks at."""
    places = (rule.variable, *((rule.value,) if rule.operator.endswith("Path") else ()))
    return next((place for place in places if isinstance(place, str) and not is_airflows(place)), None)


def _perhaps(variable: Any) -> Parts:
    """*variable*, and nothing where it is missing."""
    if not isinstance(variable, Ref):
        return _operand(variable, "Is")
    return (Given(Ref(variable.task)), select("", variable.path))
