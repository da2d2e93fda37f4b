"""The made clips: are they like natural scenes, and does every cell type find its preference in them?

    python -m benchmarks.scenes [--film FOLDER] [--network NAME] [--protocol PROTOCOL]

Prints statistics of the made set beside published ones (and beside a folder of film frames), then what
the search finds for the cell types whose tuning is known. ``SCENES.md`` keeps the tables.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import xarray as xr

from benchmarks.measured import machine
from maxstim_core.conventions import GREY
from maxstim_core.networks.catalog import open_network
from maxstim_core.optimal.configs import SCORES, SearchConfig
from maxstim_core.optimal.natural import search
from maxstim_core.stimuli.catalog import open_clips
from maxstim_core.stimuli.clip_set import RenderedClips
from maxstim_core.stimuli.synthetic.bundled_sets import flow
from maxstim_core.stimuli.synthetic.scenes import N_GROUNDS, moving_scene
from maxstim_core.stimuli.synthetic.textures import SIZE, leaves
from maxstim_core.tuning.facts import KNOWN_POLARITY, OFF, ON, PREFERRED_DIRECTION

FIT = (3, 64)
"""Cycles per picture of 256 pixels between which the spectrum's slope is fitted."""

BEFORE_PEAK = 0.1
"""Seconds before the peak over which motion and light are averaged."""

EARLIER = 0.3
"""Seconds before the peak at which the light begins that a step is measured from."""

BY_LUMINANCE = (*(f"R{i}" for i in range(1, 9)), "L1", "L2", "L3")
"""Cell types that follow luminance itself; of all others the step of luminance is looked at."""

Best = dict[str, tuple[int, int]]
"""By cell type: the clip that excites it most, and the frame at which it does."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--film", type=Path, help="folder of PNG frames to measure as well")
    parser.add_argument("--network", default="default", help="network to search with")
    parser.add_argument("--device", default="cpu", help="where to search")
    parser.add_argument(
        "--protocol",
        default="default",
        help="of the search: default (from grey) or flyvis (faded in)",
    )
    options = parser.parse_args()

    network = open_network(options.network)
    clips = open_clips("made", network.lattice.extent)
    begun = time.process_time()
    movies = np.stack([clips[k] for k in range(len(clips))])
    rendering = time.process_time() - begun
    size = f"{len(clips)} clips of {movies.shape[1]} frames"
    each = f"{1e3 * rendering / len(clips):.1f} ms per clip, textures included"
    print(f"{machine()}\n\n{size}, rendered in {rendering:.1f} s of one core ({each}).\n")
    print("\n".join(_statistics(clips, movies, options.film)))

    begun, busy = time.perf_counter(), time.process_time()
    config = SearchConfig(n_best=100, protocol=options.protocol)
    searching = search(network, clips, config, device=options.device)
    for _ in searching:
        pass
    wall, busy = time.perf_counter() - begun, time.process_time() - busy
    print(f"\nSearched in {wall:.1f} s ({busy:.1f} s of the cores); the textures were kept.")
    print(f"Score: {SCORES[config.score][0]}. {SCORES[config.score][1]}\n")
    found = searching.result()
    scenes = [name.startswith("scene") for name in clips.names]
    for title, allowed in (
        ("all clips", np.full(len(clips), True)),
        ("scenes alone", np.array(scenes)),
    ):
        best = {name: _winner(found, name, allowed) for name in network.connectome.names}
        tables = (*_directions(clips, best), "", *_polarities(movies, clips, best), "")
        print("\n".join((f"Among {title}:", "", *tables)))


def _statistics(clips: RenderedClips, movies: np.ndarray, film: Path | None) -> list[str]:
    scenes = [k for k, recipe in enumerate(clips.recipes) if recipe.render is moving_scene]
    slopes = [slope(leaves("ground", k)[0]) for k in range(N_GROUNDS)]
    middle = movies[scenes, movies.shape[1] // 2].astype(float)
    near = clips.lattice.ring <= clips.lattice.extent - 2
    groups = clips.lattice.index(
        clips.lattice.u[near, None] + _AROUND[0], clips.lattice.v[near, None] + _AROUND[1]
    )
    patches = middle[:, groups]
    local_mean, local_contrast = patches.mean(-1), patches.std(-1) / patches.mean(-1)
    speeds, directions = _speeds(clips, scenes)
    film_slope = film_contrast = ""
    if film:
        squares = pictures(film)
        film_slope = f"; film: {_mean_range(map(slope, squares))}"
        contrasts = [picture.std() / picture.mean() for picture in squares]
        film_contrast = f"film: {_percentiles(contrasts, (10, 50, 90))}"
    rows = [
        ("slope of the amplitude spectrum, mean (range)",
         _mean_range(slopes), f"-1.2 (-1.5 to -0.8){film_slope}", "Tolhurst, Tadmor & Chao 1992"),
        ("RMS contrast of a frame, 10th, 50th, 90th percentile",
         _percentiles(middle.std(1) / middle.mean(1), (10, 50, 90)), film_contrast, ""),
        ("luminance of columns, 2.5th, 50th, 97.5th percentile",
         _percentiles(middle, (2.5, 50, 97.5)), "", ""),
        ("range of local luminance in a frame: 97.5th by 2.5th percentile, median",
         f"{_ratio(local_mean):.1f}", "somewhat above 10", "Frazor & Geisler 2006"),
        ("range of local RMS contrast, the same",
         f"{_ratio(local_contrast):.1f}", "somewhat above 10", "Frazor & Geisler 2006"),
        ("speed, columns/s, 5th, 25th, 50th, 75th, 95th percentile",
         _percentiles(speeds, (5, 25, 50, 75, 95)), "", ""),
        ("share of motion in each 45° sector from rightward, counter-clockwise, %",
         " ".join(f"{100 * s:.0f}" for s in directions), "", ""),
    ]  # fmt: skip
    return ["| | made set | compare | source |", "|---|---|---|---|"] + [
        f"| {' | '.join(row)} |" for row in rows
    ]


_AROUND = np.array([(u, v) for u in range(-2, 3) for v in range(-2, 3) if abs(u + v) <= 2]).T
"""A column and the 18 around it: a patch of 29°."""


def slope(picture: np.ndarray) -> float:
    """Return the slope of a picture's amplitude spectrum, averaged over orientations, log on log.

    Args:
        picture: Luminance, square.
    """
    size = len(picture)
    window = np.hanning(size)[:, None] * np.hanning(size)
    amplitude = np.abs(np.fft.fft2((picture - picture.mean()) * window))
    cycles = np.fft.fftfreq(size, 1 / size)
    ring = np.round(np.hypot(cycles[:, None], cycles)).astype(int)
    mean = np.bincount(ring.ravel(), amplitude.ravel()) / np.bincount(ring.ravel())
    fitted = np.arange(FIT[0], FIT[1] + 1)
    return float(np.polyfit(np.log(fitted), np.log(mean[fitted]), 1)[0])


def _speeds(clips: RenderedClips, scenes: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Speeds of scenes at every column in every tenth frame; share of each sector of direction."""
    flows = np.concatenate([flow(clips, k)[::10].reshape(-1, 2) for k in scenes])
    speed = np.hypot(*flows.T)
    moving = flows[speed > 1]
    sector = np.round(np.rad2deg(np.arctan2(moving[:, 1], moving[:, 0])) / 45).astype(int) % 8
    return speed, np.bincount(sector, minlength=8) / len(moving)


