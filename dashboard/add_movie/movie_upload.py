"""What becomes of a movie on its way from a visitor's disk to a clip set. No widgets here.

As everywhere on the page, nothing is pushed: work goes on in a `BackgroundTask`, and `poll` sees what
has become of it.
"""

from __future__ import annotations

import logging
import math
import secrets
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import param

from dashboard.add_movie.background_task import BackgroundTask
from dashboard.add_movie.upload import UploadFile, safe_file_name
from dashboard.guard.stored_sets import StoredSets
from dashboard.state.typed_numbers import TypedNumbers
from maxstim_core.conventions import GREY
from maxstim_core.errors import MaxstimError
from maxstim_core.progress import ReportProgress
from maxstim_core.stimuli.files.preview import MoviePreview, open_preview
from maxstim_core.stimuli.limits import CLIP_SECONDS, CONTRAST, FPS
from maxstim_core.stimuli.stored import clip_store
from maxstim_core.stimuli.stored.clip_store import StoredClips
from maxstim_core.stimuli.stored.import_movie import DEFAULT_SECONDS, STILL_FPS, import_movie
from maxstim_core.stimuli.stored.sintel import FLIPS, ROTATIONS
from maxstim_core.stimuli.viewing import Viewing, pixels_that_fit

_logger = logging.getLogger(__name__)

EMPTY, RECEIVING, OPENING, READY, STORING = "empty", "receiving", "opening", "ready", "storing"

KERNELS = {"Box, as in flyvis": "box", "Ommatidium (Gaussian)": "gaussian"}

WAYS = {"flips": FLIPS, "rotations": ROTATIONS}
"""How an augmented set is shown."""

_UNITS = {"pixels": "pixels per column", "seconds": "s"}
"""Unit of each number that has one."""


