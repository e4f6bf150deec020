"""What must hold for every drawing: nothing overlaps, every line touches what it joins."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import combinations, pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_sfn_ml.exceptions import DefinitionError
from airflow_sfn_ml.pictures import Drawing, layout
from airflow_sfn_ml.pictures.arrangement import ROW_LIMIT
from tests.pictures.machines import LOOP, NESTED, NESTED_SEEN, chain, randomly, seen_randomly, task

RANDOMS = st.randoms(use_true_random=False)


def drawings(drawing: Drawing) -> Iterator[Drawing]:
    """A drawing and all that are in its panels."""
    yield drawing
    for box in drawing.boxes:
        for panel in box.panels:
            yield from drawings(panel.drawing)


def every(machine: Any, view: Any = None) -> Iterator[Drawing]:
    return drawings(layout(machine, view))


def overlap(one: Any, other: Any) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def within(inner: Any, width: float, height: float) -> bool:
    return inner.x >= 0 and inner.y >= 0 and inner.x + inner.width <= width and inner.y + inner.height <= height


def crosses(box: Any, one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether a straight line goes through the inside of a box."""
    left, right = sorted((one[0], other[0]))
    top, bottom = sorted((one[1], other[1]))
    return left < box.x + box.width and box.x < right and top < box.y + box.height and box.y < bottom


def on_edge(box: Any, point: tuple[float, float]) -> bool:
    x, y = point
    beside = x in (box.x, box.x + box.width) and box.y <= y <= box.y + box.height
    return beside or (y in (box.y, box.y + box.height) and box.x <= x <= box.x + box.width)


@given(RANDOMS)
@settings(max_examples=60, deadline=None)
def test_boxes_panels_and_labels_never_overlap(random: Random) -> None:
    machine = randomly(random)
    for drawing in every(machine, seen_randomly(random, machine)):
        for one, other in combinations(drawing.boxes, 2):
            assert not overlap(one, other), (one.name, other.name)
        labels = [line.label for line in drawing.lines if line.label]
        for one, other in combinations(labels, 2):
            assert not overlap(one, other), (one, other)
        for box in drawing.boxes:
            assert within(box, drawing.width, drawing.height)
            assert not any(overlap(box, label) for label in labels)
            for one, other in combinations(box.panels, 2):
                assert not overlap(one, other)
            for panel in box.panels:
                assert within(panel, box.width, box.height)
                assert panel.inset_x >= 0
                assert panel.inset_x + panel.drawing.width <= panel.width
                assert panel.inset_y >= 0
                assert panel.inset_y + panel.drawing.height <= panel.height


@given(RANDOMS)
@settings(max_examples=60, deadline=None)
def test_every_line_runs_from_its_source_to_its_target_and_through_no_box(random: Random) -> None:
    for drawing in every(randomly(random)):
        for line in drawing.lines:
            assert on_edge(drawing.boxes[line.link.source], line.points[0])
            assert on_edge(drawing.boxes[line.link.target], line.points[-1])
            for one, other in pairwise(line.points):
                assert one[0] == other[0] or one[1] == other[1], "lines run down or across"
                assert 0 <= one[0] <= drawing.width
                assert 0 <= one[1] <= drawing.height
                for box in drawing.boxes:
                    assert not crosses(box, one, other), (box.name, line)


@given(RANDOMS)
@settings(max_examples=60, deadline=None)
def test_a_line_that_stops_early_meets_another_one_with_the_same_target(random: Random) -> None:
    machine = randomly(random)
    for drawing in every(machine, seen_randomly(random, machine)):
        for line in drawing.lines:
            assert line.stem[0] == line.points[0]
            if line.stem == line.points:
                continue
            others = [
                other
                for other in drawing.lines
                if other is not line and (other.link.target, other.link.family) == (line.link.target, line.link.family)
            ]
            assert any(touches(other.stem, line.stem[-1]) for other in others)


@given(RANDOMS)
@settings(max_examples=60, deadline=None)
def test_lines_to_different_targets_never_run_on_each_other(random: Random) -> None:
    for drawing in every(randomly(random)):
        for one, other in combinations(drawing.lines, 2):
            if trunk(one) != trunk(other):
                for piece in pairwise(one.stem):
                    assert not any(shared(piece, more) > 1 for more in pairwise(other.stem)), (one, other)