def _directions(clips: RenderedClips, best: Best) -> list[str]:
    """Whether the best clip of each motion detector moves as it prefers."""
    lines = [
        "| cell type | prefers | best clip | its motion at the centre | |",
        "|---|---|---|---|---|",
    ]
    hits = 0
    for cell_type, preferred in PREFERRED_DIRECTION.items():
        index, peak = best[cell_type]
        first = max(peak - round(BEFORE_PEAK / clips.dt), 0)
        x, y = flow(clips, index)[first : peak + 1, clips.lattice.center].mean(0)
        angle = np.rad2deg(np.arctan2(y, x)) % 360
        away = abs((angle - preferred + 180) % 360 - 180)
        hit = bool(away <= 45 and np.hypot(x, y) > 0.5)
        hits += hit
        motion = f"{angle:.0f}°, {np.hypot(x, y):.1f} col/s"
        lines.append(_row(cell_type, f"{preferred}°", clips.names[index], motion, _verdict(hit)))
    return [*lines, "", f"{hits} of {len(PREFERRED_DIRECTION)} within 45°."]


def _polarities(movies: np.ndarray, clips: RenderedClips, best: Best) -> list[str]:
    """Whether light at the centre before the peak is what each cell type of known polarity prefers."""
    lines = ["| cell type | prefers | best clip | light at the centre | |", "|---|---|---|---|---|"]
    hits = 0
    recent, long_ago = (round(s / clips.dt) for s in (BEFORE_PEAK, EARLIER))
    for cell_type, polarity in KNOWN_POLARITY.items():
        index, peak = best[cell_type]
        # The network saw grey before the clip.
        light = np.pad(movies[index, : peak + 1, clips.lattice.center], (long_ago, 0),
                       constant_values=GREY)  # fmt: skip
        now, before = light[-recent:].mean(), light[-long_ago:-recent].mean()
        reference, what = (GREY, "grey") if cell_type in BY_LUMINANCE else (before, "before")
        hit = bool(np.sign(now - reference) == polarity)
        hits += hit
        told = f"{now:.2f}, {what} {reference:.2f}"
        name = {ON: "light", OFF: "dark"}[polarity]
        lines.append(_row(cell_type, name, clips.names[index], told, _verdict(hit)))
    return [*lines, "", f"{hits} of {len(KNOWN_POLARITY)} of the known polarity."]


def _winner(found: xr.Dataset, cell_type: str, allowed: np.ndarray) -> tuple[int, int]:
    """Clip and frame at which a cell type is excited most, among the allowed clips.

    Of the hundred best of all clips; where none is allowed, the best of all.
    """
    ranked = found.sel(cell_type=cell_type)
    rank = int(np.argmax(allowed[ranked.clip_index.values]))
    return int(ranked.clip_index[rank]), int(ranked.peak_frame[rank])


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _verdict(hit: bool) -> str:
    return "hit" if hit else "**miss**"


def _ratio(values: np.ndarray) -> float:
    """Median over clips of the 97.5th by the 2.5th percentile, shape (clip, place)."""
    low, high = np.percentile(values, (2.5, 97.5), axis=1)
    return float(np.median(high[low > 0] / low[low > 0]))


def _percentiles(values: np.ndarray, which: tuple[float, ...]) -> str:
    return ", ".join(f"{p:.2f}" for p in np.percentile(values, which))


def _mean_range(values) -> str:
    values = list(values)
    return f"{np.mean(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def pictures(film: Path) -> list[np.ndarray]:
    """Squares of the size of a texture, side by side, from the top of every frame of a film."""
    from PIL import Image  # only here: the made set needs no files

    frames = [
        np.asarray(Image.open(path).convert("L"), float) / 255
        for path in sorted(film.glob("*.png"))
    ]
    if not frames:
        raise SystemExit(f"There is no PNG in {film}; name the folder that the frames lie in.")
    return [f[:SIZE, c : c + SIZE] for f in frames for c in range(0, f.shape[1] - SIZE, SIZE)]


if __name__ == "__main__":
    main()
