"""Placeholders: paths into the data of an execution.

``ExecutionInput()["Bucket"]`` is ``$$.Execution.Input['Bucket']`` in JSONPath and
``$states.context.Execution.Input.Bucket`` in JSONata. What a placeholder is rooted in decides its prefix; the rest is
the path of keys from that root.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from airflow_sfn_ml.asl.refs import Path, Ref
from airflow_sfn_ml.inputs.expressions import Expression
from airflow_sfn_ml.inputs.paths import bracketed, dotted, selected


class ValidationResult(NamedTuple):
    """What `Placeholder.validate` found: keys as ``a.b``, mismatches as (key, expected type, given type)."""

    valid: bool
    keys_missing: list[str] | None
    keys_type_mismatch: list[tuple[str, Any, Any]] | None


class Placeholder(Expression):
    """A collection of placeholder variables.

    :param schema: nested dict from keys to types; a collection with a schema holds just these keys.
    """

    jsonpath_root: ClassVar[str]
    jsonata_root: ClassVar[str]

    def __init__(
        self,
        schema: Mapping[Any, Any] | None = None,
        *,
        name: str | int | None = None,
        type: Any = None,
        parent: Placeholder | None = None,
    ) -> None:
        set_ = object.__setattr__  # a StepInput is a frozen Ref as well
        set_(self, "schema", schema)
        set_(self, "store", {})
        set_(self, "immutable", False)
        set_(self, "name", name)
        set_(self, "type", type)
        set_(self, "parent", parent)
        set_(self, "keys", () if parent is None else (*parent.keys, name))
        if schema:
            self._set_schema(schema)

    schema: Mapping[Any, Any] | None
    store: dict[str | int, Placeholder]
    immutable: bool
    name: str | int | None
    parent: Placeholder | None
    keys: Path
    """The path from the root."""

    def get(self, name: str | int, type: Any) -> Any:
        """The variable *name* with a type.

        :raises ValueError: it has another type already, or the schema does not have it.
        """
        _check_key(name)
        known = self.store.get(name)
        if known is None:
            return self._add(name, type)
        if known.type is None and not known.store and not self.immutable:
            object.__setattr__(known, "type", type)
        if known.type != type:
            raise ValueError(f"Key already exists with a different value type: {known.type}")
        return known

    def __getitem__(self, name: str | int) -> Any:
        _check_key(name)
        known = self.store.get(name)
        return self._add(name, None) if known is None else known

    def __contains__(self, placeholder: object) -> bool:
        return isinstance(placeholder, Placeholder) and self.contains(placeholder)

    def contains(self, placeholder: Placeholder) -> bool:
        """Whether *placeholder* is a variable of this collection, at any depth."""
        node = placeholder.parent
        while node is not None and node is not self:
            node = node.parent
        return node is self

    @property
    def root(self) -> Placeholder:
        """The collection that this variable belongs to."""
        node: Placeholder = self
        while node.parent is not None:
            node = node.parent
        return node

    def get_schema_as_dict(self) -> dict[Any, Any]:
        """The variables of this collection with their types; `str` for those that have none."""
        return {
            key: variable.get_schema_as_dict() if variable.store else variable.type or str
            for key, variable in self.store.items()
        }

    def get_schema_as_json(self, pretty: bool = False) -> str:
        """The schema as JSON, types by their names."""
        return json.dumps(_named(self.get_schema_as_dict()), indent=4 if pretty else None)

    def validate(self, input: Any) -> ValidationResult:
        """Compare *input* with the schema. Keys that the schema does not have are let through."""
        if input is None:
            return ValidationResult(False, None, None)
        missing: list[str] = []
        mismatched: list[tuple[str, Any, Any]] = []
        _compare(self.get_schema_as_dict(), input, "", missing, mismatched)
        return ValidationResult(not missing and not mismatched, missing, mismatched)

    def to_jsonpath(self) -> str:
        """The path as the SDK writes it: ``$['a'][0]``."""
        return self.jsonpath_root + bracketed(self.keys)

    def argument(self) -> str:
        """The path in dots, which every interpreter of intrinsic functions reads."""
        return self.jsonpath_root + dotted(self.keys)

    def to_jsonata(self) -> str:
        """The path as JSONata selects it."""
        return selected(self.jsonata_root, self.keys)

    def __repr__(self) -> str:
        return type(self).__name__ + (bracketed(self.keys) or "()")

    def __deepcopy__(self, memo: dict[int, Any]) -> Placeholder:
        return self

    def __copy__(self) -> Placeholder:
        return self

    def _new(self, name: str | int, type: Any) -> Placeholder:
        return self.__class__(name=name, type=type, parent=self)

    def _add(self, name: str | int, type: Any) -> Placeholder:
        if self.immutable:
            known = ", ".join(repr(key) for key in self.store) or "no keys"
            raise ValueError(
                f"Placeholder variable does not conform to schema set for the placeholder collection: "
                f"{self!r} has no {name!r}; it has {known}."
            )
        made = self.store[name] = self._new(name, type)
        return made

    def _set_schema(self, schema: Mapping[Any, Any]) -> None:
        for key, kind in schema.items():
            if isinstance(kind, Mapping):
                self.get(key, dict)._set_schema(kind)
            else:
                self.get(key, kind)._freeze()
        self._freeze()

    def _freeze(self) -> None:
        object.__setattr__(self, "immutable", True)


class ExecutionInput(Placeholder):
    """The input of the execution."""

    jsonpath_root = "$$.Execution.Input"
    jsonata_root = "$states.context.Execution.Input"


class StepInput(Placeholder, Ref):
    """The input of a state, which is the output of the state before it: ``train.output()["ModelArtifacts"]``.

    In a task group it is a `Ref`: a value of another task, wherever that stands.
    """

    jsonpath_root = "$"
    jsonata_root = "$states.input"

    def __init__(
        self,
        schema: Mapping[Any, Any] | None = None,
        *,
        name: str | int | None = None,
        type: Any = None,
        parent: StepInput | None = None,
        task: str = "",
        prefix: Path = (),
        producer: Any = None,
    ) -> None:
        path = prefix if parent is None else (*parent.path, 0 if name is None else name)
        Ref.__init__(self, task if parent is None else parent.task, path)
        object.__setattr__(self, "producer", producer if parent is None else parent.producer)
        Placeholder.__init__(self, schema, name=name, type=type, parent=parent)

    producer: Any
    """The state whose output this is, None where nobody said."""

    __getitem__ = Placeholder.__getitem__
    __iter__ = Expression.__iter__
    __str__ = Expression.__str__
    __repr__ = Placeholder.__repr__

    def __reduce__(self) -> tuple[Any, ...]:
        return Ref, (self.task, self.path)


class StepResult(Placeholder):
    """The result of a Task, Parallel or Map state, for use in its own result_selector, output and assign."""

    jsonpath_root = "$"
    jsonata_root = "$states.result"


class ContextObject(Placeholder):
    """The context object: ``ContextObject()["Execution"]["Name"]``, ``["State"]["RetryCount"]``, ``["Task"]["Token"]``.

    Its paths are written with dots, as in AWS's documentation.
    """

    jsonpath_root = "$$"
    jsonata_root = "$states.context"

    def to_jsonpath(self) -> str:
        """The path as the documentation of AWS writes it: ``$$.Execution.Name``."""
        return self.argument()


class MapItemValue(Placeholder):
    """The item that an iteration of a Map works on, for the Map's ``parameters`` or ``item_selector``."""

    jsonpath_root = "$$.Map.Item.Value"
    jsonata_root = "$states.context.Map.Item.Value"


