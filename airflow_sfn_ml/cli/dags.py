"""Which groups a command is about: those of the Dags that Airflow would read, or a definition in a file."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.deploy import machine_name
from airflow_sfn_ml.exceptions import CompileError, DefinitionError

if TYPE_CHECKING:
    from airflow_sfn_ml.task_group.base import MachineGroup


@dataclass(frozen=True)
class Target:
    """A group, or a definition from a file.

    :param dag_id: of a definition from a file: the file's name.
    """

    dag_id: str
    group_id: str = ""
    file: str = ""
    group: MachineGroup | None = field(default=None, repr=False)
    given: Any = field(default=None, repr=False)

    @property
    def label(self) -> str:
        """How a person names it."""
        return f"{self.dag_id}.{self.group_id}" if self.group_id else self.dag_id

    @property
    def definition(self) -> Mapping[str, Any]:
        """The definition.

        :raises SfnMlError: the group cannot be compiled.
        """
        return self.given if self.group is None else self.group.definition

    @property
    def machine_name(self) -> str:
        """The name of the state machine."""
        assert self.group is not None
        return self.group.machine_name or machine_name(self.dag_id, self.group_id)


@dataclass(frozen=True)
class Bag:
    """What was read.

    :param errors: by file, why its Dags are not there.
    """

    targets: tuple[Target, ...]
    errors: Mapping[str, str] = field(default_factory=dict)


def read(arguments: Any) -> Bag:
    """The targets that *arguments* are about.

    :raises DefinitionError: the file of ``--asl`` holds no definition.
    :raises CompileError: a group was asked for that is not there.
    """
    if getattr(arguments, "asl", None):
        return Bag((_definition_in(arguments.asl),))
    bag = _dags(arguments.file or arguments.dags_folder)
    if not arguments.groups:
        return bag
    chosen = [target for target in bag.targets if any(_matches(target, text) for text in arguments.groups)]
    missing = [text for text in arguments.groups if not any(_matches(target, text) for target in bag.targets)]
    if missing:
        known = ", ".join(target.label for target in bag.targets) or "none"
        lines = [f"{text}: no such Dag with groups, and no such group (there are: {known})" for text in missing]
        raise CompileError([*lines, *(f"{file}: {told.splitlines()[-1]}" for file, told in bag.errors.items())])
    return Bag(tuple(chosen), bag.errors)


def tell_errors(bag: Bag) -> bool:
    """Write on standard error which files could not be read; whether there are any."""
    for file, told in bag.errors.items():
        lines = told.strip().splitlines()
        print(f"error: {file}: {lines[-1] if lines else 'cannot be imported'}", file=sys.stderr)
    return bool(bag.errors)


def _matches(target: Target, text: str) -> bool:
    return fnmatchcase(target.dag_id, text) or fnmatchcase(target.label, text)


def _definition_in(file: str) -> Target:
    try:
        given = json.loads(Path(file).read_text())
    except (OSError, ValueError) as error:
        raise DefinitionError(f"{file}: {error}") from None
    if not isinstance(given, dict):
        raise DefinitionError(f"{file}: a definition is an object with StartAt and States")
    return Target(Path(file).name.partition(".")[0], file=file, given=given)


def _dags(folder: str | None) -> Bag:
    from airflow.dag_processing.dagbag import DagBag

    if folder is not None and not Path(folder).exists():
        raise CompileError(f"{folder}: there is no such file or folder")
    with _prints_aside():
        bag = DagBag(folder, safe_mode=True) if folder else DagBag()
    targets = [
        Target(dag.dag_id, str(group.group_id), str(dag.fileloc), group)
        for _, dag in sorted(bag.dags.items())
        for group in _groups(dag.task_group)
    ]
    return Bag(tuple(targets), dict(bag.import_errors))


@contextlib.contextmanager
def _prints_aside() -> Iterator[None]:
    """What Dag files print belongs to standard error: standard output is the command's own."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def _groups(group: Any) -> Iterator[MachineGroup]:
    from airflow.sdk import TaskGroup

    from airflow_sfn_ml.task_group.base import MachineGroup

    if isinstance(group, MachineGroup):
        yield group
    for child in group.children.values():
        if isinstance(child, TaskGroup):
            yield from _groups(child)
