"""What the SageMaker operators have in common: a config, which may be known only when the execution starts.

Where a config is written out, its parts stand in the arguments of the calls. A config that is an XCom or a template as
a whole is kept in ``$p_config`` by a first state, and what is needed of it is taken from there. Either way the
operator's preparations are done: numbers out of text, role names to ARNs, uploads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.asl import Pass, State
from airflow_sfn_ml.asl.refs import Code
from airflow_sfn_ml.compiler.jsonata import literal
from airflow_sfn_ml.translators.naming import unique, unique_of
from airflow_sfn_ml.translators.preparations import ROLE, Action, Place, Prepared, Step, integers, prepared
from airflow_sfn_ml.translators.uploads import FIELD, UPLOADS, upload

OPERATORS = "airflow.providers.amazon.aws.operators.sagemaker"
CONFIG = "p_config"


@dataclass(frozen=True)
class Config:
    """The config of one operator.

    :param given: written out as a dict without its ``S3Operations``, or something else that will be the whole.
    :param steps: what is done to it.
    :param actions: what is done for it.
    :param written: whether it is written out, so that its parts can be looked at here.
    """

    given: Any
    steps: tuple[Step, ...] = ()
    actions: tuple[Action, ...] = ()
    written: bool = True

    @classmethod
    def of(
        cls,
        operator: Any,
        numbers: tuple[Place, ...] = (),
        roles: tuple[Place, ...] = (),
        parts: tuple[str, ...] = (),
    ) -> Config:
        """The config of *operator* with its numbers and roles.

        :param parts: the configs that it may hold; if one of them is not written out, nothing is.
        """
        config = operator.config
        steps = (*integers(*numbers), *((place, ROLE) for place in roles))
        if not isinstance(config, Mapping):
            return cls(config, (*steps, ((), UPLOADS)), written=False)
        actions = (Action(config[FIELD], upload),) if FIELD in config else ()
        given = {key: value for key, value in config.items() if key != FIELD}
        written = all(isinstance(given[part], Mapping) for part in parts if part in given)
        return cls(given, steps, actions, written)

    @property
    def whole(self) -> Any:
        """All of it, prepared."""
        return prepared(self.given, *self.steps)

    def kept(self, following: str, **more: Any) -> list[State]:
        """The state that keeps a config that is not written out, before *following*; *more* are further variables."""
        if self.written:
            return []
        return [Pass("config", assign={CONFIG: self.whole, **more}, next=following)]

    def part(self, key: str) -> Config | None:
        """The dict under *key* as a config of its own, if it is there."""
        if not self.written or key not in self.given:
            return None
        below = tuple((place[1:], step) for place, step in self.steps if place and place[0] == key)
        return Config(self.given[key], below)

    def field(self, name: str, source: str = f"${CONFIG}") -> Any:
        """The value of the field *name*; *source* is the JSONata of a config that is not written out."""
        return self.given.get(name) if self.written else Code((f"{source}.{name}",))

    def arguments(self, source: str = f"${CONFIG}") -> Any:
        """All of it as the arguments of a call."""
        return self.whole if self.written else Code((source,))

    def renamed(self, field: str, otherwise: str, limit: int = 63, source: str = f"${CONFIG}") -> tuple[Any, Code]:
        """The arguments with a unique name under *field*, and that name as the state that makes the call gives it."""
        if self.written:
            name = unique(self.given.get(field), otherwise, limit)
            return Prepared({**self.given, field: name}, self.steps), name
        name = Code((unique_of(f"{source}.{field}", otherwise, limit),))
        return Code((f"$merge([{source}, {{{literal(field)}: ", *name.parts, "}])")), name
