"""Items made ahead by another thread."""

import threading

import pytest

from maxstim_core.optimal.prefetch import prefetch


def test_yields_all_in_order():
    assert list(prefetch(iter(range(1, 50)))) == list(range(1, 50))
    assert list(prefetch(iter(()))) == []


def test_makes_one_ahead_and_no_more():
    begun = [threading.Event() for _ in range(6)]

    def items():
        for k, event in enumerate(begun):
            event.set()
            yield k + 1

    ahead = prefetch(items())
    next(ahead)
    assert begun[1].wait(60), "the second is made while the first is in use"
    assert not begun[2].wait(0.1)
    ahead.close()


def test_an_error_is_raised_where_the_item_would_be():
    def items():
        yield 1
        raise RuntimeError("broken")

    ahead = prefetch(items())
    assert next(ahead) == 1
    with pytest.raises(RuntimeError, match="broken"):
        next(ahead)


def test_its_thread_ends_with_it():
    before = threading.active_count()
    ahead = prefetch(iter(range(1, 5)))
    next(ahead)
    ahead.close()
    for thread in threading.enumerate():
        if thread.name == "maxstim-ahead":
            thread.join(60)
    assert threading.active_count() <= before
