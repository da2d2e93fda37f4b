"""Whose turn it is."""

from maxstim_core.runs.fair_order import FairOrder


def in_line(*waiting):
    line = FairOrder()
    for session, item in waiting:
        line.add(session, item)
    return line


def test_sessions_take_turns_in_the_order_in_which_they_came():
    line = in_line(("a", 1), ("a", 2), ("a", 3), ("b", 4), ("b", 5), ("c", 6))
    assert list(line) == [1, 4, 6, 2, 5, 3]


def test_who_was_served_last_comes_last_also_after_leaving_the_line():
    line = in_line(("a", 1), ("b", 2))
    line.serve(1)
    line.add("a", 3)
    line.add("c", 4)
    assert list(line) == [2, 4, 3]


def test_serving_in_order_is_the_order_told_before():
    line = in_line(("a", 1), ("a", 2), ("b", 3), ("a", 4), ("c", 5), ("c", 6))
    told, served = list(line), []
    while item := next(iter(line), None):
        line.serve(item)
        served.append(item)
    assert served == told


def test_an_item_of_two_sessions_is_served_once_at_the_better_place():
    line = in_line(("a", 1), ("a", 2), ("a", 3), ("b", 3))
    assert list(line) == [1, 3, 2]
    line.serve(3)
    assert list(line) == [1, 2]
    assert 3 not in line


def test_leaving_the_line():
    line = in_line(("a", 1), ("b", 1), ("b", 2))
    line.leave("a", 1)
    assert list(line) == [1, 2]
    line.leave("b", 1)
    assert list(line) == [2]
