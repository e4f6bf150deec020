from __future__ import annotations

import re
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_sfn_ml.pictures import to_mermaid
from tests.pictures.machines import CENSUS, CENSUS_SEEN, LOOP, NESTED, hostile, names_in, randomly

NODE = re.compile(r'^ *(?:subgraph )?(s\d+)[\[({]+"([^"]*)"[\])}]+$', re.MULTILINE)


@given(st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_every_state_is_one_node(random: Random) -> None:
    machine = randomly(random)
    nodes = NODE.findall(to_mermaid(machine))
    names = [re.split("<br/>| · ", label)[0] for _, label in nodes]
    assert sorted(name for name in names if name not in ("Start", "End")) == sorted(names_in(machine))
    assert len({node for node, _ in nodes}) == len(nodes)


def test_a_status_is_a_class_a_glyph_and_a_word() -> None:
    text = to_mermaid(CENSUS, CENSUS_SEEN)
    assert '"train<br/>sagemaker:createTrainingJob.sync<br/>↻ retrying · attempt 2 · AlgorithmError"' in text
    assert "class s2 retrying\n" in text
    assert "classDef retrying fill:" in text
    assert "classDef" not in to_mermaid(CENSUS)


def test_a_catch_is_dotted_and_named_by_its_error() -> None:
    assert 's3 -. "States.ALL" .-> s6\n' in to_mermaid(LOOP)


def test_what_is_in_a_state_is_in_its_subgraph() -> None:
    around: list[str] = []
    found = {}
    for line in to_mermaid(NESTED).splitlines():
        label = re.search(r'"([^"]*)"', line)
        if line.strip() == "end":
            around.pop()
        elif label and not re.search(" -->| -. ", line):
            name = re.split("<br/>| · ", label[1])[0]
            found[name] = " / ".join(around)
            if "subgraph" in line:
                around.append(name)
    assert found["Preprocess"] == "Each region"
    assert found["Without"] == "Each region / Train both / branch 2"
    assert found["Good enough?"] == ""
    assert around == []


def test_hostile_names_stay_inside_their_quotes() -> None:
    for line in to_mermaid(hostile()).splitlines()[1:]:
        bare = re.sub(r'"[^"]*"', '""', line)
        assert re.fullmatch(r' +(s\d+(\(\[""\]\)|\{\{""\}\}|\[""\])|s\d+ -- "" --> s\d+|s\d+ --> s\d+)', bare), line
        for label in re.findall(r'"([^"]*)"', line):
            assert not re.search(r"[<>`\[\]{}|%]|\$\$|#(?!\d+;)", label.replace("<br/>", " ")), label
