"""From a graph of tasks to one state machine. Pure: knows neither Airflow nor AWS.

The parts are loaded when they are first used: a worker that parses a Dag file for another task never compiles.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_sfn_ml.compiler.graph import Graph, Node
    from airflow_sfn_ml.compiler.names import state_name
    from airflow_sfn_ml.compiler.program import Program, Report, compile_graph, program_of

_WHERE = {
    "Graph": "graph",
    "Node": "graph",
    "Program": "program",
    "Report": "program",
    "compile_graph": "program",
    "program_of": "program",
    "state_name": "names",
}

__all__ = ["Graph", "Node", "Program", "Report", "compile_graph", "program_of", "state_name"]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = value
    return value
