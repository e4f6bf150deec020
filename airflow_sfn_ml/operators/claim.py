"""What a start task writes down before it starts an execution, so that a later try knows its own.

The name of an execution is derived from the Dag run, so a later try finds what an earlier one started. But a Dag run
can be deleted and created anew under the same id, and AWS keeps the execution of the former one for months: the name
alone does not tell the two apart. So the first try takes a number that no other run has, its *nonce*, and the input
of the execution carries it. The nonce stands in Airflow's store for the state of tasks (AIP-103): it belongs to the row
of the Dag run, is deleted with it, and outlives retries and clears.

The store is also what keeps a worker out that Airflow has given up: the id of a task instance changes with each try,
and Airflow's API refuses to write for an old one. So of two tries at most one writes down an execution and starts it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_sfn_ml.deploy.owner import owner, owner_of

KEY = "airflow_sfn_ml_execution"
KEPT = timedelta(days=30)
"""How long AWS keeps an execution at least after its end: 90 days, or 30 where an account has asked for it."""


@dataclass(frozen=True)
class Claim:
    """The execution that a Dag run has started, or was about to start.

    :param nonce: what tells this Dag run from others with the same id.
    :param namesake: how many earlier Dag runs have used the names before.
    :param generation: of the execution; -1 if none was claimed yet.
    :param owner: a digest of what its input says of whose it is.
    :param claimed: when, in ISO 8601.
    """

    nonce: str
    namesake: int = 0
    generation: int = -1
    execution_arn: str = ""
    owner: str = ""
    claimed: str = ""

    @classmethod
    def read(cls, store: Any) -> Claim:
        """What the Dag run has claimed, by *store* (``context["task_state_store"]``); a new nonce if nothing."""
        told = store.get(KEY)
        return cls(**told) if isinstance(told, Mapping) else cls(secrets.token_hex(8))

    def write(self, store: Any) -> None:
        """Keep it as long as the Dag run."""
        from airflow.sdk.execution_time.context import NEVER_EXPIRE

        store.set(KEY, asdict(self), retention=NEVER_EXPIRE)

    def of(self, generation: int, namesake: int, arn: str, document: Any) -> Claim:
        """The claim of the execution *arn*, which is started with *document*."""
        return replace(
            self,
            generation=generation,
            namesake=namesake,
            execution_arn=arn,
            owner=_digest(owner(document)),
            claimed=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def is_same(self, other: Claim) -> bool:
        """Whether *other* claims the same execution."""
        return (self.generation, self.execution_arn) == (other.generation, other.execution_arn)

    def owns(self, found: Mapping[str, Any]) -> bool:
        """Whether the execution that DescribeExecution *found* is the claimed one."""
        return _digest(owner_of(found)) == self.owner

    @property
    def may_be_forgotten(self) -> bool:
        """Whether so much time has passed that AWS may have forgotten what was started."""
        return datetime.now(UTC) - datetime.fromisoformat(self.claimed) > KEPT


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]
