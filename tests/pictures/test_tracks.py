from __future__ import annotations

from airflow_sfn_ml.pictures.tracks import Net, tracks


def net(upper: float, lower: float) -> Net:
    return Net((upper,), (lower,))


def test_a_straight_one_needs_no_track() -> None:
    assert tracks([net(10, 10)]) == [None]


def test_those_that_are_apart_share_a_track() -> None:
    assert tracks([net(0, 50), net(100, 150), net(300, 200)]) == [0, 0, 0]


def test_of_those_that_go_right_the_rightmost_is_on_top() -> None:
    assert tracks([net(0, 100), net(50, 150), net(90, 200)]) == [2, 1, 0]


def test_of_those_that_go_left_the_leftmost_is_on_top() -> None:
    assert tracks([net(100, 0), net(150, 50), net(200, 90)]) == [0, 1, 2]


def test_one_that_comes_down_where_another_goes_on_down_is_above_it() -> None:
    assert tracks([net(100, 0), net(50, 100)]) == [0, 1]
    assert tracks([net(0, 100), net(200, 0)]) == [0, 1]
