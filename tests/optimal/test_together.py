"""Runs one after the other as there is room, in as many threads as asked for."""

import threading

import pytest

from maxstim_core.optimal.together import relayed


class Watched:
    """Runs that count how many of them have begun and not ended."""

    def __init__(self):
        self.lock, self.going, self.most, self.begun, self.stopped = (
            threading.Lock(),
            0,
            0,
            0,
            False,
        )

    def run(self, k, n):
        with self.lock:
            self.begun += 1
            self.going += 1
            self.most = max(self.most, self.going)
        try:
            for step in range(n):
                if self.stopped:
                    return
                yield k, step
        finally:
            with self.lock:
                self.going -= 1

    def stop(self):
        self.stopped = True


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_all_reports_come_in_the_order_of_each_run(threads):
    watched = Watched()
    runs = (watched.run(k, k % 4) for k in range(9))
    found = [*relayed(runs, watched.stop, threads=threads)]
    assert sorted(found) == [(k, step) for k in range(9) for step in range(k % 4)]
    for k in range(9):
        assert [step for one, step in found if one == k] == [*range(k % 4)]
    assert watched.most <= threads and watched.going == 0


@pytest.mark.parametrize("threads", [1, 3])
def test_who_stops_iterating_finds_all_at_rest(threads):
    watched = Watched()
    reports = relayed((watched.run(k, 1000) for k in range(9)), watched.stop, threads=threads)
    next(reports)
    reports.close()
    assert watched.begun <= threads and (watched.going == 0 or watched.stopped)


@pytest.mark.parametrize("threads", [1, 2])
def test_what_a_run_raises_comes_out(threads):
    def breaks():
        yield 1
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(relayed(iter([breaks()]), lambda: None, threads=threads))
