from __future__ import annotations

import re
from random import Random
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_sfn_ml import asl
from airflow_sfn_ml.history import StateStatus
from airflow_sfn_ml.pictures import to_html, to_svg
from airflow_sfn_ml.pictures.style import DARK, LIGHT, STATUS_GLYPHS
from tests.pictures.machines import (
    CENSUS,
    CENSUS_SEEN,
    HOSTILE,
    LOOP,
    LOOP_SEEN,
    NESTED,
    NESTED_SEEN,
    execution,
    hostile,
    names_in,
    randomly,
    seen,
    task,
)

SVG = "{http://www.w3.org/2000/svg}"


def groups(svg: str) -> dict[str, ElementTree.Element]:
    """The group of every state by its name."""
    return {
        element.attrib["data-state"]: element
        for element in ElementTree.fromstring(svg).iter()
        if "data-state" in element.attrib
    }


def words(group: ElementTree.Element) -> list[str]:
    """The texts of a state's own box."""
    return ["".join(element.itertext()) for element in group.findall(f"{SVG}text")]


@given(st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_every_state_is_there_exactly_once(random: Random) -> None:
    machine = randomly(random)
    svg = to_svg(machine)
    found = [
        element.attrib["data-state"] for element in ElementTree.fromstring(svg).iter() if "data-state" in element.attrib
    ]
    assert sorted(found) == sorted(names_in(machine))
    ids = re.findall(r' id="([^"]*)"', svg)
    assert len(set(ids)) == len(ids) == len(found)


def test_hostile_names_stay_text() -> None:
    root = ElementTree.fromstring(to_svg(hostile(), links=dict.fromkeys(HOSTILE, 'https://x/"><script>')))
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        "svg",
        "style",
        "g",
        "path",
        "rect",
        "text",
        "title",
        "a",
    }
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]
    shown = {element.attrib["data-state"] for element in root.iter() if "data-state" in element.attrib}
    assert {'" onload="alert(1)', "bell \ufffd escape \ufffd[31m nul \ufffd", "half \ufffd a pair"} <= shown
    to_svg(hostile()).encode()


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        " JavaScript:alert(1)",
        "java\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "data:text/html,x",
        "http://[::1",
    ],
)
def test_only_an_address_of_a_page_becomes_a_link(address: str) -> None:
    assert "<a " not in to_svg(CENSUS, links={"train": address})


def test_states_of_the_same_name_have_ids_of_their_own() -> None:
    """AWS refuses such a definition, but it can be written, and looked at."""
    inner = {"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}}
    svg = to_svg({"StartAt": "a", "States": {"a": {"Type": "Map", "ItemProcessor": inner, "End": True}}})
    assert re.findall(r' id="([^"]*)"', svg) == ["state-a", "state-a:2"]


def test_a_link_is_that_of_its_state() -> None:
    svg = to_svg(CENSUS, links={"train": "https://console.aws.amazon.com/?a=1&b=2", "unknown": "https://x"})
    (link,) = groups(svg)["train"].findall(f"{SVG}a")
    assert link.attrib["href"] == "https://console.aws.amazon.com/?a=1&b=2"
    assert svg.count("<a ") == 1


def test_a_picture_needs_nothing_else() -> None:
    svg = to_svg(NESTED, NESTED_SEEN)
    assert not re.search(r"url\(|@import|<script|<image|<use|href", svg)
    assert svg.count("http") == 1, "the name space"


@pytest.mark.parametrize("status", list(StateStatus))
def test_a_status_is_a_colour_a_glyph_and_a_word(status: StateStatus) -> None:
    view = execution("RUNNING", *([] if status is StateStatus.NOT_ENTERED else [seen("train", status, 3)]))
    train = groups(to_svg(CENSUS, view))["train"]
    assert train.attrib["data-status"] == status.value
    assert train.attrib["class"] == f"s-{status.value}"
    assert STATUS_GLYPHS[status] in [element.attrib.get("d") for element in train.iter(f"{SVG}path")]
    assert words(train)[-1].startswith(status.value.replace("_", " "))
    assert status.value.replace("_", " ") in train.attrib["aria-label"]
    assert {status.value, f"{status.value}-tint"} <= LIGHT.keys() & DARK.keys()


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_the_words_of_a_status_can_be_read_on_its_colour(colours: dict[str, str]) -> None:
    for status in StateStatus:
        for text in (colours[status.value], colours["ink"], colours["muted"]):
            lighter, darker = sorted((luminance(text), luminance(colours[f"{status.value}-tint"])), reverse=True)
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (status, text)


def test_a_picture_without_an_execution_has_no_status() -> None:
    svg = to_svg(CENSUS)
    assert "data-status" not in svg
    assert "not entered" not in svg


def test_time_attempts_and_error_are_shown() -> None:
    shown = groups(to_svg(CENSUS, CENSUS_SEEN))
    assert words(shown["preprocess"])[-1] == "succeeded · 6 min 12 s"
    assert words(shown["train"])[-1] == "retrying · attempt 2 · AlgorithmError"


def test_a_map_shows_its_iterations_in_words_and_as_a_bar() -> None:
    region = groups(to_svg(NESTED, NESTED_SEEN))["Each region"]
    assert words(region)[-1] == "running · 5 succeeded, 1 failed, 3 running of 10 · since 08:00:00"
    bar = [rect for rect in region.findall(f"{SVG}g/{SVG}rect") if rect.attrib["class"] in ("bar", "rest")]
    widths = [float(rect.attrib["width"]) for rect in bar]
    assert [round(10 * width / sum(widths)) for width in widths] == [5, 1, 3, 1]


def test_a_screen_reader_hears_where_a_state_leads() -> None:
    done = groups(to_svg(LOOP, LOOP_SEEN))["Done?"]
    assert done.attrib["aria-label"] == (
        "Done?. Choice. succeeded, 7 visits. If Status = Completed: Publish. "
        "If Status = Failed and tries < 3: Submit. If Status = Failed: Give up. If default: Wait a minute"
    )
    assert done.attrib["tabindex"] == "0"
    assert done.attrib["role"] == "graphics-symbol img"


def test_the_whole_picture_says_what_it_shows() -> None:
    label = ElementTree.fromstring(to_svg(CENSUS, CENSUS_SEEN)).attrib["aria-label"]
    assert label == "State machine, 3 states. Execution running: 1 not entered, 1 retrying, 1 succeeded."


def test_the_full_text_of_what_was_cut_is_in_the_tool_tip() -> None:
    name, cause = "w" * 80, "because " * 9
    view = execution("FAILED", seen(name, "failed", 1, error="E" * 80, cause=cause))
    group = groups(to_svg({"StartAt": name, "States": {name: task("lambda:invoke")}}, view))[name]
    tip = group.findtext(f"{SVG}title") or ""
    assert name in tip
    assert "E" * 80 in tip
    assert cause in tip
    assert "…" in words(group)[0]


def test_the_way_that_was_taken_is_marked() -> None:
    svg = to_svg(LOOP, LOOP_SEEN)
    assert svg.count('class="link taken"') == 7
    assert "taken" not in to_svg(LOOP).split("</style>")[1]


def test_a_value_a_dict_and_json_give_the_same_picture() -> None:
    import json

    assert to_svg(asl.parse(CENSUS)) == to_svg(CENSUS) == to_svg(json.dumps(CENSUS))


def test_html_is_a_division_with_the_picture() -> None:
    html = to_html(CENSUS, CENSUS_SEEN)
    assert html.startswith("<div ")
    assert to_svg(CENSUS, CENSUS_SEEN) in html
    assert html.endswith("</div>\n")
