"""Wait for room below the limit of a group, without holding a worker.

Tasks of a group run on the triggerer, which knows no pools, so a limit has to be checked where executions start: by
ListExecutions of what is running. The start tasks of a group that has a limit run one after another (Airflow's
``max_active_tis_per_dag``), and each ends only when AWS lists what it has started, since reads lag behind. So two of
them never take the same place.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk.exceptions import AirflowRescheduleException

from airflow_sfn_ml.deploy.names import repair_machine_name
from airflow_sfn_ml.exceptions import NotDeployed

log = logging.getLogger(__name__)

GROWS = 1.5
"""By what the pause between two looks grows."""
LONGEST = 10
"""The longest pause, as a multiple of the shortest."""
LISTED_WITHIN = 30.0
"""How long AWS may take to list an execution, in seconds."""
SHOWN = 10
"""How many executions the log names."""


def wait_for_room(hook: Any, machine_arn: str, most: int, looks: int) -> None:
    """Return if fewer than *most* executions of the machine and of its repairs are running.

    :param looks: how often this was asked before; the pauses grow.
    :raises AirflowRescheduleException: there is no room; Airflow asks again later.
    """
    running = list(_running(hook, machine_arn))
    if len(running) < most:
        return
    pause = pause_after(looks, random.random())
    log.info(
        "%s executions are running, and max_concurrent_executions is %s. Looking again in %.0f s. Waiting for:\n%s",
        len(running),
        most,
        pause,
        "\n".join(
            f"  {item['executionArn']} (since {item['startDate']:%Y-%m-%d %H:%M:%S %Z})" for item in running[:SHOWN]
        )
        + (f"\n  and {len(running) - SHOWN} more" if len(running) > SHOWN else ""),
    )
    raise AirflowRescheduleException(datetime.now(UTC) + timedelta(seconds=pause))  # type: ignore[no-untyped-call]


def wait_until_listed(hook: Any, version_arn: str, arn: str) -> None:
    """Wait until the execution *arn* is listed, so that the next start counts it."""
    deadline = time.monotonic() + LISTED_WITHIN
    machine = version_arn.rpartition(":")[0]
    while all(item["executionArn"] != arn for item in hook.executions(machine)):
        if time.monotonic() > deadline:
            log.warning("AWS has not listed %s for %.0f s; the limit may be exceeded by it", arn, LISTED_WITHIN)
            return
        time.sleep(1)


def pause_after(looks: int, jitter: float) -> float:
    """How long to wait after that many *looks*, in seconds, from ``[sfn_ml] limit_interval``; *jitter* is 0 to 1."""
    from airflow.sdk.configuration import conf

    shortest: float = conf.getfloat("sfn_ml", "limit_interval", fallback=20.0)
    return shortest * min(float(LONGEST), GROWS ** min(looks, 20)) * (0.8 + 0.4 * jitter)


def _running(hook: Any, machine_arn: str) -> Iterator[dict[str, Any]]:
    """What is running of the machine and of the one that repairs its executions, as far as there are such."""
    head, _, name = machine_arn.rpartition(":")
    for arn in (machine_arn, f"{head}:{repair_machine_name(name)}"):
        with suppress(NotDeployed):
            yield from hook.executions(arn, status="RUNNING")
