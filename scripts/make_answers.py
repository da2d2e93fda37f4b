"""Make the generated answers that come with maxstim, one for each cell type.

    python scripts/make_answers.py [CELL_TYPE ...]

Asks the default network with the values that the dashboard starts with, and writes
``maxstim_core/data/examples/Mi1-generated.nc`` and so on, without the responses, which are computed when
an answer is opened (`maxstim_core.runs.shipped`). T4c, which a first-time visitor sees before anything
else, is whole and made by ``scripts/make_examples.py``. A type takes a quarter of a minute of one core.
"""

import sys

from make_examples import EXAMPLE

from maxstim_core.networks.catalog import open_network
from maxstim_core.optimal.configs import GenerateConfig, starting_preset
from maxstim_core.optimal.generated import generate
from maxstim_core.optimal.run import finish
from maxstim_core.runs.shipped import answer_name, bundled_answers, without_response
from maxstim_core.storage.netcdf import save


def main() -> None:
    """Grow and write the answers of the cell types that are named, or of all but the example's."""
    network = open_network("default")
    named = sys.argv[1:] or [name for name in network.connectome.names if name != EXAMPLE]
    for cell_type in named:
        answer = finish(generate(network, cell_type, starting_preset(GenerateConfig)))
        path = bundled_answers() / f"{answer_name(cell_type, 'generated')}.nc"
        save(without_response(answer), path)
        peak = float(answer.central_response.max())
        print(
            f"{cell_type}: peak voltage {peak:.3f}, {path.stat().st_size / 1000:.0f} kB", flush=True
        )


if __name__ == "__main__":
    main()
