"""A page and its link: what the link says of the page, and how a page takes what its link said."""

from __future__ import annotations

from dashboard.state.choice import Choice
from dashboard.state.link_keys import PLACE_ROOM, is_known
from dashboard.state.link_settings import (
    refused_settings,
    setting_label,
    setting_text,
    settings_of_link,
    settings_of_run,
    take_settings,
)
from dashboard.state.session import Session
from dashboard.state.url import LONGEST_LINK, PageAddress
from maxstim_core.optimal.configs import GenerateConfig


def address_of(session: Session) -> PageAddress:
    """Return what the link of a page says of its main part, but for where its player stands.

    Args:
        session: Of the page.
    """
    choice, named = session.choice, session.link_request
    settings, further = settings_of_link(choice, named), choice.asked_further
    return PageAddress(
        cell_type=choice.cell_type,
        method=choice.method,
        network=choice.network if is_known(choice.network) else "",
        further=",".join(further) if all(is_known(name) for name in further) else "",
        run=session.link_key,
        settings=settings,
        of_run=settings_of_run(settings, named),
        iteration=session.link_iteration,
        shown=session.link_shown,
    )


def unread_entries(choice: Choice) -> tuple[str, ...]:
    """Return what a link does not say of what is typed, as it is no value: a sentence for each field."""
    settings = choice.settings[choice.method]
    return tuple(
        f"“{setting_label(choice.method, name)}” is {setting_text(getattr(settings, name)) or 'empty'} "
        "in the link: what its field shows is no value for it."
        for name in settings.entries.refused
    )


def room_for_query(page: str) -> int:
    """Return how many characters the query of a link may have, so that the browser can add to it.

    Args:
        page: What stands before the query: ``https://…/dashboard``.
    """
    return max(0, LONGEST_LINK - len(page) - PLACE_ROOM)


class OpenedLink:
    """What the link said that a page was opened by; some of it waits for the run that it names.

    Args:
        session: Of the page.

    Attributes:
        asked: What the link said.
    """

    def __init__(self, session: Session) -> None:
        self.asked = PageAddress()
        self._refused: tuple[str, ...] = ()
        self._session = session
        self._is_chosen = self._awaits_run = False
        self._awaits_iteration = self._looks = False
        self._of: str | None = None  # key of what shall be seen at the frame of the link
        self._awaits_shown = (
            False  # whether last or best of an answer that is not there yet is asked for
        )
        session.param.watch(self._followed, "key")
        session.param.watch(self._answered, "answer")

    def choose(self, asked: PageAddress) -> None:
        """Choose what a link asks for; its settings stand above those of the run that it names."""
        self.asked, self._awaits_iteration = asked, bool(asked.iteration)
        self._awaits_shown = bool(asked.shown)
        self._choose()
        self._answered()

    def _choose(self) -> None:
        asked, choice = self.asked, self._session.choice
        chosen = {
            "cell_type": asked.cell_type,
            "method": asked.method,
            "network": asked.network,
            "further": tuple(filter(None, asked.further.split(","))),
        }
        choice.param.update(**{name: value for name, value in chosen.items() if value})
        self.take_settings()
        self._is_chosen = True
        self._awaits_run = bool(asked.run) and self._session.key != asked.run

    def take_settings(self) -> None:
        """Choose its settings, above what is chosen; what does not go with that is refused."""
        asked, choice = self.asked, self._session.choice
        method = asked.method or GenerateConfig.method
        refused = refused_settings(choice, method, asked.settings)
        taken = {name: value for name, value in asked.settings.items() if name not in refused}
        if taken:
            take_settings(choice, method, taken)
        self._refused = tuple(refused.values())

    @property
    def problems(self) -> tuple[str, ...]:
        """What the page has to say of what is wrong in it, a sentence each."""
        return (*self.asked.problems, *self._refused)

    def poll(self) -> None:
        """Look at the iteration that it asks for, as soon as its run is there."""
        if not self._awaits_iteration or not self._is_there:
            return
        if self._session.link_request is not None:
            self._awaits_iteration = False
            self._looks = self._session.look_at(self.asked.iteration)

    def frame(self, n_frames: int) -> int | None:
        """Return the frame, from 0, at which it wants what is on show to be seen, or None."""
        if not self.asked.frame or not self._is_chosen:
            return None
        if self._of is None and self._is_there:
            self._of = self._session.key
        return min(self.asked.frame, n_frames) - 1 if self._of == self._session.key else None

    @property
    def _is_there(self) -> bool:
        """Whether what is on show is what it asks for."""
        session, key = self._session, self.asked.run
        return key in (session.key, session.lasting_key) if key else session.shows_question

    def _answered(self, *events: object) -> None:
        """Show the iteration that it asks for of its answer: the last or the best."""
        session = self._session
        if self._awaits_shown and session.answer is not None and self._is_there:
            self._awaits_shown = False
            session.best = self.asked.shown == "best"

    def _followed(self, *events: object) -> None:
        """Choose once more where what is followed has brought settings of its own."""
        if self._looks:
            self._looks, self._of = False, self._session.key
        if self._awaits_run:
            self._awaits_run = False
            if self._session.key == self.asked.run:
                self._choose()
                self._session.problem = " ".join(self.problems)
