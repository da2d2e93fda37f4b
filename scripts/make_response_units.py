"""Measure the units of the responses of the bundled networks.

    python scripts/make_response_units.py

Writes maxstim_core/data/response_units.json: by content hash, grey voltage, RMS, lowest and highest
voltage of every cell type over the default set of clips. A minute on two cores.
"""

import json
from dataclasses import asdict
from pathlib import Path

from maxstim_core.networks.catalog import bundled_names, open_network
from maxstim_core.optimal.response_units import measured_units

FILE = Path(__file__).parents[1] / "maxstim_core" / "data" / "response_units.json"


def main() -> None:
    """Measure all, and write the file."""
    units = {}
    for name in bundled_names():
        network = open_network(name)
        units[network.content_hash] = asdict(measured_units(network))
        print(name, flush=True)
    FILE.write_text(json.dumps(units, indent=None, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
