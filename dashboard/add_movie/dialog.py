"""The dialog in which a visitor drops a movie, looks at it with the fly's eye, and stores it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import panel as pn
import panel_material_ui as pmui
import param

from dashboard.add_movie.dropzone import DropZone
from dashboard.add_movie.eyeview import EyeView
from dashboard.add_movie.movie_upload import EMPTY, READY, STORING, MovieUpload
from dashboard.components.widgets.press import Press
from dashboard.components.widgets.problem import Problem
from dashboard.components.widgets.setting import setting_widget
from dashboard.guard.stored_sets import StoredSets
from dashboard.style.theme import QUIET_BUTTON, TEXT
from maxstim_core.stimuli.files.detect import SUFFIXES
from maxstim_core.stimuli.files.facts import notes
from maxstim_core.stimuli.files.orientation import UPRIGHT
from maxstim_core.stimuli.limits import MOST_BYTES, MOST_FRAMES, MOST_PIXELS, MOST_SECONDS

LIMITS = (
    "Films (mp4, mov, webm, gif), an image or a zip of images, or an array (npy, npz, nc): up to "
    f"{MOST_BYTES / 1e9:.0f}\N{NO-BREAK SPACE}GB, {MOST_SECONDS / 60:.0f} minutes and {MOST_FRAMES} "
    f"frames of at most {MOST_PIXELS / 1e6:.0f} million pixels."
)

_PERIOD = 150
"""Milliseconds between looks at what has become of the work, while the dialog is open."""

_SETTINGS = ("pixels", "contrast", "ground", "kernel", "fps", "seconds", "augment")
_PIXEL_SETTINGS = ("pixels", "ground", "kernel")


class MovieDialog(pn.viewable.Viewer):
    """A dialog for one movie after the other.

    Args:
        on_stored: Called with the name of each set that is stored.
        visitor: Id of the person.
        sets: What they have stored, which may take so much and no more; no limit if None.
    """

    def __init__(
        self,
        on_stored: Callable[[str], None],
        visitor: str = "",
        sets: StoredSets | None = None,
    ) -> None:
        super().__init__()
        self._on_stored = on_stored
        self.upload = upload = MovieUpload(self._stored, visitor, sets)
        wide = {"sizing_mode": "stretch_width"}
        self.problem = Problem(upload, margin=(0, 0, 12, 0))
        self.zone = DropZone(upload, limits=LIMITS, accept=",".join(SUFFIXES), margin=0, **wide)
        self.view = EyeView(margin=0, **wide)
        self.view.link(upload, at="at", fps="fps", pixels="pixels", bidirectional=True)
        self.widgets = {name: setting_widget(upload, name) for name in _SETTINGS}
        for name, widget in self.widgets.items():
            widget.description = upload.param[name].doc
        name = pmui.TextInput.from_param(upload.param.set_name, size="small", margin=(8, 4), **wide)
        self.summary = pn.pane.HTML("", stylesheets=[TEXT], margin=(8, 4, 0, 4), **wide)
        settings = pn.Column(
            name, *self.widgets.values(), self.summary, width=300, margin=(0, 0, 0, 24)
        )
        self.viewing = pn.Row(self.view, settings, margin=0, **wide)
        self.progress = pmui.LinearProgress(value=0, margin=(16, 0, 6, 0), **wide)
        self.status = pn.pane.HTML("", stylesheets=[TEXT], align="center", margin=0, **wide)
        self.store = Press(
            upload.store, label="Store and use it", color="primary", variant="contained", margin=0
        )
        self.back = Press(upload.stop, label="Another movie", **QUIET_BUTTON)
        self.foot = pn.Row(
            self.status,
            self.back,
            pn.Spacer(width=10),
            self.store,
            margin=(16, 0, 0, 0),
            **wide,
        )
        self.dialog = pmui.Dialog(
            pn.Column(
                self.problem, self.zone, self.viewing, self.progress, self.foot, margin=(0, 16, 20, 16),
                **wide,
            ),
            title="Add your own movie",
            title_variant="h5",
            width_option="lg",
            show_close_button=True,
            sx={"& .MuiDialogTitle-root + .MuiIconButton-root": {"color": "text.secondary"}},
        )  # fmt: skip
        self._clock: pn.io.PeriodicCallback | None = None
        self.dialog.param.watch(self._toggled, "open")
        upload.param.watch(self._opened, "preview")
        upload.param.watch(self._seen, "seen")
        upload.param.watch(self._update, ["stage", "share", "waits"])
        upload.param.watch(self._sum_up, ["preview", "fps", "seconds", "augment"])
        self._update()
        pn.state.on_session_destroyed(lambda context: upload.close())

    def __panel__(self) -> pmui.Dialog:
        return self.dialog

    def open(self) -> None:
        """Open the dialog, empty."""
        self.upload.cancel()
        self.dialog.open = True

    def _toggled(self, event: param.parameterized.Event) -> None:
        if self._clock is None:
            self._clock = pn.state.add_periodic_callback(self._poll, _PERIOD, start=False)
        if event.new:
            self._clock.start()
        else:
            self._clock.stop()
            self.upload.cancel()

    def _poll(self) -> None:
        with pn.io.hold():
            self.upload.poll()

    def _stored(self, name: str) -> None:
        self._on_stored(name)
        self.dialog.open = False

    def _opened(self, event: param.parameterized.Event) -> None:
        preview = event.new
        self.view.open(preview)
        for name in _PIXEL_SETTINGS:
            self.widgets[name].visible = preview is None or not preview.is_columns
        most = self.upload.most_pixels()
        self.widgets["pixels"].param.update(end=max(most, 3), high=max(most, 3), disabled=most < 3)
        self.widgets["fps"].visible = preview is None or not preview.is_still

    def _seen(self, event: param.parameterized.Event) -> None:
        self.view.see(event.new)

    def _sum_up(self, *events: object) -> None:
        upload = self.upload
        text = "" if upload.preview is None else summary(upload)
        facts = "" if upload.preview is None else file_facts(upload)
        self.summary.object = f'<p class="small quiet">{text}</p>{facts}'

    def _update(self, *events: object) -> None:
        upload = self.upload
        stage = upload.stage
        busy = stage not in (EMPTY, READY)
        with pn.io.hold():
            self.zone.visible = stage == EMPTY
            self.viewing.visible = stage in (READY, STORING)
            self.progress.param.update(
                visible=busy,
                variant="determinate" if upload.share else "indeterminate",
                value=round(100 * upload.share),
            )
            self.status.object = f'<p class="quiet" role="status">{status(upload)}</p>'
            self.foot.visible = stage != EMPTY
            self.back.label = "Cancel" if busy else "Another movie"
            self.store.visible = stage in (READY, STORING)
            self.store.disabled = stage != READY


def status(upload: MovieUpload) -> str:
    """Return what is going on, as one sentence of HTML, or nothing."""
    name = escape(upload.file_name)
    if upload.waits:
        return f"{name} waits until other visitors' movies are done."
    return {
        "receiving": f"Sending {name} …",
        "opening": f"Reading the beginning of {name} …",
        "ready": name,
        "storing": f"Looking at all of {name} …",
    }.get(upload.stage, "")


def file_facts(upload: MovieUpload) -> str:
    """Return what was made of the file, to be checked, as a list in HTML."""
    facts = upload.preview.facts
    about = ["Stored column by column, as the eye sees it"]
    if facts.source_size is not None:
        width, height = facts.source_size
        about = [f"Stored as {width} \N{MULTIPLICATION SIGN} {height} pixels"]
        about += ["square"] if facts.pixel_aspect == 1 else []
        about += ["upright"] if facts.orientation == UPRIGHT else []
    if facts.range is not None:
        about.append(f"{facts.range} range")
    if facts.fps is not None:
        about.append(f"{facts.fps:.4g} frames/s ({facts.fps_from})")
    ground = f"; transparent pixels lie on {facts.ground:g}" * (facts.source_size is not None)
    said = [f"{', '.join(about)}{ground}.", *notes(facts.as_json())]
    items = "".join(f"<li>{escape(each)}</li>" for each in said)
    return f'<ul class="small quiet file-facts">{items}</ul>'


def summary(upload: MovieUpload) -> str:
    """Return what will be stored, as one sentence."""
    preview, clips = upload.preview, upload.n_clips()
    what = "One image" if preview.is_still else f"{preview.n_frames} frames"
    shown = len(preview.order)
    begins = "" if shown >= preview.n_frames else f" The preview shows the first {shown}."
    overlap = ", which overlap so that no frame is left out" if upload.clips_overlap() else ""
    return (
        f"{what} at {upload.fps:g} frames/s: {clips} clip{'s' if clips != 1 else ''} of "
        f"{upload.seconds:g} s{overlap}.{begins}"
    )
