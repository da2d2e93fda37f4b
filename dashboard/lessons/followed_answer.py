"""What the presenter of a class has on show, and how it comes to the pages that follow."""

from __future__ import annotations

from dataclasses import dataclass, field

from dashboard.state.link_keys import is_known
from dashboard.state.session import Session
from maxstim_core.networks.bundled import DEFAULT


@dataclass(frozen=True)
class PresentedAnswer:
    """The run or answer that a presenter shows.

    Attributes:
        key: Key of the session, by which it is told from another one; nothing where none is shown, or
            one of a network that others cannot have.
        lasting_key: A key of the same that outlives the run.
        best: Whether its best iteration is on show, not its last.
    """

    key: str = ""
    lasting_key: str = field(default="", compare=False)
    best: bool = False

    @classmethod
    def of(cls, session: Session) -> PresentedAnswer:
        """Return what a page shows."""
        asked = session.shown.question if session.run is None else session.run.request
        if asked is not None and not all(is_shared(name) for name in asked.networks):
            return cls()
        return cls(session.key, session.lasting_key, session.best)


class FollowedAnswer:
    """Lets a page show what its presenter shows, as soon as that is ready.

    Args:
        session: The runs of the page.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._wanted: PresentedAnswer | None = None

    def show(self, wanted: PresentedAnswer) -> None:
        """Show that; what is chosen stays as it is."""
        self._wanted = wanted
        self.poll()

    def forget(self) -> None:
        """Go on without what has not come."""
        self._wanted = None

    def poll(self) -> None:
        """Take what was to be shown and was not ready.

        What is not here any more leaves room for the stored answer to what is chosen.
        """
        wanted, session = self._wanted, self._session
        if wanted is None:
            return
        keys = (wanted.key, wanted.lasting_key)
        problem = session.problem
        if wanted.key and not session.is_showing(*keys):
            session.follow(wanted.lasting_key, takes_settings=False)
        if not session.is_showing(*keys):
            session.problem = problem
            session.show_chosen()
            self._wanted = None
        elif session.key in keys or session.lasting_key in keys:
            if session.shown.finished is not None:
                session.best = wanted.best
            self._wanted = None


def is_shared(network: str) -> bool:
    """Tell whether a network goes by its name on every page of this server."""
    return network == DEFAULT or is_known(network)
