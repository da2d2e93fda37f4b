"""What a person has chosen on the page: parameters only, no widgets and no work.

The settings of the three methods mirror the frozen configurations of the core. Their labels, units,
bounds, steps and help texts come from there; nothing is typed twice.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import param

from dashboard.state.listing import CLIP_SETS
from dashboard.state.objective import check_others
from dashboard.state.settings import Settings, settings_class
from dashboard.state.silence import check_silence
from dashboard.state.visitors import check_listed
from maxstim_core.export.captions import set_title
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.optimal.configs import (
    CONFIGS,
    GenerateConfig,
    RegularizeConfig,
)
from maxstim_core.runs.request import RunRequest
from maxstim_core.stimuli.stored.paintings import PAINTED

BESIDE_SETTINGS = ("cell_type", "method", "network", "further_networks", "clips", "clip")
"""What a run is asked for beside the settings of its method, by its names in `RunRequest`."""


class Choice(param.Parameterized):
    """What to run: a cell type, a method with its settings, a network, movies and a device."""

    cell_type = param.Selector(default="T4c", objects=list(bundled_connectome().names))
    method = param.Selector(default=GenerateConfig.method, objects=list(CONFIGS))
    network = param.String(
        default="default", doc="As `maxstim_core.networks.catalog.open_network` takes it."
    )
    further = param.Parameter(
        (),
        doc="Names of the networks that a generated movie is for as well, a tuple: those of "
        "`RunRequest.further_networks`.",
    )
    clips = param.Selector(
        default="scenes",
        objects=["scenes"],
        label="Movies to search",
        doc="The set of clips that is searched for the one that excites the cell most. Add a movie of "
        "your own here, or Sintel with the command maxstim movies sintel.",
    )
    clip = param.String(doc="Name of the clip that a regularized run begins from, or nothing.")
    device = param.Selector(default="auto", objects=["auto"], label="Device")

    listed_only = False
    """Whether only networks of the list can be asked for: no paths (`dashboard.state.visitors`)."""

    taking = False
    """Whether what a run was asked for is being chosen, and not by a person."""

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self.offer_sets()
        self.settings: dict[str, Settings] = {
            method: settings_class(config)() for method, config in CONFIGS.items()
        }
        for settings in self.settings.values():
            settings.load_starting()
        self.param.watch(self._keep_further, ["network", "further"])
        # It was found for this cell type, network and set; for another it would be a surprise.
        self.param.watch(self._forget_clip, ["cell_type", "network", "clips"])

    def offer_sets(self) -> None:
        """Offer the sets of movies that there are by now, and the chosen one even if it is gone."""
        self._offer((*CLIP_SETS.latest(), self.clips))

    def take_set(self, name: str) -> None:
        """Choose a set that has just been stored."""
        self._offer((*CLIP_SETS.latest(), self.clips, name))
        self.clips = name

    def _offer(self, names: tuple[str, ...]) -> None:
        offered = {set_title(name): name for name in dict.fromkeys(names)}
        if offered != self.param.clips.names:
            self.param.clips.objects = offered

    def request(self) -> RunRequest:
        """Return the run that the choices describe.

        Raises:
            MaxstimError: if they describe none, or one that a visitor cannot ask for.
        """
        if self.listed_only:
            for name in (self.network, *self.asked_further):
                check_listed(name)
        config = self.settings[self.method].config()
        if isinstance(config, GenerateConfig):
            check_others(config.objective, self.cell_type)
        check_silence(config.silence, self.cell_type)
        return RunRequest(
            cell_type=self.cell_type,
            config=config,
            network=self.network,
            clips=self.clips,
            device=self.device,
            clip=self.clip if self.method == RegularizeConfig.method else "",
            further_networks=self.asked_further,
        )

    @property
    def asked_further(self) -> tuple[str, ...]:
        """The further networks, where the method asks several at once."""
        return self.further if self.method == GenerateConfig.method else ()

    def take(self, request: RunRequest) -> None:
        """Choose what a run was asked for, so that it can be changed and run again."""
        self.settings[request.method].load(request.config)
        self.take_beside(request, BESIDE_SETTINGS)

    def take_beside(self, request: RunRequest, names: Collection[str]) -> None:
        """Choose some of what a run was asked for beside its settings; the others stay.

        Args:
            request: What was asked for.
            names: Some of `BESIDE_SETTINGS`.
        """
        asked = {name: name for name in ("cell_type", "method", "network")}
        asked["further_networks"] = "further"
        self.taking = True
        try:
            self.param.update(
                **{own: getattr(request, name) for name, own in asked.items() if name in names}
            )
            self._keep_further()
        finally:
            self.taking = False
        if "clips" not in names and "clip" not in names:
            return
        if request.clips not in self.param.clips.objects:  # perhaps stored a moment ago
            painted = [request.clips] if request.clips.startswith(PAINTED) else []  # never listed
            self._offer((*CLIP_SETS.read(), self.clips, *painted))
        if request.clips in self.param.clips.objects:  # else the set was removed meanwhile
            self.clips = request.clips
            self.clip = request.clip if request.method == RegularizeConfig.method else ""

    def begin_from(self, request: RunRequest, clip: str) -> None:
        """Let a regularisation begin from a clip that a person looks at, where that is being chosen."""
        asked = (request.cell_type, request.network, request.clips)
        if self.method == RegularizeConfig.method and asked == (
            self.cell_type, self.network, self.clips,
        ):  # fmt: skip
            self.clip = clip

    def _keep_further(self, *events: param.parameterized.Event) -> None:
        """Ask no network twice, and say how several are asked only where there are several."""
        kept = tuple(name for name in dict.fromkeys(self.further) if name != self.network)
        if kept != self.further:
            self.further = kept
        if not kept:
            self.settings[GenerateConfig.method].param.update(across=GenerateConfig.across)

    def _forget_clip(self, *events: param.parameterized.Event) -> None:
        self.clip = ""
