"""One view of the page at a time."""

import param

from dashboard.state.views import Views


class OneView(param.Parameterized):
    is_open = param.Boolean(False)


def test_opening_a_view_closes_the_others():
    states = {"sweep": OneView(), "paint": OneView()}
    views = Views(states)
    shown = []
    views.param.watch(lambda event: shown.append(event.new), "shown")
    views.open("sweep")
    views.open("paint")
    assert [states[name].is_open for name in ("sweep", "paint")] == [False, True]
    states["sweep"].is_open = True
    assert views.shown == "sweep" and not states["paint"].is_open
    views.open("")
    assert not any(state.is_open for state in states.values())
    assert shown == ["sweep", "paint", "sweep", ""]


def test_a_view_that_there_is_not_is_the_main_part():
    states = {"sweep": OneView()}
    views = Views(states)
    views.open("sweep")
    views.open("__class__")
    assert views.shown == "" and not states["sweep"].is_open
