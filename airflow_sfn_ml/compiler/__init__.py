"""From a graph of tasks to one state machine. Pure: knows neither Airflow nor AWS."""

from airflow_sfn_ml.compiler.graph import Graph, Node
from airflow_sfn_ml.compiler.names import state_name
from airflow_sfn_ml.compiler.program import Program, Report, compile_graph, program_of

__all__ = ["Graph", "Node", "Program", "Report", "compile_graph", "program_of", "state_name"]
