"""The state-machine tab in Airflow's UI.

Airflow imports this module in every process that runs a task, so it must cost next to nothing: what serves the tab is
imported when the api-server asks for it, and nowhere else.
"""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

PREFIX = "/sfn-ml"
PAGE = f"{PREFIX.removeprefix('/')}/page"
ICON = f"{PREFIX}/static/icon.svg"
ICON_DARK = f"{PREFIX}/static/icon-dark.svg"


class StateMachinePlugin(AirflowPlugin):
    """A tab on Dag runs and on task instances, and the application that serves it."""

    name = "sfn_ml"
    external_views = [  # noqa: RUF012  Airflow's attribute is one of the class
        {
            "name": "State machine",
            "href": f"{PAGE}?dag_id={{DAG_ID}}&run_id={{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "state-machine-of-run",
            "icon": ICON,
            "icon_dark_mode": ICON_DARK,
        },
        {
            "name": "State machine",
            "href": f"{PAGE}?dag_id={{DAG_ID}}&run_id={{RUN_ID}}&task_id={{TASK_ID}}&map_index={{MAP_INDEX}}",
            "destination": "task_instance",
            "url_route": "state-machine-of-task",
            "icon": ICON,
            "icon_dark_mode": ICON_DARK,
        },
    ]

    @property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The application; imported here, because reading this property is what only the api-server does."""
        from airflow_sfn_ml.plugin.app import make_app

        return [{"app": make_app(), "url_prefix": PREFIX, "name": "State machine"}]
