"""Which translator reads which operator: found by the dotted path of the class, so that nothing needs to be imported.

A translator takes an operator and says what its state does. Most are rows of `table`; this is the way for what rows
cannot say, and for users. Values that the operator would change before its call are marked with
`preparations.prepared`. A subclass is read by its parent's translator as long as it
does not do its work in another way; one with an ``execute`` of its own needs its own translator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.exceptions import UnsupportedOperator
from airflow_sfn_ml.steps import ServiceStep
from airflow_sfn_ml.steps.decision import Decision
from airflow_sfn_ml.steps.procedure import Procedure
from airflow_sfn_ml.translators import families
from airflow_sfn_ml.translators.preparations import Action
from airflow_sfn_ml.translators.refusals import refusal

Translator = Callable[[Any], "Translation"]
_TRANSLATORS: dict[str, Translator] = {}
WAYS = ("execute", "poke", "get_state", "get_emr_response", "state_from_response", "get_sagemaker_response")
"""The methods that do the work of an operator or a sensor."""


@dataclass(frozen=True)
class Translation:
    """What an operator does, in the words of the services.

    :param step: the call, its request still holding templates; None for a task that does nothing.
    :param field: the operator's template field that the request is, so that Airflow renders it as that field.
    :param timeout_seconds: how long one try of the call may take, where the operator itself limits it.
    :param actions: what the start task does for it before the execution begins: uploads.
    :param warnings: what the operator would do and the state does not, where that matters for this operator.
    """

    step: ServiceStep | Procedure | Decision | None
    field: str | None = None
    timeout_seconds: int | None = None
    actions: tuple[Action, ...] = ()
    warnings: tuple[str, ...] = ()


def translates(path: str) -> Callable[[Translator], Translator]:
    """Register the decorated function as the translator of the operator class at the dotted *path*.

    The function takes the operator and returns a `Translation`; it raises `TranslationError` for what it cannot say.
    """

    def register(translator: Translator) -> Translator:
        if not (families.is_loading() and path in _TRANSLATORS):
            _TRANSLATORS[path] = translator
        return translator

    return register


def registered() -> Mapping[str, Translator]:
    """All translators by the dotted paths of their classes."""
    families.load_all()
    return _TRANSLATORS


def translate(operator: Any, name: str) -> Translation:
    """What *operator* does.

    :raises UnsupportedOperator: nothing is registered for its class, or the class does its work in a way of its own.
    """
    cls = original_class(operator)
    parent: Any
    for parent in cls.__mro__:
        families.load(parent.__module__)
        translator = _TRANSLATORS.get(f"{parent.__module__}.{parent.__qualname__}")
        if translator is None:
            continue
        own = next((way for way in WAYS if getattr(cls, way, None) is not getattr(parent, way, None)), None)
        if own:
            raise UnsupportedOperator(
                f"{name}: {cls.__name__} overrides {own}() of {parent.__name__}, so what it does is not known; "
                "register "
                f"a translator with @translates({f'{cls.__module__}.{cls.__qualname__}'!r}), or move the task out of "
                "the group"
            )
        return translator(operator)
    reason = refusal(cls)
    if reason:
        raise UnsupportedOperator(f"{name}: {cls.__name__} cannot run inside of a state machine: {reason}")
    raise UnsupportedOperator(
        f"{name}: {cls.__name__} cannot run inside of a state machine: there is no translator for it "
        "(docs/operators.md lists those that there are). Move the task before or after the group, make its calls "
        "with SdkStep, or "
        f"register a translator with @translates({f'{cls.__module__}.{cls.__qualname__}'!r})"
    )


def original_class(operator: Any) -> type[Any]:
    """The class that the user gave *operator*, before the group let it follow its state."""
    return getattr(type(operator), "__followed__", type(operator))