def trunk(line: Any) -> tuple[object, ...]:
    return line.link.target, line.link.family, line.link.back


def shared(one: Any, other: Any) -> float:
    """On what length two straight lines run on each other."""
    for fixed, free in ((0, 1), (1, 0)):
        if one[0][fixed] == one[1][fixed] == other[0][fixed] == other[1][fixed]:
            low = max(min(one[0][free], one[1][free]), min(other[0][free], other[1][free]))
            return min(max(one[0][free], one[1][free]), max(other[0][free], other[1][free])) - low
    return 0


def touches(points: tuple[tuple[float, float], ...], point: tuple[float, float]) -> bool:
    x, y = point
    return any(
        min(one[0], other[0]) <= x <= max(one[0], other[0]) and min(one[1], other[1]) <= y <= max(one[1], other[1])
        for one, other in pairwise(points)
    )


def test_a_loop_is_drawn_at_the_side() -> None:
    drawing = layout(LOOP)
    back = [line for line in drawing.lines if line.link.back]
    assert len(back) == 2
    for line in back:
        source, target = drawing.boxes[line.link.source], drawing.boxes[line.link.target]
        assert line.points[0][0] == source.x + source.width
        assert line.points[-1][0] == target.x + target.width
        assert line.points[0][1] > line.points[-1][1]


def test_a_chain_is_straight() -> None:
    drawing = layout({"StartAt": "a", "States": {"a": task("x:y", "a longer name"), "a longer name": task("x:y")}})
    assert all(len(line.points) == 2 for line in drawing.lines)


def test_branches_keep_their_order_and_have_their_tops_in_line() -> None:
    names = ["zebra", "ant", "mule"]
    branches = [{"StartAt": name, "States": {name: {"Type": "Pass", "End": True}}} for name in names]
    machine = {"StartAt": "p", "States": {"p": {"Type": "Parallel", "Branches": branches, "End": True}}}
    panels = layout(machine).boxes[0].panels
    assert [panel.drawing.boxes[0].name for panel in panels] == names
    assert sorted(panel.x for panel in panels) == [panel.x for panel in panels]
    assert len({panel.y for panel in panels}) == 1


def test_many_branches_go_on_in_another_row() -> None:
    branches = [{"StartAt": f"s{n}", "States": {f"s{n}": {"Type": "Pass", "End": True}}} for n in range(40)]
    drawing = layout({"StartAt": "p", "States": {"p": {"Type": "Parallel", "Branches": branches, "End": True}}})
    assert len({panel.y for panel in drawing.boxes[0].panels}) > 1
    assert drawing.width < ROW_LIMIT + 50


def test_a_long_name_is_cut_in_its_middle() -> None:
    name = "prepare_the_training_data_of_all_regions_eu_central_1"
    box = layout({"StartAt": name, "States": {name: {"Type": "Pass", "End": True}}}).boxes[0]
    assert box.node.name == name
    assert box.name.startswith("prepare_the")
    assert box.name.endswith("central_1")
    assert "…" in box.name
    assert box.width < 330


def test_the_same_definition_gives_the_same_drawing() -> None:
    assert layout(NESTED, NESTED_SEEN) == layout(NESTED, NESTED_SEEN)


def test_a_machine_without_states_can_be_drawn() -> None:
    assert [box.name for box in layout({"StartAt": "a", "States": {}}).boxes] == ["Start"]


def test_what_is_no_definition_is_refused() -> None:
    with pytest.raises(DefinitionError):
        layout('{"States": []}')


def calls(count: int) -> int:
    """How many function calls the layout of *count* states takes."""
    machine, total = chain(count), 0

    def count_call(frame: Any, event: str, arg: Any) -> None:
        nonlocal total
        total += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count_call)
    try:
        layout(machine)
    finally:
        sys.setprofile(before)
    return total


def test_the_cost_is_about_linear() -> None:
    assert calls(400) < 2.3 * calls(200)
