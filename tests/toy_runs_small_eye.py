"""The real optimisations on an eye of seven columns and eight clips: the worker's work in seconds."""

from dataclasses import replace

from maxstim_core.devices import available_devices
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.runs.execute import start, warm
from maxstim_core.stimuli.catalog import open_clips
from maxstim_core.stimuli.clip_set import ArrayClips

__all__ = ["available_devices", "run", "small_clips", "warm"]


def small_clips():
    made = open_clips("made", 1, dt=0.02)
    chosen = range(0, 120, 16)  # edges and gratings: no texture is drawn
    return ArrayClips("few", [made.names[k] for k in chosen], [made[k] for k in chosen], made.dt)


def run(request, key, device, store):
    clips = None if request.method == "generated" else replace(small_clips(), name=request.clips)
    return start(request, prior_network(1), clips, device, store)
