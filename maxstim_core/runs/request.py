"""What a person asks for, and the key under which its result is stored."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from maxstim_core.errors import MaxstimError
from maxstim_core.networks.catalog import is_bundled, open_network
from maxstim_core.networks.network import Network
from maxstim_core.networks.silencing import silenced
from maxstim_core.optimal.configs import CONFIGS, GenerateConfig, RegularizeConfig, SearchConfig
from maxstim_core.optimal.possible import check_number, check_possible, check_together
from maxstim_core.optimal.result import networks_of
from maxstim_core.settings import Config
from maxstim_core.stimuli.catalog import DEFAULT_CLIPS, clip_named, open_clips
from maxstim_core.stimuli.clip_set import ClipSet

if TYPE_CHECKING:
    import xarray as xr

_FORMAT = 1
"""Part of every key: to be raised when the same request would give another result."""

SEARCH_FORMAT = 2
"""Part of the key of a search: to be raised when other things are measured. 1 kept the best alone."""

MOST_NETWORKS = 10
"""Networks that a run asks at once, at most: as many as the ensemble that comes with maxstim has."""

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
        further_networks: Networks that a generated stimulus is for as well, as the setting ``across``
            says: docs/objectives.md#objectives. The response is that of `network`.
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
    further_networks: tuple[str, ...] = ()

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
        if self.further_networks != ():
            self._check_further()

    def _check_further(self) -> None:
        further: object = self.further_networks
        if not isinstance(further, tuple) or not all(isinstance(n, str) and n for n in further):
            raise MaxstimError(
                f"The further networks of a run must be a tuple of names, not {further!r}."
            )
        if not isinstance(self.config, GenerateConfig):
            raise MaxstimError(
                "Only a generated stimulus is made for several networks at once; leave out the "
                "further networks, or ask for a generated one."
            )
        if len(self.networks) > MOST_NETWORKS:
            raise MaxstimError(
                f"A run asks at most {MOST_NETWORKS} networks at once, not {len(self.networks)}; leave "
                "some out."
            )
        for name in further:
            if self.networks.count(name) > 1:
                raise MaxstimError(
                    f"The network {name} is asked twice at once; leave it out of the further ones."
                )
        check_number(len(self.networks), self.config)

    @property
    def method(self) -> str:
        """``natural``, ``regularized`` or ``generated``."""
        return self.config.method

    @property
    def networks(self) -> tuple[str, ...]:
        """All networks that it asks at once, the one whose response is shown first."""
        return (self.network, *self.further_networks)

    def to_json(self) -> str:
        """Return the request as JSON text with sorted keys."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        if not self.further_networks:  # it came later: requests of one network are as before
            del values["further_networks"]
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
            further = values.pop("further_networks", [])
            if not isinstance(further, list):
                raise TypeError
            return cls(config=config, further_networks=tuple(further), **values)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise MaxstimError(
                "The text is no description of a run; copy it again from where it was shown."
            ) from None


def opened(request: RunRequest) -> tuple[Network, ClipSet | None, tuple[Network, ...]]:
    """Return the network, the clips and the further networks that a request is about.

    There are no clips for a generated answer, and further networks for no other. In the networks, the
    cell types that the settings name are silenced. Clip sets are opened again each time, so that one
    that has changed is noticed. Any thread.

    Raises:
        MaxstimError: if a network, its cell type, the clip set or the clip does not exist, a
            generated stimulus cannot be as its settings ask, or the networks cannot be asked at once.
    """
    network, *further = (_asked_network(request, name) for name in request.networks)
    if isinstance(request.config, GenerateConfig):
        if further:
            check_together([network, *further], request.config)
        check_possible(network, request.cell_type, request.config)
        return network, None, tuple(further)
    clips = open_clips(request.clips, network.lattice.extent)
    if request.clip:
        clip_named(clips, request.clip)
    return network, clips, ()


def _asked_network(request: RunRequest, name: str) -> Network:
    network = opened_network(name)
    network.cell_type(request.cell_type)
    return silenced(network, request.config.silence, cell_type=request.cell_type)


def opened_network(name: str) -> Network:
    """Return a network by its name, at its full extent.

    Bundled networks are opened once; others again each time, so that one that has changed is noticed.
    Any thread.

    Raises:
        MaxstimError: as `maxstim_core.networks.catalog.open_network`.
    """
    return _bundled_network(name) if is_bundled(name) else open_network(name)


def content_key(
    request: RunRequest,
    network: Network,
    clips: ClipSet | None,
    further: Sequence[Network] = (),
) -> str:
    """Return the hexadecimal SHA-256 of everything that determines the answer.

    That is the method, its settings, the cell type, networks and clips, and the clip if one is named. Of
    networks and clips it is the contents, and the names as well: an answer tells them, and the next run
    begins from what it tells. The device is no part of it.

    Args:
        request: What is asked, with what `opened` returns of it:
        network: Its network.
        clips: Its clips.
        further: Its further networks.
    """
    parts: list[Any] = [
        _FORMAT,
        request.config.content_hash,
        request.cell_type,
        request.network,
        network.content_hash,
        request.clip,
    ]
    if clips is not None:
        parts += [clips.name, clips.content_hash, *clips.names]
    asked = zip(request.further_networks, further, strict=True)
    parts += [[name, each.content_hash] for name, each in asked]  # none leave the keys as they were
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
            further_networks=networks_of(about)[1:],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise MaxstimError("This result does not say how it was made; run it again.") from error
