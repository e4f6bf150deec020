"""Map and Parallel: what they run, over what, and where results go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_sfn_ml.asl.validation.model import Machine, State
from airflow_sfn_ml.asl.validation.rules import Finding, machine_rule, state_rule

READERS = re.compile(r"arn:[^:]*:states:::s3:(getObject|listObjectsV2)")
WRITERS = re.compile(r"arn:[^:]*:states:::s3:putObject")
INPUT_TYPES = ("CSV", "JSON", "JSONL", "MANIFEST", "PARQUET")
HEADERS = ("FIRST_ROW", "GIVEN")
DISTRIBUTED_ONLY = ("ItemReader", "ItemBatcher", "ResultWriter", "Label")


def _inside(state: State, *keys: str) -> Mapping[str, Any] | None:
    """The object at *keys* within the state."""
    found: Any = state.body
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else None


@state_rule("no-processor", "Map")
def no_processor(state: State) -> Iterator[Finding]:
    if "ItemProcessor" not in state.body and "Iterator" not in state.body:
        yield state.path, "a Map needs ItemProcessor, the states to run for each item"


@state_rule("selector-twice", "Map", severity="warning")
def selector_twice(state: State) -> Iterator[Finding]:
    if "ItemSelector" in state.body and "Parameters" in state.body:
        yield f"{state.path}/Parameters", "Parameters is the former name of ItemSelector; keep ItemSelector"


@state_rule("no-branches", "Parallel", severity="warning")
def no_branches(state: State) -> Iterator[Finding]:
    if state.body.get("Branches") == []:
        yield f"{state.path}/Branches", "Branches is empty; a Parallel runs at least one"


@state_rule("branch-not-object", "Parallel")
def branch_not_object(state: State) -> Iterator[Finding]:
    branches = state.body.get("Branches")
    for position, branch in enumerate(branches if isinstance(branches, list) else ()):
        if not isinstance(branch, Mapping):
            yield f"{state.path}/Branches[{position}]", "a branch is an object with StartAt and States"


@machine_rule("no-execution-type")
def no_execution_type(machine: Machine) -> Iterator[Finding]:
    if machine.owner and machine.distributed and "ExecutionType" not in machine.body["ProcessorConfig"]:
        yield f"{machine.path}/ProcessorConfig", "a DISTRIBUTED processor needs ExecutionType, STANDARD or EXPRESS"


@machine_rule("inline-execution-type")
def inline_execution_type(machine: Machine) -> Iterator[Finding]:
    config = machine.body.get("ProcessorConfig") if machine.owner else None
    if isinstance(config, Mapping) and config.get("Mode") == "INLINE" and "ExecutionType" in config:
        yield f"{machine.path}/ProcessorConfig/ExecutionType", "an INLINE processor has no ExecutionType; remove it"


@state_rule("inline-option", "Map", severity="warning")
def inline_option(state: State) -> Iterator[Finding]:
    if not any(machine.distributed for machine in state.inner):
        for key in DISTRIBUTED_ONLY:
            if key in state.body:
                yield f"{state.path}/{key}", f'{key} has an effect only with ProcessorConfig {{"Mode": "DISTRIBUTED"}}'


@state_rule("reader-resource", "Map")
def reader_resource(state: State) -> Iterator[Finding]:
    reader = _inside(state, "ItemReader")
    if reader is not None:
        resource = reader.get("Resource")
        if not isinstance(resource, str) or not READERS.fullmatch(resource):
            path = f"{state.path}/ItemReader" + ("/Resource" if "Resource" in reader else "")
            yield path, "ItemReader reads with arn:aws:states:::s3:getObject or arn:aws:states:::s3:listObjectsV2"


@state_rule("reader-input-type", "Map")
def reader_input_type(state: State) -> Iterator[Finding]:
    config = _inside(state, "ItemReader", "ReaderConfig") or {}
    if "InputType" in config and config["InputType"] not in INPUT_TYPES:
        yield f"{state.path}/ItemReader/ReaderConfig/InputType", f"InputType is one of {', '.join(INPUT_TYPES)}"


@state_rule("csv-headers", "Map")
def csv_headers(state: State) -> Iterator[Finding]:
    config = _inside(state, "ItemReader", "ReaderConfig") or {}
    path = f"{state.path}/ItemReader/ReaderConfig"
    location = config.get("CSVHeaderLocation")
    if config.get("InputType") == "CSV" and "CSVHeaderLocation" not in config:
        yield path, f"CSV needs CSVHeaderLocation, {' or '.join(HEADERS)}"
    elif config.get("InputType") == "JSON" and "CSVHeaderLocation" in config:
        yield f"{path}/CSVHeaderLocation", "JSON has no CSVHeaderLocation; remove it"
    elif "CSVHeaderLocation" in config and location not in HEADERS:
        yield f"{path}/CSVHeaderLocation", f"CSVHeaderLocation is {' or '.join(HEADERS)}"
    elif location == "GIVEN" and "CSVHeaders" not in config:
        yield path, "CSVHeaderLocation GIVEN needs CSVHeaders, the names of the columns"


@state_rule("max-items-twice", "Map")
def max_items_twice(state: State) -> Iterator[Finding]:
    config = _inside(state, "ItemReader", "ReaderConfig") or {}
    if "MaxItems" in config and "MaxItemsPath" in config:
        path = f"{state.path}/ItemReader/ReaderConfig/MaxItemsPath"
        yield path, "MaxItems and MaxItemsPath exclude each other; keep one"


@state_rule("empty-writer", "Map")
def empty_writer(state: State) -> Iterator[Finding]:
    writer = _inside(state, "ResultWriter")
    if writer is None or writer.get("WriterConfig"):
        return
    if "Resource" not in writer or not ("Parameters" in writer or "Arguments" in writer):
        yield f"{state.path}/ResultWriter", "ResultWriter needs Resource and where to write, or WriterConfig"


@state_rule("writer-resource", "Map")
def writer_resource(state: State) -> Iterator[Finding]:
    writer = _inside(state, "ResultWriter") or {}
    resource = writer.get("Resource")
    if "Resource" in writer and (not isinstance(resource, str) or not WRITERS.fullmatch(resource)):
        yield f"{state.path}/ResultWriter/Resource", "ResultWriter writes with arn:aws:states:::s3:putObject"


@state_rule("half-writer-config", "Map")
def half_writer_config(state: State) -> Iterator[Finding]:
    config = _inside(state, "ResultWriter", "WriterConfig")
    if config is not None and not ("Transformation" in config and "OutputType" in config):
        yield f"{state.path}/ResultWriter/WriterConfig", "WriterConfig needs both Transformation and OutputType"


@state_rule("batch-size-twice", "Map")
def batch_size_twice(state: State) -> Iterator[Finding]:
    batcher = _inside(state, "ItemBatcher") or {}
    for key in ("MaxItemsPerBatch", "MaxInputBytesPerBatch"):
        if key in batcher and f"{key}Path" in batcher:
            yield f"{state.path}/ItemBatcher/{key}Path", f"{key} and {key}Path exclude each other; keep one"


@state_rule("no-batch-size", "Map", severity="warning")
def no_batch_size(state: State) -> Iterator[Finding]:
    batcher = _inside(state, "ItemBatcher")
    if batcher is not None and not any(key.startswith("Max") for key in batcher):
        yield f"{state.path}/ItemBatcher", "ItemBatcher needs MaxItemsPerBatch or MaxInputBytesPerBatch"
