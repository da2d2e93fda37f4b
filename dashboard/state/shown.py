"""What is on the page, as one value: headline, picture, exports, clips and address are drawn from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import xarray as xr

from dashboard.state.question import PageQuestion
from maxstim_core.optimal.result import at_best
from maxstim_core.runs.snapshot import RunSnapshot


@dataclass(frozen=True, eq=False)
class Shown:
    """A run that is going, a finished answer, or nothing.

    Attributes:
        run: The run whose preview is on show, or None. It always has one.
        answer: The finished answer on show, or the one that was there before the run; None if there
            was none.
        is_example: Whether that answer came with maxstim.
        best: Whether its best iteration is on show, not its last; the answer then holds the response
            to that.
    """

    run: RunSnapshot | None = None
    answer: xr.Dataset | None = None
    is_example: bool = False
    best: bool = False

    @cached_property
    def view(self) -> xr.Dataset | None:
        """The answer as it is drawn and taken home: as of the iteration on show."""
        return at_best(self.answer) if self.best and self.answer is not None else self.answer

    @property
    def question(self) -> PageQuestion | None:
        """What the movie on show answers, or None while there is none."""
        if self.run is not None:
            return PageQuestion.of_request(self.run.request)
        return None if self.answer is None else PageQuestion.of_answer(self.answer)

    @property
    def finished(self) -> xr.Dataset | None:
        """The answer on show, that can be taken home; None while a run is."""
        return self.view if self.run is None else None

    def same(self, other: Shown) -> bool:
        """Tell whether another shows the very same."""
        return (
            self._preview() == other._preview()
            and self.answer is other.answer
            and (self.is_example, self.best) == (other.is_example, other.best)
        )

    def _preview(self) -> tuple[str, int] | None:
        return None if self.run is None else (self.run.run_id, self.run.version)
