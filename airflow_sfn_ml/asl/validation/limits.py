"""Sizes and lengths."""

from __future__ import annotations

import re
from collections.abc import Iterator

from airflow_sfn_ml.asl.validation.model import Definition, State
from airflow_sfn_ml.asl.validation.rules import Finding, definition_rule, state_rule

DEFINITION = 1_048_576
"""Bytes of a definition (botocore: Definition)."""
NAME = 80
LABEL = 40
_NOT_IN_LABEL = re.compile(r"[\s?*<>{}\[\]:;,\\|^~$#%&`\"\x00-\x1f\x7f-\x9f]")


@definition_rule("too-large")
def too_large(definition: Definition) -> Iterator[Finding]:
    if definition.size > DEFINITION:
        yield (
            "",
            f"the definition has {definition.size:,} bytes, AWS allows {DEFINITION:,}; split the machine in two, or "
            "keep long payloads in S3",
        )


@state_rule("name-too-long")
def name_too_long(state: State) -> Iterator[Finding]:
    if len(state.name) > NAME:
        yield state.path, f"the name has {len(state.name)} characters, AWS allows {NAME}"


@state_rule("name-empty", severity="warning")
def name_empty(state: State) -> Iterator[Finding]:
    if not state.name:
        yield state.path, "a state needs a name"


@state_rule("label-too-long", "Map")
def label_too_long(state: State) -> Iterator[Finding]:
    label = state.body.get("Label")
    if isinstance(label, str) and len(label) > LABEL:
        yield f"{state.path}/Label", f"the label has {len(label)} characters, AWS allows {LABEL}"


@state_rule("label-characters", "Map")
def label_characters(state: State) -> Iterator[Finding]:
    label = state.body.get("Label")
    found = _NOT_IN_LABEL.search(label) if isinstance(label, str) else None
    if found:
        yield f"{state.path}/Label", f"a label cannot contain {found.group()!r}; take letters, digits, - and _"


@definition_rule("duplicate-label")
def duplicate_label(definition: Definition) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for state in definition.states:
        label = state.body.get("Label")
        if state.type == "Map" and isinstance(label, str):
            if label in seen:
                yield f"{state.path}/Label", f"the label stands already at {seen[label]}; labels are unique"
            seen.setdefault(label, f"{state.path}/Label")
