"""The rules of a Choice, with the names of ``stepfunctions.steps.choice_rule``.

A rule compares a variable (a path or a placeholder) with a value, or with another variable. Where the Choice's query
language is JSONata, each rule is written as the condition that means the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from airflow_sfn_ml.inputs.expressions import Expression, jsonata_code
from airflow_sfn_ml.inputs.placeholders import Placeholder

_KINDS: Mapping[str, tuple[Any, ...]] = {
    "String": (str,),
    "Numeric": (int, float),
    "Boolean": (bool,),
    "Timestamp": (str,),
    "Is": (bool,),
}
"""The types of values, by how the operator begins."""
_SIGNS = {"Equals": "=", "LessThan": "<", "GreaterThan": ">", "LessThanEquals": "<=", "GreaterThanEquals": ">="}
_TESTS = {
    "IsNull": "{} = null",
    "IsPresent": "$exists({})",
    "IsString": "$type({}) = 'string'",
    "IsNumeric": "$type({}) = 'number'",
    "IsBoolean": "$type({}) = 'boolean'",
}
_PATH = re.compile(r"(\$\$?|\$[A-Za-z_]\w*)((?:\.[A-Za-z_]\w*|\[\d+\]|\['[^'`]+'\])*)")


class BaseRule:
    """What all rules have in common."""

    def to_dict(self) -> dict[str, Any]:
        """The rule as JSONPath states write it."""
        return {}

    def to_jsonata(self) -> str:
        """The condition that means the same."""
        raise ValueError(f"{self!r} cannot be said in JSONata")

    def to_jsonata_dict(self) -> dict[str, Any]:
        """The rule as JSONata states write it."""
        return {"Condition": f"{{% {self.to_jsonata()} %}}"}

    def speaks_jsonata(self) -> bool:
        """Whether only a JSONata state can have the rule."""
        return False

    def placeholders(self) -> Iterable[Any]:
        """What the rule reads."""
        return ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __str__(self) -> str:
        return str(self.to_dict())


class Rule(BaseRule):
    """Compare *variable* with *value*.

    :param variable: a path or a placeholder; in a task group also a template or an XCom.
    :param operator: the language's, e.g. ``StringEquals``. With a placeholder as value it is the one that ends in
        ``Path``.
    :param value: a constant of the operator's type, a placeholder, or for ``...Path`` a path.
    :raises ValueError: the variable is not a path, or the value is not of the operator's type.
    """

    def __init__(self, variable: Any, operator: str, value: Any) -> None:
        if not isinstance(variable, Expression) and not is_airflows(variable) and not str(variable).startswith("$"):
            raise ValueError(f"Expected variable must be a placeholder or must start with '$', but got '{variable}'")
        if isinstance(value, Expression) and not operator.startswith("Is") and not operator.endswith("Path"):
            operator += "Path"
        kind = next(kind for kind in _KINDS if operator.startswith(kind))
        if operator.endswith("Path"):
            _check_path(value, kind)
        elif is_airflows(value):
            pass  # its type is known when Airflow has rendered it
        elif not isinstance(value, _KINDS[kind]) or (isinstance(value, bool) and bool not in _KINDS[kind]):
            raise ValueError(f"Expected value to be a {kind}, but got {value!r}")
        self.variable = variable
        self.operator = operator
        self.value = value

    def to_dict(self) -> dict[str, Any]:
        """``{"Variable": ..., "<operator>": ...}``."""
        return {"Variable": _path(self.variable), self.operator: _path(self.value)}

    def to_jsonata(self) -> str:
        """The comparison as JSONata writes it."""
        variable = _code(self.variable)
        operator = self.operator.removesuffix("Path")
        value = _code(self.value) if self.operator.endswith("Path") else jsonata_code(self.value)
        if operator in _TESTS:
            test = _TESTS[operator].format(variable)
            return test if self.value else f"$not({test})"
        if operator == "StringMatches":
            return f"$contains({variable}, /^{pattern_of(self.value)}$/)"
        kind = next(kind for kind in _KINDS if operator.startswith(kind))
        sign = _SIGNS.get(operator.removeprefix(kind))
        if sign is None:
            raise ValueError(f"{operator} cannot be said in JSONata")
        if kind == "Timestamp":
            variable, value = f"$toMillis({variable})", f"$toMillis({value})"
        return f"{variable} {sign} {value}"

    def placeholders(self) -> Iterable[Any]:
        """The variable and the value."""
        return (self.variable, self.value)

    def __repr__(self) -> str:
        return f"Rule(variable={self.variable!r}, operator={self.operator!r}, value={self.value!r})"


class CompoundRule(BaseRule):
    """All (``And``) or any (``Or``) of *rules*."""

    def __init__(self, operator: str, rules: Iterable[BaseRule]) -> None:
        self.operator = operator
        self.rules = list(rules)
        for rule in self.rules:
            if not isinstance(rule, BaseRule):
                raise ValueError(f"Rule '{rule}' is invalid")

    def to_dict(self) -> dict[str, Any]:
        """``{"And": [...]}``."""
        return {self.operator: [rule.to_dict() for rule in self.rules]}

    def to_jsonata(self) -> str:
        """The conditions, joined."""
        return "(" + f" {self.operator.lower()} ".join(rule.to_jsonata() for rule in self.rules) + ")"

    def speaks_jsonata(self) -> bool:
        """Whether one of the rules is a condition."""
        return any(rule.speaks_jsonata() for rule in self.rules)

    def placeholders(self) -> Iterable[Any]:
        """What the rules read."""
        return [item for rule in self.rules for item in rule.placeholders()]

    def __repr__(self) -> str:
        return f"CompoundRule(operator={self.operator!r}, rules={self.rules!r})"


class NotRule(BaseRule):
    """Not *rule*."""

    def __init__(self, rule: BaseRule) -> None:
        if not isinstance(rule, BaseRule):
            raise ValueError(f"Rule '{rule}' is invalid")
        self.rule = rule

    def to_dict(self) -> dict[str, Any]:
        """``{"Not": ...}``."""
        return {"Not": self.rule.to_dict()}

    def to_jsonata(self) -> str:
        """The condition, negated."""
        return f"$not({self.rule.to_jsonata()})"

    def speaks_jsonata(self) -> bool:
        """Whether the rule is a condition."""
        return self.rule.speaks_jsonata()

    def placeholders(self) -> Iterable[Any]:
        """What the rule reads."""
        return self.rule.placeholders()

    def __repr__(self) -> str:
        return f"NotRule(rule={self.rule!r})"


class ConditionRule(BaseRule):
    """A JSONata condition.

    :param condition: ``{% ... %}``, or a placeholder that is true or false.
    """

    def __init__(self, condition: str | Expression) -> None:
        if not isinstance(condition, Expression) and not (condition.startswith("{%") and condition.endswith("%}")):
            raise ValueError(f"a condition is written {{% ... %}}, but got {condition!r}")
        self.condition = condition

    def to_dict(self) -> dict[str, Any]:
        """``{"Condition": "{% ... %}"}``."""
        return {"Condition": f"{{% {self.to_jsonata()} %}}"}

    def to_jsonata(self) -> str:
        """The code between the marks."""
        return self.condition.to_jsonata() if isinstance(self.condition, Expression) else self.condition[2:-2].strip()

    def speaks_jsonata(self) -> bool:
        """It is JSONata."""
        return True

    def placeholders(self) -> Iterable[Any]:
        """The condition."""
        return (self.condition,)

    def __repr__(self) -> str:
        return f"ConditionRule({self.condition!r})"


class _Comparison(Protocol):
    def __call__(self, variable: Any, value: Any) -> Rule: ...


def _compare(operator: str) -> _Comparison:
    def rule(variable: Any, value: Any) -> Rule:
        return Rule(variable, operator, value)

    rule.__name__ = rule.__qualname__ = operator
    rule.__doc__ = f"The rule ``{operator}``: *variable* (a path or a placeholder) against *value*."
    return staticmethod(rule)


def _combine(operator: str) -> Callable[[Iterable[BaseRule]], CompoundRule]:
    def rule(rules: Iterable[BaseRule]) -> CompoundRule:
        return CompoundRule(operator, rules)

    rule.__name__ = rule.__qualname__ = operator
    rule.__doc__ = f"The rule ``{operator}`` of a list of rules."
    return staticmethod(rule)


class ChoiceRule:
    """The rules by the names of the language: ``ChoiceRule.StringEquals(variable, value)``."""

    StringEquals = _compare("StringEquals")
    StringEqualsPath = _compare("StringEqualsPath")
    StringLessThan = _compare("StringLessThan")
    StringLessThanPath = _compare("StringLessThanPath")
    StringGreaterThan = _compare("StringGreaterThan")
    StringGreaterThanPath = _compare("StringGreaterThanPath")
    StringLessThanEquals = _compare("StringLessThanEquals")
    StringLessThanEqualsPath = _compare("StringLessThanEqualsPath")
    StringGreaterThanEquals = _compare("StringGreaterThanEquals")
    StringGreaterThanEqualsPath = _compare("StringGreaterThanEqualsPath")
    NumericEquals = _compare("NumericEquals")
    NumericEqualsPath = _compare("NumericEqualsPath")
    NumericLessThan = _compare("NumericLessThan")
    NumericLessThanPath = _compare("NumericLessThanPath")
    NumericGreaterThan = _compare("NumericGreaterThan")
    NumericGreaterThanPath = _compare("NumericGreaterThanPath")
    NumericLessThanEquals = _compare("NumericLessThanEquals")
    NumericLessThanEqualsPath = _compare("NumericLessThanEqualsPath")
    NumericGreaterThanEquals = _compare("NumericGreaterThanEquals")
    NumericGreaterThanEqualsPath = _compare("NumericGreaterThanEqualsPath")
    BooleanEquals = _compare("BooleanEquals")
    BooleanEqualsPath = _compare("BooleanEqualsPath")
    TimestampEquals = _compare("TimestampEquals")
    TimestampEqualsPath = _compare("TimestampEqualsPath")
    TimestampLessThan = _compare("TimestampLessThan")
    TimestampLessThanPath = _compare("TimestampLessThanPath")
    TimestampGreaterThan = _compare("TimestampGreaterThan")
    TimestampGreaterThanPath = _compare("TimestampGreaterThanPath")
    TimestampLessThanEquals = _compare("TimestampLessThanEquals")
    TimestampLessThanEqualsPath = _compare("TimestampLessThanEqualsPath")
    TimestampGreaterThanEquals = _compare("TimestampGreaterThanEquals")
    TimestampGreaterThanEqualsPath = _compare("TimestampGreaterThanEqualsPath")
    IsNull = _compare("IsNull")
    IsPresent = _compare("IsPresent")
    IsString = _compare("IsString")
    IsNumeric = _compare("IsNumeric")
    IsTimestamp = _compare("IsTimestamp")
    IsBoolean = _compare("IsBoolean")
    StringMatches = _compare("StringMatches")
    And = _combine("And")
    Or = _combine("Or")

    @staticmethod
    def Not(rule: BaseRule) -> NotRule:
        """The rule ``Not`` of a rule."""
        return NotRule(rule)

    @staticmethod
    def Condition(condition: str | Expression) -> ConditionRule:
        """A JSONata condition ``{% ... %}``."""
        return ConditionRule(condition)


def _check_path(value: Any, kind: str) -> None:
    if not isinstance(value, Expression) and not (isinstance(value, str) and value.startswith("$")):
        raise ValueError(f"Expected value must be a placeholder or must start with '$', but got '{value}'")
    if isinstance(value, Expression) and value.type is not None and value.type not in _KINDS[kind]:
        name = getattr(value.type, "__name__", value.type)
        raise ValueError(f"Expected value to be a {kind}, but {value!r} is a {name}")


def is_airflows(value: Any) -> bool:
    """Whether *value* is a template or an XCom: a value of Airflow's, which only a task group can take."""
    return hasattr(value, "resolve") or (isinstance(value, str) and "{{" in value)


