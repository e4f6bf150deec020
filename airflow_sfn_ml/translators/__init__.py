"""From operators to states: what each task of a group does, in the words of the services.

The families of translators are loaded when an operator of theirs is met: a Dag with two SageMaker jobs reads nothing of
EMR.
"""

from airflow_sfn_ml.translators.members import Member, read_member
from airflow_sfn_ml.translators.registry import Translation, registered, translates

__all__ = ["Member", "Translation", "read_member", "registered", "translates"]
