"""Mapped groups of tasks inside of the group: what their iterations are for.

The tasks of a mapped group are ordinary operators whose arguments hold stand-ins of Airflow's for the group's
arguments; `Reading` makes parts of the item of them. Airflow renders nothing in what a group is mapped over, so lists
that are written out are the items as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow.sdk.definitions.xcom_arg import XComArg

from airflow_sfn_ml.asl.refs import Param
from airflow_sfn_ml.compiler.each import Each
from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.translators.expanding import expanded
from airflow_sfn_ml.translators.listing import is_list, plain_list, product_of
from airflow_sfn_ml.translators.mapped import ITEMS
from airflow_sfn_ml.translators.render import plain
from airflow_sfn_ml.translators.templates import Reading


@dataclass(frozen=True)
class MappedGroup:
    """A mapped group, read.

    :param name: the name of its Map.
    :param given: what Airflow was told to expand over.
    :param params: what has to be known when the execution is started, by JSON pointer.
    """

    name: str
    given: Any
    each: Each
    params: Mapping[str, Any] = field(default_factory=dict)

    def render(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Its values for the execution's input, by JSON pointer."""
        if isinstance(self.each.items, Param):
            if isinstance(self.given, Mapping):
                lists = {key: _known(value, context) for key, value in self.given.items()}
                return {ITEMS: plain(expanded(lists))}
            return {ITEMS: plain(expanded(_known(self.given, context)))}
        return {pointer: plain(_known(value, context)) for pointer, value in self.params.items()}


def read_mapped_group(group: Any, name: str, members: Mapping[str, str]) -> MappedGroup:
    """Read the mapped *group*, whose Map is *name*; *members* maps the task ids of the whole group to state names.

    :raises TranslationError: what it is mapped over cannot be said.
    """
    given = group._expand_input.value
    values = list(given.values()) if isinstance(given, Mapping) else [given]
    xcoms = [value for value in values if isinstance(value, XComArg)]
    if not xcoms:
        items = expanded(given)
        try:
            return MappedGroup(name, given, Each(plain(items), len(items)))
        except TypeError as error:
            raise TranslationError(
                f"{group.group_id}: {error}; a group is mapped over JSON, or over the output of one task as a whole"
            ) from None
    sources = {source.task_id for value in xcoms for source, _ in value.iter_references()}
    if sources.isdisjoint(members):
        return MappedGroup(name, given, Each(Param(name, ITEMS)))
    reading = Reading(name, members, dag_id=group.dag.dag_id, operator=group.dag.task_dict.get)
    if isinstance(given, Mapping):
        lists = {key: _list(reading, key, value) for key, value in given.items()}
        checked = {key: is_list(str(group.group_id), key, value) for key, value in lists.items()}
        return MappedGroup(name, given, Each(product_of(checked)), dict(reading.params))
    items = is_list(str(group.group_id), "expand_kwargs()", reading.read(given, (ITEMS,)))
    return MappedGroup(name, given, Each(items), dict(reading.params))


def _list(reading: Reading, key: str, value: Any) -> Any:
    if isinstance(value, XComArg):
        return reading.read(value, (ITEMS, key))
    return plain(plain_list(value))


def _known(value: Any, context: Mapping[str, Any]) -> Any:
    return value.resolve(context) if isinstance(value, XComArg) else value
