"""References that surely are text are joined as they are."""

from __future__ import annotations

from airflow_sfn_ml.asl.refs import Code, Given, Ref, Text
from airflow_sfn_ml.compiler import Node, compile_graph
from airflow_sfn_ml.steps import ProcessingStep, TrainingStep


def joined(ref: Ref) -> str:
    nodes = [
        Node("fit", TrainingStep("fit", request={})),
        Node("look", ProcessingStep("look", request={"X": Text(("at ", ref))}), frozenset({"fit"})),
    ]
    return str(compile_graph(nodes).definition["States"]["look"]["Arguments"]["X"])


def test_text_by_the_model_needs_no_look():
    path = Ref("fit")["Training"]["ModelArtifacts"]["S3ModelArtifacts"]
    assert "$py_text" not in joined(path)
    assert joined(path).startswith("{% 'at ' & ($exists($t0_fit.Training.ModelArtifacts.S3ModelArtifacts) ? ")


def test_numbers_whole_documents_and_what_the_model_lacks_are_looked_at():
    assert "$py_text" in joined(Ref("fit")["Training"]["BillableTimeInSeconds"])
    assert "$py_text" in joined(Ref("fit")["Training"])
    assert "$py_text" in joined(Ref("fit")["Training"]["NoSuchField"])
    assert "$py_text" in joined(Ref("fit"))


def test_text_by_the_model_needs_no_look_within_code_in_a_text():
    path = Ref("fit")["Training"]["ModelArtifacts"]["S3ModelArtifacts"]
    loud = Code(("$uppercase(", Given(Text((path,))), ")"))
    nodes = [
        Node("fit", TrainingStep("fit", request={})),
        Node("look", ProcessingStep("look", request={"X": Text(("at ", loud))}), frozenset({"fit"})),
    ]
    code = str(compile_graph(nodes).definition["States"]["look"]["Arguments"]["X"])
    assert code.startswith("{% 'at ' & ($uppercase(($exists($t0_fit.Training.ModelArtifacts.S3ModelArtifacts) ? ")
    assert "$py_text" not in code