class MovieUpload(param.Parameterized):
    """One movie, from the first byte to the set, and how the eye shall look at it.

    Args:
        on_stored: Called with the name of the set once it is stored.
        visitor: Id of the person, who may send so much and no more; that of somebody new if empty.
        sets: What they have stored, which may take so much and no more; no limit if None.
    """

    stage = param.Selector(default=EMPTY, objects=[EMPTY, RECEIVING, OPENING, READY, STORING])
    share = param.Number(0.0, bounds=(0, 1), doc="How much of that stage is done.")
    waits = param.Boolean(False, doc="Whether other visitors' movies come first.")
    problem = param.String("", doc="What went wrong last, as one sentence, or nothing.")
    file_name = param.String("", doc="What the file is called.")
    preview = param.ClassSelector(class_=MoviePreview, allow_None=True)
    seen = param.Array(
        None, doc="What the eye sees of the preview: 0 to 255, shape (frame, column)."
    )

    set_name = param.String(
        label="Name", doc="What the set is called, here and on the command line."
    )
    fps = param.Number(
        STILL_FPS,
        bounds=FPS,
        softbounds=(1, 120),
        step=1,
        label="Frames per second",
        doc="How fast the movie is shown to the fly. Its file's own pace is the default.",
    )
    pixels = param.Integer(
        1,
        bounds=(1, None),
        softbounds=(1, 33),
        step=2,
        label="Scale",
        doc="How many pixels of the movie one column of the eye takes in, each way: the outline on the "
        "movie is what the whole eye sees. It can be moved.",
    )
    at = param.List(
        [0.5, 0.5], bounds=(2, 2), item_type=(int, float), doc="Centre of the eye, as shares."
    )
    contrast = param.Number(
        1.0,
        bounds=CONTRAST,
        softbounds=(0.2, 4.0),
        step=0.1,
        label="Contrast",
        doc="Factor by which luminance differs more from grey than in the movie. Black and white are "
        "the limits.",
    )
    ground = param.Number(
        GREY,
        bounds=(0, 1),
        softbounds=(0, 1),
        step=0.1,
        label="Ground",
        doc="Luminance of what lies behind transparent pixels: 0 is black, 0.5 is grey, 1 is white.",
    )
    kernel = param.Selector(
        default="box",
        objects=KERNELS,
        label="Eye",
        doc="How a column sums pixels: their mean, as in flyvis, or as an ommatidium of 5° does.",
    )
    seconds = param.Number(
        DEFAULT_SECONDS,
        bounds=CLIP_SECONDS,
        softbounds=(0.2, 3.0),
        step=0.1,
        label="Length of a clip",
        doc="The movie is cut into clips of this length, each a candidate in a search. A single image "
        "stands still for so long.",
    )
    augment = param.Boolean(
        False,
        label="Also mirrored and turned, in 12 ways",
        doc="Shows every clip in all directions, as flyvis does with Sintel: a search takes twelve "
        "times as long.",
    )

    def __init__(
        self,
        on_stored: Callable[[str], None],
        visitor: str = "",
        sets: StoredSets | None = None,
    ) -> None:
        super().__init__()
        self._on_stored, self._sets = on_stored, sets
        self.entries = TypedNumbers()
        self._visitor = visitor or secrets.token_hex(16)
        self._upload_file, self._turn = UploadFile(self._visitor), threading.RLock()
        self._task: BackgroundTask | None = None
        self._preview_task: BackgroundTask | None = None
        self._stale = False
        viewings = ["pixels", "at", "contrast", "ground", "kernel"]
        self.param.watch(self._look_again, viewings)
        self.param.watch(self._changed, [*viewings, "set_name", "fps", "seconds", "augment"])
        self.entries.param.watch(self._changed, "refused")

    # -- the file

    def expect(self, name: str, n_bytes: int) -> bool:
        """Prepare for a file that a visitor has chosen; tell whether it may be sent."""
        with self._turn:
            self.cancel()
            try:
                self._upload_file.expect(name, n_bytes)
            except MaxstimError as error:
                self.problem = str(error)
                return False
            self.param.update(stage=RECEIVING, problem="", file_name=safe_file_name(name))
            return True

    def take(self, chunk: bytes) -> int | None:
        """Take a chunk of the file; return how many bytes there are, or None if no more are wanted."""
        with self._turn:
            if self.stage != RECEIVING:
                return None
            try:
                self._upload_file.take(chunk)
            except MaxstimError as error:
                self._refuse(error)
                return None
            self.share = self._upload_file.received / self._upload_file.n_bytes
            if not self._upload_file.is_complete:
                return self._upload_file.received
            path = self._upload_file.path
            self._task = self._begin(lambda report_progress: open_preview(path, report_progress))
            self.param.update(stage=OPENING, share=0.0)
            return None

    def cancel(self) -> None:
        """Stop whatever goes on, and forget the file."""
        with self._turn:
            self.close()
            self.entries.clear()
            self.param.update(
                stage=EMPTY,
                share=0.0,
                waits=False,
                problem="",
                file_name="",
                preview=None,
                seen=None,
            )

    def stop(self) -> None:
        """Stop what goes on: a movie that was being stored stays to be looked at, any other goes."""
        with self._turn:
            if self.stage != STORING:
                self.cancel()
                return
            self._task.cancel()
            self._task = None
            self.param.update(stage=READY, share=0.0, waits=False)

    def close(self) -> None:
        """Stop whatever goes on and remove the file, when there is no page any more to tell of it."""
        with self._turn:
            for task in (self._task, self._preview_task):
                if task is not None:
                    task.cancel()
            self._task = self._preview_task = None
            self._upload_file.clear()

    # -- the numbers

    def unit(self, name: str) -> str:
        """Unit of a number, or nothing."""
        return _UNITS.get(name, "")

    def set_number(self, name: str, number: float) -> None:
        """Take a number for a parameter.

        Raises:
            MaxstimError: if it is out of its bounds, or more pixels than the movie has.
        """
        if name == "pixels" and number > max(self.most_pixels(), 3):
            raise MaxstimError(
                "The eye would see more than the movie; give fewer pixels per column."
            )
        try:
            self.param.update(**{name: number})
        except ValueError as error:
            label = self.param[name].label
            raise MaxstimError(f"{label} cannot be {number:g}; choose another number.") from error

    # -- the look

    def viewing(self) -> Viewing:
        """Return how the eye looks at the movie."""
        viewing = Viewing(contrast=self.contrast)
        if self.preview is None or self.preview.is_columns:
            return viewing
        pixels = replace(viewing, pixels=self.pixels, kernel=self.kernel, ground=self.ground)
        # A browser can say anything.
        x, y = (share if 0 <= share <= 1 else 0.5 for share in self.at)
        return pixels.aimed(x, y, *self.preview.size)

    def most_pixels(self) -> int:
        """Return the largest scale at which the eye sees no more than the movie."""
        columns = self.preview is None or self.preview.is_columns
        return 1 if columns else pixels_that_fit(Viewing().lattice, *self.preview.size)

    def n_clips(self) -> int:
        """Return how many clips the movie will become, roughly where it is a film."""
        if self.preview.is_still:
            clips = 1
        else:
            clips = math.ceil(self.preview.n_frames / max(1, round(self.seconds * self.fps)))
        return clips * (math.prod(map(len, WAYS.values())) if self.augment else 1)

    def clips_overlap(self) -> bool:
        """Return whether clips overlap, which they do where the movie is no multiple of a clip."""
        n_frames, length = self.preview.n_frames, max(1, round(self.seconds * self.fps))
        return not self.preview.is_still and n_frames > length and n_frames % length > 0

    def _changed(self, *events: object) -> None:
        self.problem = ""  # it was said of other settings

    def _look_again(self, *events: object) -> None:
        with self._turn:
            # Typed values may be even, or too large for this movie.
            self.pixels = min(self.pixels - (self.pixels + 1) % 2, self.most_pixels())
            self._stale = self.preview is not None
            if self._stale and self._preview_task is None:
                self._start_preview()

    def _start_preview(self) -> None:
        self._stale = False
        preview, viewing, path = self.preview, self.viewing(), self._upload_file.path

        def look(report_progress: ReportProgress) -> tuple[MoviePreview, np.ndarray]:
            shown = preview
            if not shown.is_columns and shown.facts.ground != viewing.ground:
                shown = open_preview(path, report_progress, viewing.ground)
            seen = np.round(255 * shown.see(viewing, report_progress))
            return shown, seen.astype(np.uint8)

        self._preview_task = self._begin(look)

    # -- the set

    def store(self) -> None:
        """Begin to store the whole movie as a set; say why where it cannot be."""
        with self._turn:
            if self.stage != READY:
                return
            name = self.set_name.strip()
            try:
                self.entries.check()
                if clip_store.taken_by(clip_store.clips_folder(name).name):
                    raise MaxstimError(
                        f"There is a set {name!r} already; choose another name, for example "
                        f"{clip_store.free_name(name)}."
                    )
                settings = {
                    # A film's own pace is known exactly only when all of it has been read.
                    "fps": None if self._is_own_pace() else self.fps,
                    "seconds": self.seconds,
                    "viewing": self.viewing(),
                    "source": self.file_name,
                    **(WAYS if self.augment else {}),
                }
            except MaxstimError as error:
                self.problem = str(error)
                return
            path, sets = self._upload_file.path, self._sets

            def keep(report_progress: ReportProgress) -> StoredClips:
                if sets is not None:
                    sets.check()
                stored = import_movie(path, name, report_progress=report_progress, **settings)
                if sets is not None:
                    sets.add(name)
                return stored

            self._task = self._begin(keep)
            self.param.update(stage=STORING, share=0.0, problem="")

    def _begin(self, do: Callable[[ReportProgress], Any]) -> BackgroundTask:
        """Begin work that takes turns with all other work for this visitor."""
        return BackgroundTask(do, self._visitor)

    def _is_own_pace(self) -> bool:
        return self.preview.fps is not None and math.isclose(self.fps, _shown(self.preview.fps))

    # -- what has become of it

    def poll(self) -> None:
        """See how far the work is, and take what has ended."""
        with self._turn:
            if self._preview_task is not None and self._preview_task.done:
                ended, self._preview_task = self._preview_task, None
                if ended.error is None:
                    self.preview, self.seen = ended.result
                else:
                    self._say(ended.error, self._folder())
                if self._stale:
                    self._start_preview()
            task = self._task
            if task is None:
                return
            self.param.update(share=min(1.0, task.share), waits=task.waits)
            if not task.done:
                return
            self._task = None
            if self.stage == OPENING:
                self._opened(task)
            else:
                self._stored(task)

    def _opened(self, task: BackgroundTask) -> None:
        if task.error is not None:
            self._refuse(task.error)
            return
        self.preview = task.result
        stem = Path(self.file_name).stem
        self.param.update(
            set_name=clip_store.free_name(stem),
            fps=_shown(self.preview.fps or STILL_FPS),
            pixels=self.most_pixels(),
            at=[0.5, 0.5],
            contrast=1.0,
            ground=GREY,
            kernel="box",
        )
        self._look_again()
        self.param.update(stage=READY, share=0.0)

    def _stored(self, task: BackgroundTask) -> None:
        if task.error is not None:
            self.stage = READY
            self._say(task.error, self._folder())
            return
        self.cancel()
        self._on_stored(task.result.name)

    def _refuse(self, error: Exception) -> None:
        folder = self._folder()
        self.cancel()
        self._say(error, folder)

    def _folder(self) -> Path | None:
        return self._upload_file.path and self._upload_file.path.parent

    def _say(self, error: Exception, folder: Path | None) -> None:
        """Tell of an error, in which a file is called by its name and not by its place here."""
        if isinstance(error, MaxstimError):
            self.problem = str(error).replace(f"{folder}/", "") if folder else str(error)
        elif isinstance(error, MemoryError):
            self.problem = "The server's memory does not suffice for this movie; make it smaller."
        else:
            _logger.error("A movie could not be read", exc_info=error)
            self.problem = "This movie cannot be read; export it again as mp4, webm or gif."


def _shown(fps: float) -> float:
    """Frames per second as a person types them."""
    return round(min(max(fps, FPS[0]), FPS[1]), 3)
