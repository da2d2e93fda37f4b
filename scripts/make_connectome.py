"""Make the bundled connectome table from the JSON inside the PyPI package ``flyvis==1.2.0``.

    pip download --no-deps flyvis==1.2.0
    python scripts/make_connectome.py flyvis-1.2.0-py3-none-any.whl

Writes ``maxstim_core/data/connectome/cell_types.csv`` and ``synapses.csv``.
"""

import sys
import tempfile
import zipfile
from pathlib import Path

from maxstim_core.networks.connectome import read_flyvis_json, write_csv

JSON_IN_WHEEL = "flyvis/connectome/fib25-fib19_v2.2.json"
TARGET = Path(__file__).parent.parent / "maxstim_core" / "data" / "connectome"


def main(wheel: str) -> None:
    """Read the JSON from the wheel and write the two tables."""
    with zipfile.ZipFile(wheel) as package, tempfile.TemporaryDirectory() as folder:
        connectome = read_flyvis_json(package.extract(JSON_IN_WHEEL, folder))
    write_csv(connectome, TARGET)
    print(f"{len(connectome.cell_types)} cell types, {len(connectome.synapses)} synapse offsets")


if __name__ == "__main__":
    main(sys.argv[1])
