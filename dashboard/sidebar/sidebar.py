"""The sidebar, bound to the state of its page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn

from dashboard.components.sidebar.component import SidebarPanel
from dashboard.sidebar.controls import Controls, sidebar_description
from dashboard.sidebar.network_chooser import network_words
from dashboard.sidebar.run_bar import SLOW, run_words
from dashboard.sidebar.sweep_controls import sweep_words, take_sweep_entry
from dashboard.state.networks import Networks
from dashboard.state.session import Session
from dashboard.views.sweep import Sweeps


class Sidebar(pn.viewable.Viewer):
    """What to excite, by which method, with which settings, on which network, where; and Run.

    Args:
        session: The runs of this page.
        networks: Its networks.
        sweeps: Its sweeps.
        on_card: Called when the model card is asked for.
        on_movie: Called when a person wants to search a movie of their own.
    """

    def __init__(
        self,
        session: Session,
        networks: Networks,
        sweeps: Sweeps,
        on_card: Callable[[], None],
        on_movie: Callable[[], None],
    ) -> None:
        super().__init__()
        self.session, self.networks, choice = session, networks, session.choice
        self.sweeps = sweeps
        self.controls = Controls(choice)
        self._waits = False  # whether anything did, when that was last looked at
        self._heard = 0  # messages about the choice: each has an answer, even if nothing changed
        self._presses = {
            "run": session.start,
            "cancel": session.cancel,
            "pause": lambda: session.act("pause"),
            "go": lambda: session.act("go"),
            "slow": lambda: session.act("go", per_second=SLOW),
            "step": lambda: session.act("step"),
            "more": session.go_on,
            "close problem": lambda: session.param.update(problem=""),
            "card": on_card,
            "movie": on_movie,
            "sweep": self._toggle_sweeps,
            "start sweep": sweeps.start,
        }
        self.panel = SidebarPanel(
            sidebar_description(),
            self._hear,
            choice=self._choice_words(),
            groups=networks.groups,
            network=network_words(networks),
            run=run_words(session),
            sweep=self._sweep_words(),
        )
        for changed in (choice, *choice.settings.values()):
            names = [name for name in changed.param if name != "name"]
            changed.param.watch(self._changed, names)
        for settings in choice.settings.values():
            settings.entries.param.watch(self._changed, "refused")
        # Not a value of the choice, but what it may be.
        choice.param.watch(self._tell_choice, "clips", what="objects")
        session.param.watch(self._tell_run, ["run", "submitting", "problem"])
        session.param.watch(self._devices, "devices")
        networks.param.watch(self._tell_network, ["found", "progress", "reply", "refused"])
        networks.param.watch(self._offer_networks, "groups")
        sweeps.choice.param.watch(self._tell_sweep, ["is_open", "ranges", "seeds", "transfer"])
        # What ends teaches how long others take.
        sweeps.param.watch(self._tell_sweep, ["starting", "busy"])
        session.param.watch(self._tell_sweep, "finished")
        session.param.watch(self._tell_waiting, ["runs", "others"])
        self._devices()

    def __panel__(self) -> SidebarPanel:
        return self.panel

    def _hear(self, message: object) -> None:
        # The browser can send anything.
        match message:
            case {"press": str(name)} if name in self._presses:
                self._presses[name]()
            case {"back": str(typed)}:
                self.session.go_back_to(typed)
            case {"path": str(path)}:
                self.networks.give_path(path)
            case {"file": str(name), "content": str(content)}:
                self.networks.take_file(name, content)
            case {"sweep": dict(told)}:
                take_sweep_entry(self.sweeps.choice, told)
                self._tell_sweep()
            case "networks":
                self.networks.refresh()
            case dict():
                with pn.io.hold():
                    self._heard += 1
                    said = self.session.problem
                    self.controls.take(message)
                    if message.get("restored") is True:  # nobody has changed anything since
                        self.session.problem = said
                    self.session.steer()
                    self._tell_choice()

    def _changed(self, *events: object) -> None:
        self.session.problem = ""  # it was said of another choice
        self._tell_choice()
        self._tell_run()
        self._tell_network()
        if self.sweeps.choice.is_open:
            self._tell_sweep()

    def _tell_choice(self, *events: object) -> None:
        self.panel.choice = self._choice_words()

    def _choice_words(self) -> dict[str, Any]:
        return {**self.controls.words(), "heard": self._heard}

    def _tell_run(self, *events: object) -> None:
        self.panel.run = run_words(self.session)

    def _toggle_sweeps(self) -> None:
        self.sweeps.choice.is_open = not self.sweeps.choice.is_open

    def _sweep_words(self) -> dict[str, Any]:
        return sweep_words(self.sweeps.choice, self.session, starting=self.sweeps.starting)

    def _tell_sweep(self, *events: object) -> None:
        told = self._sweep_words()
        if told != self.panel.sweep:
            self.panel.sweep = told

    def _tell_waiting(self, *events: object) -> None:
        """Tell of a sweep what waits before it: not at every step of a run, as that takes a while."""
        waits = self.session.queue.has_waiting
        if waits != self._waits:
            self._waits = waits
            self._tell_sweep()

    def _tell_network(self, *events: object) -> None:
        self.panel.network = network_words(self.networks)

    def _offer_networks(self, *events: object) -> None:
        self.panel.groups = self.networks.groups

    def _devices(self, *events: object) -> None:
        self.controls.offer_devices(self.session.devices)
        self._tell_choice()
