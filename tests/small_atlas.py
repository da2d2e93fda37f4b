"""Atlases whose answers are made up, so that it is known what is to be found in them.

The answer for a cell type is a spot that brightens and darkens at a pace of its own. In the last network
every fifth cell type has another answer: the same spot somewhere else on the eye, and later.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from solvable_networks import linear_network

import maxstim_core as ms
from maxstim_core.atlas.agreement import answers_of_atlas, compare_answers
from maxstim_core.atlas.bundle import pack_atlas
from maxstim_core.atlas.plan import AtlasQuestion, atlas_question
from maxstim_core.lattice import ring_distance
from maxstim_core.storage.grid_store import GridCell, GridStore, read_store

N_FRAMES = 20
CONFIG = ms.GenerateConfig(t_stim=0.2, n_iters=2, objective="drive", energy=5.0)

EVERY = 5
"""Every so manieth cell type has two answers."""


def three_networks():
    return [ms.open_network(f"maxstim/{k:03d}") for k in range(3)]


def toy_networks(n=3):
    """Linear cells' networks that differ in the surround."""
    one = linear_network()
    strengths = (one.parameters.synapse_strength * np.float32([1.0, 1 + k, 1.0]) for k in range(n))
    return [
        ms.Network(f"net{k}", one.layout, replace(one.parameters, synapse_strength=each))
        for k, each in enumerate(strengths)
    ]


def made_movie(question: AtlasQuestion, k: int, j: int) -> np.ndarray:
    """Return the movie for cell type k in network j, shape (frame, column)."""
    lattice, n_networks = question.networks[0].lattice, len(question.networks)
    is_other = k % EVERY == 0 and j == n_networks - 1 and n_networks > 1
    across = lattice.extent - 2 if is_other else 0
    at = np.arange(N_FRAMES) - (10 if is_other else 0)
    course = np.where((at >= 0) & (at < 10), np.cos(at * (0.3 + 0.04 * k)), 0)
    noise = np.random.default_rng(100 * k + j).normal(0, 0.02, (N_FRAMES, lattice.n_columns))
    near = ring_distance(lattice.u - across, lattice.v) <= 1
    movie = 0.5 + 0.2 * course[:, None] * near + 0.1 * noise * near
    return movie.astype(np.float32)


def made_cell(question: AtlasQuestion, k: int, j: int) -> GridCell:
    movie = made_movie(question, k, j)
    return GridCell(
        (k, j, 0, 0),
        {
            "stimulus": movie,
            "central_response": np.sin(np.arange(N_FRAMES) / (2 + k % 7)),
            "counted_response": 1.0 + k + j,
            "contrast_energy": float(np.square(movie - 0.5).sum()),
            "natural_response": 0.5,
            "transfer_response": [
                (1.0 + k + each) * (1.0 if each == j else 0.8)
                for each in range(len(question.networks))
            ],
        },
    )


def made_store(store, networks, cell_types=None, missing=()):
    """Make an atlas at a path; the answers whose numbers are in `missing` are not there."""
    question = atlas_question(cell_types, networks, CONFIG, controls=False)
    grid = GridStore(store, question.plan())
    cells = [
        made_cell(question, k, j)
        for k in range(len(question.cell_types))
        for j in range(len(networks))
        if (k, j) not in missing
    ]
    with grid.writing():
        grid.write(cells)
    return question


def packed_atlas(folder, networks, **given):
    """Make an atlas in a data directory, pack it there as the page finds it, and return its path."""
    store, path = folder / "made.zarr", folder / "atlas" / "equal-energy.nc"
    made_store(store, networks, **given)
    answers = answers_of_atlas(read_store(store, "atlas"))
    path.parent.mkdir(exist_ok=True)
    pack_atlas(answers, compare_answers(answers), path, partial=True)
    return path
