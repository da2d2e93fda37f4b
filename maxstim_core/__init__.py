"""Maximally excitatory stimuli of the connectome-constrained fly visual system.

Which movie excites this cell most? The first answer, which a notebook shows as a picture:

    >>> import maxstim_core as ms
    >>> network = ms.open_network("prior", extent=5)  # ms.open_network("default") for the whole eye
    >>> answer = ms.finish(ms.generate(network, "T4c", ms.GenerateConfig(t_stim=0.1, n_iters=5)))
    >>> answer.stimulus.dims
    ('frame', 'column')

Everything public is here, one level deep: ``dir(maxstim_core)`` lists it. Importing this package does
nothing but name what there is: no device is touched, no directory made and no heavy library loaded
until a function needs it.
"""

__version__ = "0.1.0"

# Where each public name lives. `__init__.pyi` says the same to editors and type checkers.
_FOUND_IN = {
    "ArrayClips": "stimuli.clip_set",
    "GenerateConfig": "optimal.generate_config",
    "MaxstimError": "errors",
    "Network": "networks.network",
    "RegularizeConfig": "optimal.configs",
    "Result": "drawing.notebook",
    "SearchConfig": "optimal.configs",
    "as_torch_module": "simulation.torch_module",
    "available_devices": "devices",
    "clip_named": "stimuli.catalog",
    "clip_set_names": "stimuli.catalog",
    "contributions": "mechanism.contributions",
    "controls": "comparison.controls",
    "curve": "optimal.curve",
    "finish": "optimal.run",
    "flow": "stimuli.synthetic.bundled_sets",
    "flyvis_preset": "optimal.configs",
    "generate": "optimal.generated",
    "generate_each": "optimal.batch",
    "generate_many": "optimal.batch",
    "known_networks": "networks.catalog",
    "load": "optimal.result",
    "open_clips": "stimuli.catalog",
    "open_network": "networks.catalog",
    "regularize": "optimal.regularized",
    "replay": "optimal.natural",
    "resampled": "stimuli.resample",
    "response_units": "optimal.response_units",
    "restarts": "comparison.restarts",
    "save": "storage.netcdf",
    "search": "optimal.natural",
    "silenced": "networks.silencing",
    "silencing_effects": "mechanism.silencing_effects",
    "simulate": "simulation.simulate",
    "simulate_ensemble": "simulation.simulate",
    "strip": "drawing.strip",
    "sweep": "sweeps.sweep",
}

__all__ = [*_FOUND_IN]


def __getattr__(name: str) -> object:
    """Import a public name from its room when it is first asked for."""
    if name not in _FOUND_IN:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_FOUND_IN[name]}"), name)
    globals()[name] = value  # so that the next time it is simply there
    return value


def __dir__() -> list[str]:
    """Return the public names, whether they have been asked for or not."""
    return [*_FOUND_IN, "__version__"]