def _path(value: Any) -> Any:
    if is_airflows(value):
        raise ValueError(f"{value!r} is a value of Airflow's; a rule with it can stand in a task group only")
    if isinstance(value, Placeholder):
        return value.to_jsonpath()
    if isinstance(value, Expression):
        raise ValueError(f"{value!r} is computed, and a rule of JSONPath takes paths only; use a JSONata condition")
    return value


def _code(value: Any) -> str:
    """A placeholder or a path as JSONata."""
    if is_airflows(value):
        raise ValueError(f"{value!r} is a value of Airflow's; a rule with it can stand in a task group only")
    if isinstance(value, Expression):
        return value.to_jsonata()
    match = _PATH.fullmatch(value)
    if match is None:
        raise ValueError(f"the path {value!r} cannot be said in JSONata; use a placeholder or a condition")
    root = {"$": "$states.input", "$$": "$states.context"}.get(match[1], match[1])
    return root + re.sub(r"\['([^']+)'\]", r".`\1`", match[2])


def pattern_of(glob: str) -> str:
    """The regular expression of a pattern of StringMatches, where ``*`` is any text and ``\\*`` an asterisk."""
    parts = re.split(r"(?<!\\)\*", glob)
    return ".*".join(re.escape(part.replace("\\*", "*").replace("\\\\", "\\")).replace("/", "\\/") for part in parts)


__all__ = ["BaseRule", "ChoiceRule", "CompoundRule", "ConditionRule", "NotRule", "Rule"]
