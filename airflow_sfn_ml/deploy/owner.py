"""Whose an execution is, by its input. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.exceptions import NamesakeFound, NameTaken


def owner(document: Any) -> Any:
    """What an input says of whose execution it is: the identity in it, or all of an input that has none."""
    return document["airflow"] if isinstance(document, Mapping) and "airflow" in document else document


def owner_of(found: Mapping[str, Any]) -> Any:
    """The same for the execution that DescribeExecution *found*."""
    return owner(json.loads(found.get("input") or "{}"))


def check_owner(found: Mapping[str, Any], document: Any) -> None:
    """Check that the execution that was *found* is the one that *document* starts.

    :raises NamesakeFound: it belongs to an earlier Dag run of the same id.
    :raises NameTaken: it is none of ours.
    """
    arn, theirs, mine = found["executionArn"], owner_of(found), owner(document)
    if theirs == mine:
        return
    if _but_for_the_nonce(theirs) == _but_for_the_nonce(mine) is not None:
        raise NamesakeFound(f"{arn} belongs to an earlier Dag run of the same id, which was deleted")
    raise NameTaken(
        f"{arn} exists, but this Dag run did not start it: someone used the name by hand. Clear this task to start "
        "under the next name"
    )


def _but_for_the_nonce(identity: Any) -> Any:
    """What is the same for all Dag runs of one id; None for what was not started by a Dag run."""
    if not isinstance(identity, Mapping) or "run_id" not in identity:
        return None
    return {key: value for key, value in identity.items() if key != "nonce"}
