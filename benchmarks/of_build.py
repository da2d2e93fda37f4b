"""Child, run by the Python of any build of maxstim: measures one thing each time it is told.

python of_build.py KEY [NUMBER]

It names what it needs by where it is now and by where it was at 55ad32f.
"""

import importlib
import math
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from measured import serve

N_CLIPS, SECONDS, DT = 2268, 0.8, 0.01
SWEEP_ITERATIONS = 100


def of_build(name: str, *modules: str) -> object:
    """Return what a name stands for in the first of some modules of maxstim that this build has."""
    for module in modules:
        try:
            return getattr(importlib.import_module(f"maxstim_core.{module}"), name)
        except ModuleNotFoundError:
            continue
    raise SystemExit(f"This build of maxstim has no {name}.")


def step(n_stimuli: int):
    """Return what measures the seconds of a step of T4c, 80 frames, for each stimulus."""
    network = of_build("open_network", "networks.catalog", "network")("default")
    generate_many = of_build("generate_many", "optimal.batch", "optimal.many")
    config = of_build("GenerateConfig", "optimal.configs")(t_stim=SECONDS, n_iters=25)

    def measure() -> float:
        run = generate_many(network, ["T4c"], range(n_stimuli), config, report_every=1)
        stamps = [time.perf_counter() for _ in run]
        steps = sorted(b - a for a, b in pairwise(stamps[4:]))
        return steps[len(steps) // 2] / n_stimuli

    return measure


def many():
    """Return what measures the seconds of a short run of all 65 cell types, for each."""
    network = of_build("open_network", "networks.catalog", "network")("default")
    generate_many = of_build("generate_many", "optimal.batch", "optimal.many")
    config = of_build("GenerateConfig", "optimal.configs")(t_stim=SECONDS, n_iters=5)

    def measure() -> float:
        begun = time.perf_counter()
        for _ in generate_many(network, None, [0], config):
            pass
        return (time.perf_counter() - begun) / 65

    return measure


def settings_of_sweep(n_settings: int):
    """Return learning rates and pulls to grey: so many pairs, all different."""
    side = math.isqrt(n_settings - 1) + 1
    rates = [0.003 * 10 ** (k / side) for k in range(side)]
    weights = [300 * 30 ** (k / side) for k in range(side)]
    return [(lr, weight) for lr in rates for weight in weights][:n_settings]


def settings(n_settings: int):
    """Return what answers for many settings of T4c, one after the other, and says how long that took."""
    network = of_build("open_network", "networks.catalog", "network")("default")
    generate = of_build("generate", "optimal.generated", "optimal.generate")
    config_class = of_build("GenerateConfig", "optimal.configs")

    def measure() -> dict:
        begun, answers = time.perf_counter(), []
        for lr, weight in settings_of_sweep(n_settings):
            config = config_class(
                t_stim=SECONDS, n_iters=SWEEP_ITERATIONS, lr=lr, weight_mei=weight
            )
            run = generate(network, "T4c", config)
            for _ in run:
                pass
            answers.append(run.result())
        seconds = time.perf_counter() - begun
        movies = [answer["best_stimulus"].values.astype(float) for answer in answers]
        return {
            "value": seconds,
            "voltage": [float(answer["best_central_response"][-1]) for answer in answers],
            "energy": [float(((movie - 0.5) ** 2).sum()) for movie in movies],
        }

    return measure


def search():
    """Return what measures the seconds of a search of made clips, nothing cached."""
    network = of_build("open_network", "networks.catalog", "network")("default")
    run_search = of_build("search", "optimal.natural")
    clips = textured(network.lattice)

    def measure() -> float:
        begun = time.perf_counter()
        for _ in run_search(network, clips):
            pass
        return time.perf_counter() - begun

    return measure


def textured(lattice):
    """Return clips of a moving texture, each of another velocity."""
    scene = of_build("translating_scene", "stimuli.synthetic.scenes", "stimuli.scenes")
    texture = of_build("plain_texture", "stimuli.synthetic.textures", "stimuli.textures")
    array_clips = of_build("ArrayClips", "stimuli.clip_set", "stimuli.clips")
    settings = {"dt": DT, "seconds": SECONDS, "texture": texture(0), "place": (5.0, 9.0)}
    clips = [
        scene(lattice, angle=0.159 * k, speed=3 + 0.01 * k, **settings) for k in range(N_CLIPS)
    ]
    return array_clips("textures", tuple(map(str, range(N_CLIPS))), clips, DT)


def worker():
    """Return what measures the seconds from the start of a worker until it has warmed up."""
    process_class = of_build("WorkerProcess", "runs.worker_process", "runs.process")
    hello, warm = (of_build(name, "runs.messages", "runs.wire") for name in ("Hello", "Warm"))

    def measure() -> float:
        with tempfile.TemporaryDirectory() as data:
            begun = time.perf_counter()
            process = process_class("maxstim_core.runs.execute:execute", "auto", Path(data))
            while not isinstance(process.receive(60), hello):
                pass
            process.send(warm("default"))
            ready = process.receive(60)
            seconds = time.perf_counter() - begun
            process.end()
        assert type(ready).__name__ == "Progress", ready
        return seconds

    return measure


MEASURES = {
    "worker_ready": worker,
    "step1": lambda: step(1),
    "step8": lambda: step(8),
    "many65": many,
    "search": search,
}


def main() -> None:
    """Measure what the first argument names, once for every line that comes in."""
    key = sys.argv[1]
    if key == "settings":
        warm = settings(1)
        warm()
        serve({}, settings(int(sys.argv[2])))
        return
    take = MEASURES[key]()
    take()  # compiles on a machine where it never ran
    serve({}, lambda: {"value": take()})


if __name__ == "__main__":
    main()
