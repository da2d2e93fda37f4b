"""Make the finished examples that a first-time visitor sees: the three answers for T4c.

    python scripts/make_examples.py

Writes ``maxstim_core/data/examples/T4c-natural.nc`` and so on from the bundled network, with the
values that the dashboard starts with.
"""

from pathlib import Path

from maxstim_core.network import open_network
from maxstim_core.optimal.configs import (
    GenerateConfig,
    RegularizeConfig,
    SearchConfig,
    starting_preset,
)
from maxstim_core.optimal.generated import generate
from maxstim_core.optimal.natural import replay, search
from maxstim_core.optimal.regularized import regularize
from maxstim_core.optimal.result import save
from maxstim_core.stimuli.clips import open_clips

TARGET = Path(__file__).parent.parent / "maxstim_core" / "data" / "examples"
CELL_TYPE = "T4c"


def main() -> None:
    """Run the three methods and write their results."""
    network, clips = open_network("default"), open_clips("scenes")
    config = starting_preset(SearchConfig)
    natural = replay(network, CELL_TYPE, clips, _finished(search(network, clips, config)), config)
    best_clip = natural.stimulus.values
    regularized = regularize(
        network,
        CELL_TYPE,
        best_clip,
        starting_preset(RegularizeConfig),
        source=natural.attrs["source"],
    )
    generated = generate(network, CELL_TYPE, starting_preset(GenerateConfig))
    results = {
        "natural": natural,
        "regularized": _finished(regularized),
        "generated": _finished(generated),
    }
    for method, result in results.items():
        save(result, TARGET / f"{CELL_TYPE}-{method}.nc")
        print(f"{method}: peak voltage {result.central_response.max().item():.3f}")


def _finished(optimisation):
    for _ in optimisation:
        pass
    return optimisation.result()


if __name__ == "__main__":
    main()
