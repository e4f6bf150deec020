"""Templates: from parameters to a chain of states. Two of them are the pipelines of ``stepfunctions.template``."""

from airflow_sfn_ml.template.pipeline import InferencePipeline, TrainingPipeline, WorkflowTemplate
from airflow_sfn_ml.template.reusable import Template, template

__all__ = ["InferencePipeline", "Template", "TrainingPipeline", "WorkflowTemplate", "template"]
