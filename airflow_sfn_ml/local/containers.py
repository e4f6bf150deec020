"""Containers of ECS tasks end with their task; moto leaves them pending, so that no task would ever have succeeded.

Nothing runs: the containers of a stopped task are stopped, with the exit code 0 that moto gives them.
"""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.local.patching import Patches

patches = Patches("moto.ecs")


def _ending() -> None:
    from moto.ecs.models import EC2ContainerServiceBackend

    describe: Any = EC2ContainerServiceBackend.describe_tasks

    @patches.replaces("models", "EC2ContainerServiceBackend.describe_tasks", "self", "cluster_str", "tasks")
    def describe_tasks(self: Any, cluster_str: str, tasks: list[str]) -> Any:
        found = describe(self, cluster_str, tasks)
        for task in found:
            for container in task.containers if task.last_status == "STOPPED" else ():
                container.last_status = "STOPPED"
        return found


_ending()
