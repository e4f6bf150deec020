"""Everything that can be known to be wrong with a definition before AWS sees it, all at once."""

from __future__ import annotations

from airflow_sfn_ml import asl
from airflow_sfn_ml.inputs.expressions import expressions_in
from airflow_sfn_ml.inputs.placeholders import StepInput
from airflow_sfn_ml.steps.base import ServiceStep
from airflow_sfn_ml.steps.graph import Graph
from airflow_sfn_ml.steps.state import State


def definition_problems(graph: Graph) -> list[str]:
    """What AWS or a service would refuse of *graph*: the language's rules, the requests, the fields of answers.

    Requests are checked where botocore is installed and knows the service.
    """
    found = [str(problem) for problem in asl.validate(graph.to_dict()) if problem.severity == "error"]
    for step in graph.steps():
        if isinstance(step, ServiceStep):
            found += [f"{step.state_id}: {problem}" for problem in _request_problems(step)]
        found += [f"{step.state_id}: {problem}" for problem in _reference_problems(step)]
    return found


def _request_problems(step: ServiceStep) -> list[str]:
    try:
        return [str(problem) for problem in step.request_problems() if problem.severity == "error"]
    except ValueError:
        return []  # botocore is not here, or does not know the service


def _reference_problems(step: State) -> list[str]:
    found = []
    rules = [tuple(rule.placeholders()) for rule, _ in getattr(step, "choices", ())]
    for placeholder in expressions_in([step.fields, rules]):
        if isinstance(placeholder, StepInput) and isinstance(placeholder.producer, ServiceStep):
            try:
                problem = placeholder.producer.reference_problems(placeholder)
            except ValueError:
                continue
            if problem:
                found.append(f"the output of '{placeholder.producer.state_id}': {problem}")
    return found
