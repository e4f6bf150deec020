"""Every object of a definition whose fields are known, with the table of its fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.asl.validation import schema
from airflow_sfn_ml.asl.validation.model import JSONATA, JSONPATH, Definition, State, remembered


@dataclass(frozen=True)
class Place:
    """An object at *path*, called *what* in messages. *open* ones may have fields that are not in the table."""

    path: str
    what: str
    body: Mapping[str, Any]
    fields: schema.Fields
    language: str
    open: bool = False

    def known(self) -> Iterator[tuple[str, str, Any, schema.Field]]:
        """Path, name, value and description of each field that is in the table."""
        for key, value in self.body.items():
            if key in self.fields:
                yield f"{self.path}/{key}", key, value, self.fields[key]


@remembered
def places(definition: Definition) -> Iterator[Place]:
    """All objects with known fields, outer ones first."""
    for machine in definition.machines:
        language = JSONPATH if definition.body.get("QueryLanguage", JSONPATH) == JSONPATH else JSONATA
        table = {"": schema.MACHINE, "Branches": schema.BRANCH}.get(machine.field, schema.PROCESSOR)
        what = {"": "a state machine", "Branches": "a branch"}.get(machine.field, f"an {machine.field}")
        yield Place(machine.path, what, machine.body, table, language)
        config = machine.body.get("ProcessorConfig")
        if machine.owner and isinstance(config, Mapping):
            yield Place(f"{machine.path}/ProcessorConfig", "a ProcessorConfig", config, schema.CONFIG, language, True)
        for state in machine.states.values():
            yield from _in_state(state)


def _in_state(state: State) -> Iterator[Place]:
    if state.type not in schema.STATES:
        return
    article = "an" if state.type[0] in "AEIOU" else "a"
    fields = schema.STATES[state.type]
    yield Place(state.path, f"{article} {state.type} state", state.body, fields, state.language)
    if "Retry" in fields:
        for path, body in state.objects("Retry"):
            yield Place(path, "a retrier", body, schema.RETRIER, state.language)
        for path, body in state.objects("Catch"):
            yield Place(path, "a catcher", body, schema.CATCHER, state.language)
    if state.type == "Map":
        yield from _in_map(state)


def _in_map(state: State) -> Iterator[Place]:
    for key, table in (("ItemReader", schema.READER), ("ResultWriter", schema.WRITER), ("ItemBatcher", schema.BATCHER)):
        body = state.body.get(key)
        if not isinstance(body, Mapping):
            continue
        yield Place(f"{state.path}/{key}", f"an {key}".replace("an R", "a R"), body, table, state.language, True)
        config = body.get("WriterConfig")
        if key == "ResultWriter" and isinstance(config, Mapping):
            path = f"{state.path}/{key}/WriterConfig"
            yield Place(path, "a WriterConfig", config, schema.WRITER_CONFIG, state.language, True)
