"""The front door as editors and type checkers see it: where each public name comes from."""

from maxstim_core.comparison.controls import controls
from maxstim_core.comparison.restarts import restarts
from maxstim_core.devices import available_devices
from maxstim_core.drawing.notebook import Result
from maxstim_core.drawing.strip import strip
from maxstim_core.errors import MaxstimError
from maxstim_core.mechanism.contributions import contributions
from maxstim_core.mechanism.silencing_effects import silencing_effects
from maxstim_core.networks.catalog import (
    known_networks,
    open_network,
)
from maxstim_core.networks.network import Network
from maxstim_core.networks.silencing import silenced
from maxstim_core.optimal.batch import (
    generate_each,
    generate_many,
)
from maxstim_core.optimal.configs import (
    RegularizeConfig,
    SearchConfig,
    flyvis_preset,
)
from maxstim_core.optimal.curve import curve
from maxstim_core.optimal.generate_config import GenerateConfig
from maxstim_core.optimal.generated import generate
from maxstim_core.optimal.natural import (
    replay,
    search,
)
from maxstim_core.optimal.regularized import regularize
from maxstim_core.optimal.response_units import response_units
from maxstim_core.optimal.result import load
from maxstim_core.optimal.run import finish
from maxstim_core.simulation.simulate import (
    simulate,
    simulate_ensemble,
)
from maxstim_core.simulation.torch_module import as_torch_module
from maxstim_core.stimuli.catalog import (
    clip_named,
    clip_set_names,
    open_clips,
)
from maxstim_core.stimuli.clip_set import ArrayClips
from maxstim_core.stimuli.resample import resampled
from maxstim_core.stimuli.synthetic.bundled_sets import flow
from maxstim_core.storage.netcdf import save
from maxstim_core.sweeps.sweep import sweep

__version__: str

__all__ = [
    "ArrayClips",
    "GenerateConfig",
    "MaxstimError",
    "Network",
    "RegularizeConfig",
    "Result",
    "SearchConfig",
    "as_torch_module",
    "available_devices",
    "clip_named",
    "clip_set_names",
    "contributions",
    "controls",
    "curve",
    "finish",
    "flow",
    "flyvis_preset",
    "generate",
    "generate_each",
    "generate_many",
    "known_networks",
    "load",
    "open_clips",
    "open_network",
    "regularize",
    "replay",
    "resampled",
    "response_units",
    "restarts",
    "save",
    "search",
    "silenced",
    "silencing_effects",
    "simulate",
    "simulate_ensemble",
    "strip",
    "sweep",
]
