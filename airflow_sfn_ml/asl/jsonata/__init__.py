"""The syntax of JSONata 2.0 (https://docs.jsonata.org), the query language of Step Functions: read, never evaluated."""

from airflow_sfn_ml.asl.jsonata.nodes import JsonataSyntaxError, Node
from airflow_sfn_ml.asl.jsonata.parser import parse
from airflow_sfn_ml.asl.jsonata.references import References, references

__all__ = ["JsonataSyntaxError", "Node", "References", "parse", "references"]