class MapItemIndex(Placeholder):
    """The number of the iteration of a Map, from 0."""

    jsonpath_root = "$$.Map.Item.Index"
    jsonata_root = "$states.context.Map.Item.Index"

    def __init__(self) -> None:
        super().__init__(type=int)
        self._freeze()


class Variable(Placeholder):
    """A variable that an earlier state assigned: ``Variable("count")``.

    :param variable: its name, without the dollar sign.
    """

    def __init__(self, variable: str, *, name: str | int | None = None, type: Any = None, parent: Any = None) -> None:
        object.__setattr__(self, "variable", variable)
        super().__init__(name=name, type=type, parent=parent)

    variable: str

    @property
    def jsonpath_root(self) -> str:  # type: ignore[override]
        """The name as both languages read it."""
        return f"${self.variable}"

    jsonata_root = jsonpath_root

    def __repr__(self) -> str:
        return f"Variable({self.variable!r}){bracketed(self.keys)}"

    def _new(self, name: str | int, type: Any) -> Placeholder:
        return Variable(self.variable, name=name, type=type, parent=self)


def _check_key(name: Any) -> None:
    if not isinstance(name, (str, int)) or isinstance(name, bool):
        raise ValueError("Key name can only be string or integer")


def _named(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: _named(item) for key, item in schema.items()}
    return getattr(schema, "__name__", str(schema))


def _compare(schema: Any, given: Any, path: str, missing: list[str], mismatched: list[tuple[str, Any, Any]]) -> None:
    for key, kind in schema.items():
        where = f"{path}.{key}" if path else str(key)
        try:
            value = given[key]
        except (KeyError, IndexError, TypeError):
            missing.extend(_leaves(kind, where))
            continue
        if isinstance(kind, dict) and isinstance(value, (dict, list)):
            _compare(kind, value, where, missing, mismatched)
        elif isinstance(kind, dict):
            mismatched.append((where, dict, type(value)))
        elif not _is_a(value, kind):
            mismatched.append((where, kind, type(value)))


def _leaves(kind: Any, where: str) -> list[str]:
    if isinstance(kind, dict):
        return [leaf for key, item in kind.items() for leaf in _leaves(item, f"{where}.{key}")]
    return [where]


def _is_a(value: Any, kind: Any) -> bool:
    """JSON's idea of types: every integer is a number, and true is none."""
    if not isinstance(kind, (type, tuple)):
        return True
    if isinstance(value, bool):
        return issubclass(bool, kind) if kind in (bool, object) else False
    return isinstance(value, kind) or (kind is float and isinstance(value, int))
