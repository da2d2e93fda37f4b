"""The runs of one open page: submitted to the shared queue, polled, and fetched when they end.

The queue works in another process and serves every open page. Nothing is pushed into a page: `poll`
reads immutable snapshots, in whatever thread the page's periodic callback happens to run.
"""

from __future__ import annotations

import dataclasses
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import wraps
from itertools import pairwise
from typing import Any

import param
import xarray as xr

from dashboard.state.choice import Choice
from dashboard.state.faults import log_fault
from dashboard.state.question import PageQuestion
from dashboard.state.shown import Shown
from dashboard.state.submissions import Submissions
from dashboard.state.typed_numbers import LONGEST_ENTRY, allowed, read_number
from dashboard.text.differences import settings_unlike
from dashboard.text.stopped_runs import gone_words, kept_words
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.catalog import is_bundled
from maxstim_core.optimal.configs import GenerateConfig, SearchConfig, starting_preset
from maxstim_core.optimal.result import clip_of, has_other_best, load
from maxstim_core.optimal.schedule import FIXED, parse_schedule, schedule_text
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.queue import RunQueue
from maxstim_core.runs.request import RunRequest, request_of
from maxstim_core.runs.result_index import ResultRecord
from maxstim_core.runs.snapshot import LIVE, Preview, RunSnapshot
from maxstim_core.runs.stopped import StoppedRun, is_run_id
from maxstim_core.stimuli.synthetic.bundled_sets import MADE_SETS


@dataclass(frozen=True)
class _LookedAt:
    """An iteration of a run that is looked at by another run, which pauses there.

    Attributes:
        key: Lasting key of the run.
        named: What the run was asked for.
        iteration: Which iteration.
        request: What the other run was asked for.
    """

    key: str
    named: RunRequest
    iteration: int
    request: RunRequest


def _opens_with_best(answer: xr.Dataset) -> bool:
    """Tell whether the best iteration of an answer is shown at first: of a run that was cancelled."""
    return bool(answer.attrs["status"] == "cancelled")


def _moment(run: RunSnapshot) -> tuple[object, ...]:
    """Return what of a run is worth being drawn again when it changes."""
    return run.run_id, run.version, None if run.wait is None else round(run.wait / 5)


def iterations_asked(config: GenerateConfig) -> int:
    """Return the iterations that a person has asked for last, but for those added to a run at its end.

    Args:
        config: Settings of the run, with the schedule of what was changed on its way.
    """
    asked = config.n_iters
    for (_, before), (iteration, stage) in pairwise(config.stages):
        if iteration < before.n_iters != stage.n_iters:
            asked = stage.n_iters
    return asked


def _until(request: RunRequest, iteration: int) -> RunRequest:
    """Return a request without what its schedule changes from an iteration on."""
    changes = parse_schedule(request.config.schedule)
    kept = schedule_text(one for one in changes if one.iteration < iteration)
    return replace(request, config=replace(request.config, schedule=kept))


