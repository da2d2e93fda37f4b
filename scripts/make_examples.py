"""Make the finished examples that a first-time visitor sees, and the strips of ``docs/answers``.

    python scripts/make_examples.py

Asks the default network for the three answers of each cell type in `SHOWN`, with the values that the
dashboard starts with. Those for T4c are written as ``maxstim_core/data/examples/T4c-natural.nc`` and so
on; all are drawn in ``docs/answers/T4c.png`` and so on, natural above regularized above generated.
"""

from io import BytesIO
from pathlib import Path

import xarray as xr
from PIL import Image

from maxstim_core.drawing.strip import strip
from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.network import Network
from maxstim_core.optimal.configs import (
    GenerateConfig,
    RegularizeConfig,
    SearchConfig,
    starting_preset,
)
from maxstim_core.optimal.generated import generate
from maxstim_core.optimal.natural import replay, search
from maxstim_core.optimal.regularized import regularize
from maxstim_core.stimuli.catalog import open_clips
from maxstim_core.stimuli.clip_set import ClipSet
from maxstim_core.storage.netcdf import save

ROOT = Path(__file__).parent.parent
EXAMPLE = "T4c"
SHOWN = (
    *("T4a", "T4b", "T4c", "T4d", "T5a", "T5b", "T5c", "T5d"),
    *("L1", "L2", "Mi1", "Tm3", "Mi9", "Tm9"),
)


def main() -> None:
    """Run the three methods for every cell type, write and draw."""
    network, clips = open_network("default"), open_clips("scenes")
    found = _finished(search(network, clips, starting_preset(SearchConfig)))
    (ROOT / "docs" / "answers").mkdir(exist_ok=True)
    for cell_type in SHOWN:
        results = _answers(network, clips, found, cell_type)
        for method, result in results.items():
            peak = result.central_response.max().item()
            print(
                f"{cell_type}, {method}: peak voltage {peak:.3f}, {result.attrs.get('source', '')}"
            )
            if cell_type == EXAMPLE:
                folder = ROOT / "maxstim_core" / "data" / "examples"
                save(result, folder / f"{cell_type}-{method}.nc")
        _above_each_other(results.values()).save(
            ROOT / "docs" / "answers" / f"{cell_type}.png", optimize=True
        )


def _answers(
    network: Network, clips: ClipSet, found: xr.Dataset, cell_type: str
) -> dict[str, xr.Dataset]:
    config = starting_preset(SearchConfig)
    natural = replay(network, cell_type, clips, found, config)
    regularized = regularize(
        network,
        cell_type,
        natural.stimulus.values,
        starting_preset(RegularizeConfig),
        source=natural.attrs["source"],
    )
    of_clip = {"clips": clips.name, "clip": natural.attrs["source"]}
    generated = generate(network, cell_type, starting_preset(GenerateConfig))
    return {
        "natural": natural,
        "regularized": _finished(regularized).assign_attrs(of_clip),
        "generated": _finished(generated),
    }


def _above_each_other(results) -> Image.Image:
    """Draw the strips of results into one picture of few colours."""
    strips = [Image.open(BytesIO(strip(result, scale=1.5).png)) for result in results]
    page = Image.new("RGB", (strips[0].width, sum(strip.height for strip in strips)))
    top = 0
    for drawn in strips:
        page.paste(drawn, (0, top))
        top += drawn.height
    return page.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)


def _finished(optimization):
    for _ in optimization:
        pass
    return optimization.result()


if __name__ == "__main__":
    main()
