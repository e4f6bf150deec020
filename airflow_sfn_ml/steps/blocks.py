"""What every part of a definition is made of: named fields of the language, checked when they are given."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_sfn_ml import asl
from airflow_sfn_ml.asl.fields import FIELDS
from airflow_sfn_ml.steps.lowering import JSONATA, kept_beside, lowered

if TYPE_CHECKING:
    from airflow_sfn_ml.steps.chain import Chain
    from airflow_sfn_ml.steps.state import State


def names_of(cls: type, *without: str) -> frozenset[str]:
    """The fields of the language's *cls* that a user may give, in snake case."""
    return frozenset(attribute for attribute, _ in FIELDS[cls]) - set(without)


def written(value: Any) -> dict[str, Any]:
    """A retrier or a catcher as it stands in a definition."""
    body: dict[str, Any] = {}
    for attribute, key in FIELDS[type(value)]:
        item = getattr(value, attribute)
        if item is not None and item != ():
            body[key] = None if item is asl.NULL else list(item) if isinstance(item, tuple) else item
    return body


class Block:
    """A part of a definition. Its fields are keyword arguments and attributes, in snake case.

    :raises TypeError: the language has no such field here.
    """

    allowed: ClassVar[frozenset[str]] = frozenset()
    fields: dict[str, Any]

    def __init__(self, **kwargs: Any) -> None:
        object.__setattr__(self, "fields", {})
        for name in kwargs:
            if name not in self.allowed:
                from difflib import get_close_matches

                near = get_close_matches(name, self.allowed, 1)
                raise TypeError(f"Field '{name}' is not supported." + (f" Did you mean '{near[0]}'?" if near else ""))
        self.fields.update(kwargs)

    def __getattr__(self, name: str) -> Any:
        if name in type(self).allowed:
            return self.__dict__.get("fields", {}).get(name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in type(self).allowed and not isinstance(getattr(type(self), name, None), property):
            self.fields[name] = value
        else:
            object.__setattr__(self, name, value)

    def is_field_allowed(self, field_name: str) -> bool:
        """Whether the language has this field here."""
        return field_name in self.allowed

    def to_dict(self) -> dict[str, Any]:
        """This part as it stands in a definition."""
        raise NotImplementedError

    def to_json(self, pretty: bool = False) -> str:
        """This part as JSON."""
        return json.dumps(self.to_dict(), indent=4 if pretty else None)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in self.fields.items())})"

    def __str__(self) -> str:
        return self.to_json(pretty=True)


class Retry(Block):
    """A retrier: which errors are tried again, and when.

    :param error_equals: names of errors.
    :param interval_seconds: seconds before the first retry (default 1).
    :param max_attempts: how many retries (default 3; 0 for never).
    :param backoff_rate: factor by which the interval grows (default 2.0).
    :param max_delay_seconds: longest interval.
    :param jitter_strategy: ``FULL`` or ``NONE``.
    """

    allowed = names_of(asl.Retry)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _check_errors(self)

    def freeze(self) -> asl.Retry:
        """The retrier as a value."""
        return asl.Retry(**{**lowered(self.fields, "JSONPath"), "error_equals": tuple(self.error_equals or ())})

    def to_dict(self) -> dict[str, Any]:
        """The retrier as it stands in a definition."""
        return written(self.freeze())


class Catch(Block):
    """A catcher: where to go on after which errors.

    :param next_step: the state or chain that handles the error.
    :param error_equals: names of errors.
    :param result_path: where the error is put into the state's input; without it, the error is all the next state gets.
    :param assign: variables to set.
    :param output: what the next state gets (JSONata).
    """

    allowed = names_of(asl.Catch, "next")
    next_step: State | Chain

    def __init__(self, next_step: State | Chain, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.next_step = next_step
        _check_errors(self)

    def freeze(self, language: str = "JSONPath") -> asl.Catch:
        """The catcher as a value, in the query language of its state."""
        fields = dict(self.fields)
        if language == JSONATA and "result_path" in fields:
            fields["output"] = kept_beside(fields.pop("result_path"), "$states.errorOutput")
        errors = tuple(fields.pop("error_equals", None) or ())
        return asl.Catch(error_equals=errors, next=self.next_step.state_id, **lowered(fields, language))

    def to_dict(self) -> dict[str, Any]:
        """The catcher as it stands in a definition."""
        return written(self.freeze())


def _check_errors(block: Block) -> None:
    errors = block.fields.get("error_equals")
    if isinstance(errors, str) or not isinstance(errors, (Iterable, type(None))):
        raise ValueError(f"error_equals is a list of names of errors, not {errors!r}")
