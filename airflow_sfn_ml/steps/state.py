"""The base of all states: what it is called, where it goes on, what it gives."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from airflow_sfn_ml import asl
from airflow_sfn_ml.asl import states
from airflow_sfn_ml.asl.render import render_state
from airflow_sfn_ml.inputs import StepInput
from airflow_sfn_ml.steps.blocks import Block, Catch, Retry
from airflow_sfn_ml.steps.freezer import Freezer
from airflow_sfn_ml.steps.lowering import JSONATA, lowered, speaks_jsonata

if TYPE_CHECKING:
    from airflow_sfn_ml.steps.chain import Chain

logger = logging.getLogger(__name__)
Kind = type[asl.State]


class State(Block):
    """A state of a machine.

    :param state_id: its name, at most 80 characters, unique in the whole definition.
    :param output_schema: nested dict from keys to types: what `output` has.
    :param comment: what people should know about it.
    :param query_language: ``JSONPath`` or ``JSONata``; without it, JSONPath unless a field of JSONata's is given.
    """

    kind: ClassVar[Kind]
    jsonata_names: ClassVar[Mapping[str, str]] = {}
    """What fields of JSONPath are called where the query language is JSONata."""

    state_id: str
    next_step: State | Chain | None
    retries: list[Retry]
    catches: list[Catch]
    output_schema: Mapping[Any, Any] | None

    def __init__(
        self,
        state_id: str,
        *,
        output_schema: Mapping[Any, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.state_id = state_id
        self.output_schema = output_schema
        self.next_step = None
        self.retries = []
        self.catches = []
        self._output: StepInput | None = None

    @property
    def type(self) -> str:
        """The Type of the language: ``Task``, ``Pass``, ..."""
        return self.kind.type

    state_type = type

    # Data

    def output(self) -> StepInput:
        """The placeholder of this state's output, which is the input of the state after it.

        In a task group it is a reference that any later task may use.
        """
        if self._output is None:
            self._output = self._make_output()
        return self._output

    def _make_output(self) -> StepInput:
        return StepInput(self.output_schema, task=self.state_id, producer=self)

    def update_parameters(self, params: Any) -> None:
        """Replace ``parameters``, where the state has them."""
        if "parameters" in self.allowed:
            self.fields["parameters"] = params

    # Flow

    def next(self, next_step: State | Chain) -> State | Chain:
        """Go on with *next_step*, and return it.

        :raises ValueError: this state ends its machine.
        """
        if not issubclass(self.kind, asl.FlowState):
            raise ValueError(
                f"Unexpected State instance `{next_step!r}`, State type `{self.type}` does not support method `next`."
            )
        if self.next_step is not None and self.next_step is not next_step:
            was = self.next_step.state_id
            logger.warning("%s went on with %s, now with %s", self.state_id, was, next_step.state_id)
        self.next_step = next_step
        return next_step

    def add_retry(self, retry: Retry | Iterable[Retry]) -> None:
        """Add a retrier, or several, after those that are there."""
        self._supports("retry")
        self.retries.extend(_parts(retry, Retry))

    def add_catch(self, catch: Catch | Iterable[Catch]) -> None:
        """Add a catcher, or several, after those that are there."""
        self._supports("catch")
        self.catches.extend(_parts(catch, Catch))

    def _supports(self, field: str) -> None:
        if not issubclass(self.kind, states.WorkingState):
            raise ValueError(f"{type(self).__name__} state does not support {field} field.")

    def following(self) -> State | Chain | None:
        """Where a chain that ends here already goes on."""
        return self.next_step

    def members(self) -> list[State]:
        """The states that this is: itself. (A chain is several.)"""
        return [self]

    def successors(self) -> list[State | Chain]:
        """Where this state may go on."""
        following: list[State | Chain] = [] if self.next_step is None else [self.next_step]
        return following + [catch.next_step for catch in self.catches]

    def branches_within(self) -> list[State | Chain]:
        """The machines within this state."""
        return []

    # To values

    def problems(self) -> list[str]:
        """What is wrong with the state by itself."""
        return []

    def speaks_jsonata(self) -> bool:
        """Whether its fields can only be meant as JSONata."""
        return speaks_jsonata(self.fields) or any(speaks_jsonata(catch.fields) for catch in self.catches)

    def freeze(self, freezer: Freezer) -> asl.State:
        """The state as a value of the language."""
        return self.kind(self.state_id, **self._frozen_fields(freezer))

    def _frozen_fields(self, freezer: Freezer) -> dict[str, Any]:
        """The attributes of the value; what is wrong with them is left with *freezer*."""
        language = freezer.language(self)
        made: dict[str, Any] = {}
        try:
            made = lowered(self._given(freezer), language, self.jsonata_names)
            if self.retries:
                made["retry"] = tuple(retry.freeze() for retry in self.retries)
            if self.catches:
                made["catch"] = tuple(catch.freeze(language) for catch in self.catches)
        except ValueError as error:
            freezer.refuse(self, error)
        if language == JSONATA and freezer.query_language != JSONATA:
            made["query_language"] = JSONATA
        if self.next_step is not None:
            made["next"] = self.next_step.state_id
        return made

    def _given(self, freezer: Freezer) -> dict[str, Any]:
        return self.fields

    def to_dict(self) -> dict[str, Any]:
        """The state as it stands in a definition.

        :raises DefinitionError: it holds what its query language cannot say.
        """
        freezer = Freezer()
        frozen = self.freeze(freezer)
        freezer.finish()
        return render_state(frozen)

    def __repr__(self) -> str:
        return f"{self.state_id} {super().__repr__()}"


class WorkingState(State):
    """A state that does something that may fail, so that it can retry and catch.

    :param retry: a retrier or a list of them.
    :param catch: a catcher or a list of them.
    """

    def __init__(
        self,
        state_id: str,
        retry: Retry | list[Retry] | None = None,
        catch: Catch | list[Catch] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(state_id, **kwargs)
        if retry:
            self.add_retry(retry)
        if catch:
            self.add_catch(catch)


def _parts(given: Any, kind: type[Any]) -> list[Any]:
    parts = [given] if isinstance(given, kind) else list(cast("Iterable[Any]", given))
    for part in parts:
        if not isinstance(part, kind):
            raise TypeError(f"expected {kind.__name__}, got {part!r}")
    return parts