def _one_at_a_time(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let the callbacks of a page take turns: with several threads, two can come at once."""

    @wraps(method)
    def waiting(self: Session, *arguments: Any, **named: Any) -> Any:
        with self._turn:
            return method(self, *arguments, **named)

    return waiting


class Session(param.Parameterized):
    """What this page has run, which run it follows, and the answer that it shows.

    Args:
        choice: What the person has chosen.
        queue: The queue that all pages share.
        library: Answers that were finished before, by whomever.
        visitor: Id of the person, who may have other pages; a new one if empty.

    Attributes:
        chose_stopped: Whether what is chosen is what a run was asked for that ended with its server.
    """

    runs = param.Parameter((), doc="Snapshots of the runs of this page, newest first.")
    others = param.Parameter((), doc="Snapshots of the runs of others that are live, newest first.")
    run = param.Parameter(None, doc="Snapshot of the run that the page follows, or None.")
    answer = param.Parameter(None, doc="The answer on the page (an `xarray.Dataset`), or None.")
    shown = param.Parameter(
        Shown(), doc="What is on the page (a `Shown`): all of it is drawn from this one value."
    )
    finished = param.Parameter(
        (), doc="What was finished before, by whomever, as far as is known by now, newest first."
    )
    looking = param.Boolean(False, doc="Whether more of that may come to light in a moment.")
    is_example = param.Boolean(False, doc="Whether that answer came with maxstim.")
    best = param.Boolean(
        False, doc="Whether to show the best iteration of an answer where the last is another."
    )
    key = param.String("", doc="Run id, or key in the library, of what is on the page.")
    verdict = param.String(
        "", doc="What the controls of the answer on show say in one line, or nothing."
    )
    problem = param.String("", doc="What went wrong last, as one sentence, or nothing.")
    network_hash = param.String(
        "", doc="Content hash of the chosen network, or nothing while unknown."
    )
    devices = param.Parameter(("cpu",), doc="Devices that the worker can use.")
    ahead = param.Parameter(
        None, doc="How far the search for all cell types is (an `AheadReport`), or None."
    )
    awaits_asked = param.Boolean(
        False, doc="Whether an answer to what is chosen is known, and will be ready in a moment."
    )
    submitting = param.Boolean(
        False, doc="Whether a request is on its way to the queue: its network is being opened."
    )

    def __init__(
        self, choice: Choice, queue: RunQueue, library: ResultLibrary, visitor: str = ""
    ) -> None:
        super().__init__()
        self.choice, self.queue, self.library = choice, queue, library
        self.id = visitor or secrets.token_hex(16)
        self.chose_stopped = False
        self._turn = threading.RLock()
        self._submissions = Submissions(self._hand_over)
        self._follows_next = True  # whether the page shall follow the run that is on its way
        self._missing = False  # whether no answer to what is chosen is known, or ready
        self._awaits = False  # whether one to be shown is known and will be ready in a moment
        self._coming: RunSnapshot | str = ""  # a run that has ended, or a key, whose answer will be
        self._coming_takes = True  # whether its settings are to be chosen then
        self._foreseen: tuple[RunRequest, Preview] | None = None
        self._looked_at: _LookedAt | None = None
        self._pause_next = 0  # the iteration at which the run that is on its way shall pause
        self._takes_stage = False  # whether the settings shall be those that the run goes by
        self._awaits_best = False  # whether the response to the best iteration is being computed
        self._answer_key = ""  # of the answer; while a run is followed, `key` is that of the run
        # Before anybody else's: who is told of the others finds it up to date.
        self.param.watch(self._choose_iteration, "answer")
        self.param.watch(self._show, ["run", "answer", "is_example", "best"])
        self._refresh()
        self.finished = library.entries()

    @property
    def live(self) -> bool:
        """Whether a run of this page is waiting or running."""
        return any(run.state in LIVE for run in self.runs)

    @property
    def lasting_key(self) -> str:
        """What a link to this page should carry: a result outlives the run that made it."""
        run = self.run
        if run is None or run.state in LIVE:
            return self.key
        if run.result is not None:
            return run.result.stem
        return self.key if self.answer is None else self._answer_key  # it has left nothing

    def is_showing(self, *keys: str) -> bool:
        """Tell whether the run or answer of one of these keys is on the page, or will be in a moment."""
        known = {self.key, self.lasting_key, self._coming if isinstance(self._coming, str) else ""}
        return not known.isdisjoint(filter(None, keys))

    @property
    def link_key(self) -> str:
        """The lasting key, or nothing where something else is chosen, which a link would contradict."""
        if not self.shows_question:
            return ""
        looked = self._looked
        return self.lasting_key if looked is None else looked.key

    @property
    def link_iteration(self) -> int:
        """The iteration of the run of `link_key` that is looked at, 0 for the last."""
        looked = self._looked
        return looked.iteration if looked is not None and self.link_key else 0

    @property
    def link_shown(self) -> str:
        """``best`` or ``last`` where that is chosen and not what the answer opens with, or nothing."""
        answer, run = self.answer, self.run
        if answer is None or (run is not None and run.state in LIVE) or not self.link_key:
            return ""
        if self.best == _opens_with_best(answer) or not has_other_best(answer):
            return ""
        return "best" if self.best else "last"

    @property
    def _looked(self) -> _LookedAt | None:
        """What is looked at, as long as the run that does so is as it was asked for."""
        looked, run = self._looked_at, self.run
        if looked is None:
            return None
        if run is None:
            return looked if self.key == looked.key or self.submitting else None
        same = looked.key in (self.key, self.lasting_key) or run.request == looked.request
        came = run.step <= looked.iteration and run.state != "cancelled"
        return looked if same and (came or self.submitting) else None

    @property
    def settled(self) -> bool:
        """Whether nothing is on its way that changes in a moment what a link says."""
        awaited = self._awaits or bool(self._coming) or (self._missing and self.looking)
        return not (self.submitting or awaited)

    @property
    def link_request(self) -> RunRequest | None:
        """What the run or answer of `link_key` was asked for, or None where there is none."""
        if not self.link_key:
            return None
        looked = self._looked
        if looked is not None:
            return looked.named
        if self.run is not None:
            return self.run.request
        with suppress(MaxstimError):  # a record that is not read
            return None if self.answer is None else request_of(self.answer)
        return None

    @property
    def question(self) -> PageQuestion:
        """What is chosen on the page."""
        choice = self.choice
        return PageQuestion(
            choice.cell_type,
            choice.method,
            choice.network,
            self.network_hash,
            choice.asked_further,
        )

    @property
    def shows_question(self) -> bool:
        """Whether what the page has a key of, a run or an answer, is what is chosen."""
        run = self.run
        live = run is not None and run.state in LIVE
        shown = PageQuestion.of_request(run.request) if live else self.shown.question
        return shown is None or shown == self.question.in_terms_of(shown)

    @property
    def note(self) -> str:
        """A sentence where the page shows something else than what is chosen, or nothing."""
        shown, run = self.shown.question, self.run
        if shown is None:
            return ""
        asked = self.question.in_terms_of(shown)
        if asked == shown:
            return self._settings_note()
        wanted, there = asked.unlike(shown), shown.unlike(asked)
        keeps = self._kept_by_run()
        if self.submitting or self.awaits_asked:
            return f"{wanted} is on its way; this is {there}."
        if run is not None and run.state in LIVE:
            coming = PageQuestion.of_request(run.request)
            if coming == asked.in_terms_of(coming):
                return f"{wanted} is on its way; this is {there}. {keeps}".strip()
        if self._comes_by_itself:
            ahead = self.ahead
            return (
                f"{wanted} comes by itself: the clips are being searched for all cell types, "
                f"{ahead.done} of {ahead.n_clips} by now. This is {there}."
            )
        if not self.network_hash:  # and with it, whether there is an answer
            return f"You chose {wanted}; this is {there}."
        return f"You chose {wanted}; this is {there}. Press Run for {wanted}."

    @property
    def _comes_by_itself(self) -> bool:
        """Whether what is chosen is among what is being searched for all cell types."""
        ahead, choice = self.ahead, self.choice
        return (
            ahead is not None
            and not ahead.is_over
            and choice.method == SearchConfig.method
            and (choice.network, choice.clips) == (ahead.network, ahead.clips)
        )

    @property
    def other_settings(self) -> bool:
        """Whether the answer on show was made with other settings than those chosen."""
        return self._settings_note().startswith("This answer")

    def _kept_by_run(self) -> str:
        """A sentence where the run that is going was asked for with other settings, or nothing."""
        run = self.run
        if run is None or run.state not in LIVE:
            return ""
        request = run.request
        if run.steerable:  # all else acts on it at once
            request = replace(request, config=request.config.stages[-1][1])
            with suppress(MaxstimError):
                mine = self.choice.request().config
                kept = {name: getattr(request.config, name) for name in FIXED}
                looked = self._looked
                if looked is not None and looked.named.config.schedule == mine.schedule:
                    kept["schedule"] = mine.schedule  # what comes later is not to be seen yet
                request = replace(request, config=replace(mine, **kept))
        differences = self._unlike_choice(request)
        return f"The run that is going keeps {', '.join(differences)}." if differences else ""

    def _settings_note(self) -> str:
        """A sentence where what is on show was asked for with other settings, or nothing."""
        run, answer = self.run, self.shown.answer
        if self.shown.run is not None or answer is None:
            return self._kept_by_run()
        if run is not None and run.state in LIVE:
            coming = PageQuestion.of_request(run.request)
            if coming == self.question.in_terms_of(coming):  # the same again, with other settings
                return f"Another is on its way. {self._kept_by_run()}".strip()
        with suppress(MaxstimError):  # a record that is not read
            differences = self._unlike_choice(request_of(answer))
            kept = kept_words(answer, same_settings=not differences)
            if differences:
                return f"This answer was made with {', '.join(differences)}. {kept}".strip()
            return kept
        return ""

    def _unlike_choice(self, request: RunRequest) -> list[str]:
        """Return the settings of a request that are not those chosen; none for another method."""
        try:
            mine = self.choice.request()
        except MaxstimError:  # a setting that is none, which its field says
            return []
        if request.method != mine.method:
            return []
        if request.clip != mine.clip and self._begins_alike(request, mine):
            request = replace(request, clip=mine.clip)
        return settings_unlike(request, mine)

    def _begins_alike(self, request: RunRequest, mine: RunRequest) -> bool:
        """Tell whether two requests that name a clip differently mean the same one.

        Through natural answers one looks by their clips: those do not count.
        """
        answer = self.shown.answer if self.shown.run is None else None
        if request.method == SearchConfig.method:
            return True
        if answer is None:
            return False
        if mine.clip:
            return mine.clip == clip_of(answer)
        searched = self.library.searched(answer)
        return searched is not None and str(searched["clip_name"].values[0]) == clip_of(answer)

    def take_settings(self) -> None:
        """Choose the settings of the answer on show."""
        if self.shown.finished is not None:
            self.choice.take(request_of(self.shown.finished))

    @property
    def may_cancel(self) -> bool:
        """Whether the run that the page follows is live and this page's own."""
        return self.run is not None and self.run.state in LIVE and self.run.session == self.id

    @_one_at_a_time
    def start(self) -> None:
        """Let what the person has chosen be submitted, as `submit`; say why where that cannot be."""
        self._looked_at = None
        try:
            self.submit(self.choice.request())
        except MaxstimError as error:
            self.problem = str(error)

    @_one_at_a_time
    def submit(self, request: RunRequest) -> None:
        """Let a run be submitted; `poll` follows it, or says why it was refused.

        Raises:
            MaxstimError: if too many are on their way already.
        """
        self._submissions.add(request)
        self._follows_next = self.submitting = True

    @_one_at_a_time
    def cancel(self) -> None:
        """Cancel the run that the page follows; the best so far is kept."""
        if self.may_cancel:
            self.queue.cancel(self.run.run_id)
            self.poll()

    @property
    def may_steer(self) -> bool:
        """Whether the run that the page follows is this page's own and can be steered."""
        run = self.run
        return self.may_cancel and run.steerable and run.state == "running"

    @property
    def may_go_on(self) -> bool:
        """Whether the answer that the page's own run has ended with can be gone on from, or back."""
        run = self.run
        ended = run is not None and run.state == "done" and run.session == self.id
        return ended and run.request.method == GenerateConfig.method

    @_one_at_a_time
    def act(self, kind: str, **how: Any) -> None:
        """Do something to the run that the page follows: see `RunQueue.act`; say why it cannot be."""
        if not self.may_steer:
            return
        try:
            self.queue.act(self.run.run_id, kind, **how)
        except MaxstimError as error:
            self.problem = str(error)
            return
        self._takes_stage = kind == "back"
        self._looked_at = None

    @_one_at_a_time
    def steer(self) -> None:
        """Let the run that goes on take the settings that are chosen by now, as far as it can."""
        if not self.may_steer or not self.shows_question:
            return
        try:
            chosen = self.choice.request().config
        except MaxstimError:  # a setting that is none, which its field says
            return
        now = self.run.request.config.stages[-1][1]
        values = {
            item.name: getattr(chosen, item.name)
            for item in dataclasses.fields(chosen)
            if item.name not in FIXED and getattr(chosen, item.name) != getattr(now, item.name)
        }
        if values:
            self.act("steer", values=values)

    @property
    def held_back(self) -> str:
        """Why what is chosen cannot act on a run that goes: a setting that is none; or nothing."""
        try:
            self.choice.request()
        except MaxstimError as error:
            return str(error)
        return ""

    def go_back_to(self, typed: str) -> None:
        """Go back to an iteration that a person has typed; what is none is said."""
        if not (self.may_steer or self.may_go_on):
            return
        least, most = (0, self.run.step) if self.may_steer else (1, self.run.step - 1)
        if most < 1:
            self.problem = (
                "There is no earlier iteration to go back to; let the run take more of them."
            )
            return
        iteration = read_number(typed[:LONGEST_ENTRY], whole=True)
        if iteration is None or not least <= iteration <= most:
            self.problem = f"Go back to {allowed(least, most, 'iterations', whole=True)}."
            return
        self.problem = ""
        self.go_back(int(iteration))

    @_one_at_a_time
    def go_back(self, iteration: int) -> None:
        """Go back to an iteration of the run on show and pause there, also after it has ended."""
        if self.may_steer:
            self.act("back", iteration=iteration)
        elif self.may_go_on and 0 < iteration < self.run.step:
            self._go_on_with(_until(self.run.request, iteration), iteration)

    @_one_at_a_time
    def look_at(self, iteration: int) -> bool:
        """Show an iteration of the run or answer that the page links to, by a run that pauses there.

        Only a browser that has followed a run keeps its iterations.

        Returns:
            Whether such a run is on its way; where none can be, the page says why.
        """
        named = self.link_request
        if named is None or not isinstance(named.config, GenerateConfig):
            self.problem = "The iteration of this link is of no generated movie that is here."
        elif iteration > named.config.n_steps:
            self.problem = (
                f"The iteration of this link is {iteration}, and its run has {named.config.n_steps}; "
                "the last one is shown."
            )
        elif iteration < named.config.n_steps:
            request = _until(named, iteration)
            if self._go_on_with(request, iteration, takes_stage=False):
                self._looked_at = _LookedAt(self.lasting_key, named, iteration, request)
                return True
        return False

    @_one_at_a_time
    def go_on(self) -> None:
        """Let the run on show, which has ended, take as many iterations more as it was asked for."""
        if self.may_go_on:
            config = self.run.request.config
            more = config.n_steps + iterations_asked(config)
            last = f"{config.n_steps}: n_iters={more}"
            schedule = "; ".join(filter(None, [config.schedule, last]))
            request = replace(self.run.request, config=replace(config, schedule=schedule))
            self._go_on_with(request, 0)

    def _go_on_with(self, request: RunRequest, pause_at: int, *, takes_stage: bool = True) -> bool:
        self._pause_next, self._looked_at = pause_at, None
        try:
            self.submit(request)
        except MaxstimError as error:
            self._pause_next, self.problem = 0, str(error)
            return False
        self._takes_stage = takes_stage
        return True

    def _take_stage(self, run: RunSnapshot) -> None:
        """Let the page choose what its run goes by: after going back, and when it has ended."""
        config = run.request.config
        if run.session != self.id or not isinstance(config, GenerateConfig):
            return
        if run.state == "running" and self._takes_stage and run.step:
            self._takes_stage = False
            self.choice.take(replace(run.request, config=config.stages[-1][1]))
        elif run.state in ("done", "cancelled") and run.result is not None and config.schedule:
            ended = PageQuestion.of_request(run.request)
            if ended == self.question.in_terms_of(ended):  # else something else is chosen by now
                self.choice.take(run.request)

    @_one_at_a_time
    def poll(self) -> None:
        """Read the queue, and fetch the answer of the followed run when it has ended."""
        self._take_submitted()
        everybodys = self.queue.snapshots()
        runs = tuple(run for run in everybodys if run.session == self.id)
        if [_moment(run) for run in runs] != [_moment(run) for run in self.runs]:
            self.runs = runs
        others = tuple(r for r in everybodys if r.session != self.id and r.state in LIVE)
        # Not at every step of theirs, of which only their own pages tell.
        if [(r.run_id, r.position, r.paused) for r in others] != [
            (r.run_id, r.position, r.paused) for r in self.others
        ]:
            self.others = others
        self.devices = self.queue.devices()
        self._take_ahead()
        self._list()
        self._show_coming()
        if self._awaits_best:
            self._show()
        followed = self._run_in_queue(self.key) if self.key else None
        if followed is None or (self.run is not None and _moment(followed) == _moment(self.run)):
            return
        ended = followed.state not in LIVE
        was_live = self.run is None or self.run.state in LIVE
        if ended and was_live and followed.result is not None and self.shown.run is not None:
            self._coming = followed
        self.run = followed
        self._take_stage(followed)
        if ended and was_live:
            self._fetch(followed)

    @_one_at_a_time
    def follow(self, key: str, *, takes_settings: bool = True) -> None:
        """Show a run of the queue, or an answer of the library, by its key.

        Args:
            key: Its run id, or its key in the library.
            takes_settings: Whether what it was asked for is chosen, too.
        """
        self._coming = ""
        try:
            run = self._run_in_queue(key)
            if run is None and is_run_id(key) and self.library.find(key) is None:
                stopped = self.queue.store.stopped.find(key)
                if stopped is None or self.library.find(stopped.key) is None:
                    self._tell_gone(stopped, takes_settings)
                    return
                key = stopped.key
            if run is None and not self._is_ready(key):
                self._coming, self._coming_takes = key, takes_settings
                return
            answer = self.library.open(key) if run is None else None
            request = request_of(answer) if run is None else run.request
        except MaxstimError as error:
            self.problem = str(error)
            return
        self._follows_next = False
        self._looked_at = None
        if takes_settings:
            self.choice.take(request)
        self.param.update(problem="", key=key, run=None)
        if run is not None:
            self.poll()
        else:
            entry = self.library.find(key)
            example = entry is not None and entry.example
            self._answer_key = key
            self.param.update(is_example=example, answer=answer, **self._news())

    def _tell_gone(self, stopped: StoppedRun | None, takes_settings: bool) -> None:
        """Say that a run is gone, and choose what it was asked for, where that is known."""
        if stopped is not None and takes_settings:
            self.choice.take(stopped.request)
            self.chose_stopped = True
        self.problem = gone_words(stopped)

    def follow_meanwhile(self, key: str) -> None:
        """Show something until what was to be followed is ready."""
        coming = self._coming
        self.follow(key)
        self._coming = self._coming or coming

    @_one_at_a_time
    def show_while_waiting(self, key: str) -> None:
        """Show an answer of the library until the run that is followed has something to show."""
        entry = self.library.find(key)
        if entry is None or self.shown.question is not None or not self.library.is_ready(entry):
            return
        with suppress(MaxstimError):  # spoilt: the page stays empty
            answer = self.library.open(key)
            self._answer_key = key
            self.param.update(is_example=entry.example, answer=answer)

    @_one_at_a_time
    def show_chosen(self) -> None:
        """Show the newest finished answer to what is chosen, if there is one; settings stay as they are.

        A run that is going stays on show, and so does an answer to what is chosen. What comes to light
        while the folder is being looked at is shown by a later `poll`.
        """
        self._coming = ""
        self._refresh()
        self._show_chosen()

    def _show_chosen(self) -> None:
        self._missing = self._awaits = False
        held = self.choice.taking or self._follows or not self.network_hash
        if held or (self.shown.question is not None and self.shows_question):
            self.awaits_asked = False
            return
        entry, shown = self.newest(), self.shown.question
        self._missing = entry is None
        if entry is None and (shown is None or shown.cell_type != self.choice.cell_type):
            entry = self.newest(GenerateConfig.method)  # nearer than that of another cell type
        self._awaits = entry is not None and not self.library.is_ready(entry)
        self.awaits_asked = self._awaits and not self._missing
        self._missing = self._missing or self._awaits
        self.looking = self.looking or self._awaits
        if entry is None or self._awaits:
            return
        try:
            answer = self.library.open(entry.key)
        except MaxstimError:  # removed since it was listed, or spoilt: what is on show stays
            return
        self._answer_key = entry.key
        self.param.update(key=entry.key, run=None, is_example=entry.example, answer=answer)

    def _show_instead(self) -> None:
        """Show something where a run that has left nothing was all that there was to show."""
        if self.answer is not None:
            return
        self._show_chosen()
        example = self.library.example()
        if example is not None and not self._awaits:
            self.show_while_waiting(example.key)

    @property
    def _follows(self) -> bool:
        """Whether the page follows a run, also one that is on its way or has not been looked at yet."""
        if self.run is not None:
            return self.run.state in LIVE
        return (self.submitting and self._follows_next) or self._run_in_queue(self.key) is not None

    def foresee(self, request: RunRequest, preview: Preview) -> None:
        """Let a run show what is known of its answer until it has something to show itself."""
        self._foreseen = request, preview
        self._show()

    def _show(self, *events: object) -> None:
        run, coming = self.run, self._coming
        if run is not None and isinstance(coming, RunSnapshot) and coming.run_id == run.run_id:
            return  # its answer comes in a moment; the one before it is not it
        if run is not None and (run.state not in LIVE or run.preview is None):
            foreseen, self._foreseen = self._foreseen, None
            if run.state in LIVE and foreseen is not None and foreseen[0] == run.request:
                self._foreseen, run = foreseen, replace(run, preview=foreseen[1])
            else:
                run = None
        answer = self._at_best() if run is None and self.best else None
        shown = Shown(run, answer or self.answer, self.is_example, answer is not None)
        if not shown.same(self.shown):
            self.shown = shown

    def _choose_iteration(self, *events: object) -> None:
        """Show the best of a run that was cancelled, and what others have ended with."""
        answer = self.answer
        self.best = answer is not None and _opens_with_best(answer)

    def _at_best(self) -> xr.Dataset | None:
        """Return the answer with the response to its best iteration, if that is another and is known."""
        self._awaits_best = False
        if self.answer is None or not has_other_best(self.answer):
            return None
        try:
            answer = self.library.best(self._answer_key)
        except MaxstimError as error:
            self.param.update(best=False, problem=str(error))
            return None
        self._awaits_best = answer is None
        self.looking = self.looking or answer is None
        return answer

    def newest(self, method: str = "") -> ResultRecord | None:
        """Return the finished answer to what is chosen that is to be shown, or None.

        The one with the settings that are chosen; else one with the settings that the page starts with;
        else any. Complete ones come first, and of those with the same settings that of the clip that
        excites the cell most, then the newest; of those that are known by now.

        Args:
            method: By which method, in place of the chosen one.
        """
        asked = self.question
        if method and method != asked.method:
            asked = replace(asked, method=method, further=())
        found = [
            entry
            for entry in self.library.entries()
            if (entry.cell_type, entry.method, entry.network_hash, entry.networks[1:])
            == (asked.cell_type, asked.method, asked.network_hash, asked.further)
        ]
        # Of equals the first, which is the newest.
        return min(
            found,
            key=lambda entry: (entry.status != "complete", *self._distance(entry)),
            default=None,
        )

    def _distance(self, entry: ResultRecord) -> tuple[int, float]:
        """Return how far an answer is from what is chosen, to be compared with others.

        First 0 for the settings that are chosen, 1 for the first ones, else 2; then, where a clip was
        chosen out of a set, less for a clip that excites the cell more.
        """
        details, choice = self.library.details(entry), self.choice
        if details is None:
            return 2, 0.0
        settings = choice.settings[entry.method]
        of_clip = entry.method != GenerateConfig.method
        lesser = -details.peak if of_clip else 0.0
        with suppress(MaxstimError):
            chosen = details.config == settings.of_values().to_json()
            if chosen and (not of_clip or details.clips == choice.clips):
                return 0, lesser
        first = starting_preset(settings.config_class).to_json()
        return (1, lesser) if details.config == first else (2, 0.0)

    def unexpected(self, error: BaseException) -> None:
        """Tell of a fault of the page itself: a sentence for the person, the traceback for the log."""
        if isinstance(error, MaxstimError):
            self.problem = str(error)
            return
        reference = log_fault(error)
        self.problem = (
            f"Something went wrong on the server (its log says what under {reference}); try again."
        )

    def comparable_answers(self) -> dict[str, xr.Dataset]:
        """Return the answer on the page with those to compare it with, by method."""
        answer = self.shown.view
        if answer is None:
            return {}
        found = self.library.comparable_answers(answer)
        self.looking = self.looking or self.library.looking  # of many, not all may be known yet
        return found

    def _take_submitted(self) -> None:
        """Follow the runs that were submitted, unless another was chosen to be shown meanwhile."""
        for submitted in self._submissions.take():
            if submitted.error is not None:
                self.unexpected(submitted.error)
            elif self._follows_next:
                self.param.update(problem="", key=submitted.run_id, run=None)
        self.submitting = self._submissions.busy

    def _hand_over(self, request: RunRequest) -> str:
        """Submit a request and return the id of its run; not in the page's thread."""
        pause_at, self._pause_next = self._pause_next, 0
        live = request.method == GenerateConfig.method
        if pause_at:
            return self.queue.submit(request, self.id, live=live, pause_at=pause_at)
        return self._same(request) or self.queue.submit(request, self.id, live=live)

    def _same(self, request: RunRequest) -> str:
        """Return the id of this page's own run of a request, or nothing.

        Who presses Run again wants to see that run. A network or clip set that does not come with
        maxstim may have changed in the meantime: the queue is asked again.
        """
        lasting = request.method == "generated" or request.clips in MADE_SETS
        lasting = lasting and all(is_bundled(name) for name in request.networks)
        reusable = (*LIVE, "done") if lasting else LIVE
        runs = self.queue.snapshots(self.id)
        same = (run for run in runs if run.request == request and run.state in reusable)
        return next((run.run_id for run in same), "")

    def _take_ahead(self) -> None:
        """Learn how far the search for all cell types is, and show what it has found."""
        ahead, before = self.queue.ahead(), self.ahead
        if ahead == before:
            return
        self.ahead = ahead
        found = 0 if before is None else before.n_answers
        if ahead is not None and ahead.n_answers != found and not self.shows_question:
            self._refresh()
            self._show_chosen()

    def _run_in_queue(self, key: str) -> RunSnapshot | None:
        try:
            return self.queue.snapshot(key)
        except MaxstimError:  # no run of this server: a key of the library, or nothing
            return None

    def _is_ready(self, key: str) -> bool:
        """Whether an answer opens at once; where it does not, more is to come in a moment."""
        entry = self.library.find(key)
        ready = entry is None or self.library.is_ready(entry)
        self.looking = self.looking or not ready
        return ready

    def _show_coming(self) -> None:
        """Show what was to be shown and was not ready."""
        coming = self._coming
        if isinstance(coming, RunSnapshot):
            self._fetch(coming)
        elif coming:
            self.follow(coming, takes_settings=self._coming_takes)

    def _fetch(self, run: RunSnapshot) -> None:
        self._coming = ""
        if run.result is None:
            self.problem = run.message if run.state == "failed" else ""
            self._show_instead()
            return
        key = run.result.stem
        try:
            if not self._is_ready(key):  # which also lists it at once
                self._coming = run
                return
            entry = self.library.find(key)
            shipped = entry is not None and entry.example
            answer = self.library.open(key) if shipped else load(run.result)
        except MaxstimError as error:
            self.problem = str(error)
            self._show()
            return
        self._refresh()
        self._answer_key = key
        self.param.update(is_example=shipped, answer=answer, **self._news())

    def _refresh(self) -> None:
        """Have the folder of results looked at; `poll` tells what comes of it."""
        self.library.refresh()
        self.looking = True

    def _list(self) -> None:
        """List what is known by now, and show what was chosen before it was known."""
        looking = self.library.looking  # before the list: what comes after it is in the next
        news = self._news()
        self.param.update(looking=looking, **news)
        if self._missing and (news or self._awaits):
            self._show_chosen()
        if not looking and not self._awaits:
            self._missing = False

    def _news(self) -> dict[str, tuple[ResultRecord, ...]]:
        finished = self.library.entries()
        return {} if finished is self.finished else {"finished": finished}
