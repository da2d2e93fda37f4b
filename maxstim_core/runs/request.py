"""What a person asks for, and the key under which its result is stored."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.catalog import is_bundled, open_network
from maxstim_core.networks.network import Network
from maxstim_core.networks.silencing import silenced
from maxstim_core.optimal.configs import CONFIGS, GenerateConfig, RegularizeConfig, SearchConfig
from maxstim_core.optimal.possible import check_possible
from maxstim_core.settings import Config
from maxstim_core.stimuli.catalog import DEFAULT_CLIPS, clip_named, open_clips
from maxstim_core.stimuli.clip_set import ClipSet

if TYPE_CHECKING:
    import xarray as xr

_FORMAT = 1
"""Part of every key: to be raised when the same request would give another result."""

SEARCH_FORMAT = 2
"""Part of the key of a search: to be raised when other things are measured. 1 kept the best alone."""

_DEVICE = re.compile(r"auto|cpu|cuda(:\d+)?")


@dataclass(frozen=True)
class RunRequest:
    """One question to a network: hashable, and the same after a round trip through JSON.

    Attributes:
        cell_type: For example ``T4c``.
        config: Hyperparameters; their class says which of the three answers is wanted.
        network: As `maxstim_core.networks.catalog.open_network` takes it.
        clips: Name of the clip set that natural and regularized answers start from.
        clip: Name of the clip of that set that is shown, or regularized; the best one if empty.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:1`` and so on. It does not change the answer.

    Raises:
        MaxstimError: if a value is of the wrong kind. Whether the cell type, network, clip set and
            device exist is checked by `opened` and by the queue.
    """

    cell_type: str
    config: SearchConfig | RegularizeConfig | GenerateConfig
    network: str = "default"
    clips: str = DEFAULT_CLIPS
    device: str = "auto"
    clip: str = ""

    def __post_init__(self) -> None:
        if type(self.config) not in CONFIGS.values():
            raise MaxstimError(
                "A run needs a SearchConfig, RegularizeConfig or GenerateConfig, "
                f"not {self.config!r}."
            )
        for name in ("cell_type", "network", "clips", "device"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value:
                raise MaxstimError(f"The {name} of a run must be a name, not {value!r}.")
        if not isinstance(self.clip, str) or (self.clip and self.method == GenerateConfig.method):
            raise MaxstimError(
                f"The clip of a run must be the name of a clip, and only of a natural or regularized "
                f"run, not {self.clip!r}."
            )
        if not _DEVICE.fullmatch(self.device):
            raise MaxstimError(
                f"There is no device {self.device!r}; choose auto, cpu, or a GPU such as cuda:0."
            )

    @property
    def method(self) -> str:
        """``natural``, ``regularized`` or ``generated``."""
        return self.config.method

    def to_json(self) -> str:
        """Return the request as JSON text with sorted keys."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        values |= {"method": self.method, "config": self.config.to_dict()}
        return json.dumps(values, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> RunRequest:
        """Read what `to_json` wrote.

        Raises:
            MaxstimError: if the text is no request, or a value is out of its bounds.
        """
        try:
            values = json.loads(text)
            config = CONFIGS[values.pop("method")](**values.pop("config"))
            return cls(config=config, **values)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise MaxstimError(
                "The text is no description of a run; copy it again from where it was shown."
            ) from None


def opened(request: RunRequest) -> tuple[Network, ClipSet | None]:
    """Return the network and the clips that a request is about (no clips for a generated answer).

    In the network, the cell types that the settings name are silenced. Clip sets are opened again each
    time, so that one that has changed is noticed. Any thread.

    Raises:
        MaxstimError: if the network, its cell type, the clip set or the clip does not exist, or a
            generated stimulus cannot be as its settings ask.
    """
    network = opened_network(request.network)
    network.cell_type(request.cell_type)
    network = silenced(network, request.config.silence, cell_type=request.cell_type)
    if isinstance(request.config, GenerateConfig):
        check_possible(network, request.cell_type, request.config)
        return network, None
    clips = open_clips(request.clips, network.lattice.extent)
    if request.clip:
        clip_named(clips, request.clip)
    return network, clips


def opened_network(name: str) -> Network:
    """Return a network by its name, at its full extent.

    Bundled networks are opened once; others again each time, so that one that has changed is noticed.
    Any thread.

    Raises:
        MaxstimError: as `maxstim_core.networks.catalog.open_network`.
    """
    return _bundled_network(name) if is_bundled(name) else open_network(name)


def content_key(request: RunRequest, network: Network, clips: ClipSet | None) -> str:
    """Return the hexadecimal SHA-256 of everything that determines the answer.

    That is the method, its settings, the cell type, network and clips, and the clip if one is named. Of
    network and clips it is the contents, and the names as well: an answer tells them, and the next run
    begins from what it tells. The device is no part of it.
    """
    parts = [
        _FORMAT,
        request.config.content_hash,
        request.cell_type,
        request.network,
        network.content_hash,
        request.clip,
    ]
    if clips is not None:
        parts += [clips.name, clips.content_hash, *clips.names]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def search_key(config: SearchConfig, network: Network, clips: ClipSet) -> str:
    """Return the key of a search, which serves all cell types of a network and all scores.

    Of the settings, only those that change what is simulated are in it.
    """
    simulated = [config.protocol, config.dt]
    parts = [SEARCH_FORMAT, "search", *simulated, network.content_hash, clips.content_hash]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@lru_cache
def _bundled_network(name: str) -> Network:
    return open_network(name)


def config_of(answer: xr.Dataset) -> Config | None:
    """Return the settings that an answer was made with; None where its attributes do not tell."""
    try:
        return CONFIGS[answer.attrs["method"]](**json.loads(answer.attrs["config"]))
    except (KeyError, TypeError, ValueError, MaxstimError):  # of another version
        return None


def request_of(answer: xr.Dataset) -> RunRequest:
    """Return the run that makes an answer, from its attributes.

    Raises:
        MaxstimError: if the attributes do not tell.
    """
    about = answer.attrs
    try:
        config = CONFIGS[about["method"]](**json.loads(about["config"]))
        return RunRequest(
            cell_type=about["cell_type"],
            config=config,
            network=about["network"],
            clips=about.get("clips", RunRequest.clips),
            device="auto",
            clip=about.get("clip", ""),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise MaxstimError("This result does not say how it was made; run it again.") from error
