"""What a person has chosen on the page: parameters only, no widgets and no work.

The settings of the three methods mirror the frozen configurations of the core. Their labels, units,
bounds, steps and help texts come from there; nothing is typed twice.
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

import param

from dashboard.entries import Entries
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.optimal.configs import (
    CONFIGS,
    GenerateConfig,
    RegularizeConfig,
    flyvis_preset,
    starting_preset,
)
from maxstim_core.runs.request import RunRequest
from maxstim_core.settings import Config
from maxstim_core.stimuli.catalog import clip_set_names

CLIP_SETS = {
    "scenes": "Made scenes",
    "made": "Made scenes and textbook stimuli",
    "probes": "Textbook stimuli alone",
    "sintel": "Sintel",
}
"""What the sets are called that maxstim knows; one of your own is called what you called it."""


class Settings(param.Parameterized):
    """Base of the settings of one method; `settings_class` makes the subclasses."""

    config_class: ClassVar[type[Config]]

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        self.entries = Entries()

    def config(self) -> Config:
        """Return the frozen configuration of the current values.

        Raises:
            MaxstimError: if the values contradict each other, or a field holds what is no value.
        """
        self.entries.check()
        return self.config_class(**{name: getattr(self, name) for name in self.names()})

    def load(self, config: Config) -> None:
        """Take the values of a configuration."""
        self.entries.clear()
        self.param.update(**dataclasses.asdict(config))

    def load_starting(self) -> None:
        """Take the values that suit the bundled network, with which the page starts."""
        self.load(starting_preset(self.config_class))

    def load_flyvis(self) -> None:
        """Take the values with which flyvis runs this method."""
        self.load(flyvis_preset(self.config_class))

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Names of the settings, in the order of the configuration."""
        return tuple(setting.name for setting in dataclasses.fields(cls.config_class))


def settings_class(config_class: type[Config]) -> type[Settings]:
    """Return the `param` class that mirrors a configuration."""
    parameters = {f.name: _parameter(f) for f in dataclasses.fields(config_class)}
    name = config_class.__name__.removesuffix("Config") + "Settings"
    doc = config_class.__doc__
    return type(name, (Settings,), {"__doc__": doc, "config_class": config_class, **parameters})


def _parameter(setting: dataclasses.Field) -> param.Parameter:
    about: Any = setting.metadata
    unit = f" ({about['unit']})" if about["unit"] else ""
    common = {"default": setting.default, "label": about["label"] + unit, "doc": about["doc"]}
    if isinstance(setting.default, bool):
        return param.Boolean(**common)
    if isinstance(setting.default, str):
        words = about["choice_words"]
        objects = {words[c][0]: c for c in about["choices"]} if words else list(about["choices"])
        return param.Selector(objects=objects, **common)
    number = param.Integer if isinstance(setting.default, int) else param.Number
    return number(
        bounds=about["bounds"], softbounds=about["softbounds"], step=about["step"], **common
    )


class Choice(param.Parameterized):
    """What to run: a cell type, a method with its settings, a network, movies and a device."""

    cell_type = param.Selector(default="T4c", objects=list(bundled_connectome().names))
    method = param.Selector(default=GenerateConfig.method, objects=list(CONFIGS))
    network = param.String(
        default="default", doc="As `maxstim_core.networks.catalog.open_network` takes it."
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
        # It was found for this cell type, network and set; for another it would be a surprise.
        self.param.watch(self._forget_clip, ["cell_type", "network", "clips"])

    def offer_sets(self) -> None:
        """Offer the sets of movies that there are by now, and the chosen one even if it is gone."""
        names = dict.fromkeys((*clip_set_names(), self.clips))
        offered = {CLIP_SETS.get(name, name): name for name in names}
        if offered != self.param.clips.names:
            self.param.clips.objects = offered

    def take_set(self, name: str) -> None:
        """Choose a set that has just been stored."""
        self.offer_sets()
        self.clips = name

    def request(self) -> RunRequest:
        """Return the run that the choices describe.

        Raises:
            MaxstimError: if they describe none.
        """
        return RunRequest(
            cell_type=self.cell_type,
            config=self.settings[self.method].config(),
            network=self.network,
            clips=self.clips,
            device=self.device,
            clip=self.clip if self.method == RegularizeConfig.method else "",
        )

    def take(self, request: RunRequest) -> None:
        """Choose what a run was asked for, so that it can be changed and run again."""
        self.settings[request.method].load(request.config)
        self.taking = True
        try:
            self.param.update(
                cell_type=request.cell_type, method=request.method, network=request.network
            )
        finally:
            self.taking = False
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

    def _forget_clip(self, *events: param.parameterized.Event) -> None:
        self.clip = ""
