"""The packed atlas that comes with maxstim, where it does: it may be made by a command instead."""

import json

import numpy as np
import pytest

import maxstim_core as ms
from maxstim_core.atlas import bundle
from maxstim_core.networks.bundled import ensemble
from maxstim_core.networks.connectome import bundled_connectome
from maxstim_core.storage.grid_store import COMPLETE

pytestmark = pytest.mark.outside


@pytest.fixture(scope="module")
def shipped():
    path = bundle.shipped_bundle()
    if not path.is_file():
        pytest.skip("No atlas is shipped; maxstim atlas make makes one.")
    return path, bundle.open_bundle(path)


def test_it_is_small_and_complete(shipped):
    path, found = shipped
    assert path.stat().st_size <= bundle.MOST_BUNDLE_BYTES
    assert (found.status == COMPLETE).all()
    assert found.cell_type.values.tolist() == list(bundled_connectome().names)
    assert found.network.values.tolist() == sorted(ensemble())
    assert np.isfinite(found.counted_response).all() and np.isfinite(found.likeness).all()


def test_its_networks_are_those_that_come_with_maxstim(shipped):
    hashes = [ms.open_network(name).content_hash for name in shipped[1].network.values.tolist()]
    assert shipped[1].network_hash.values.tolist() == hashes


def test_its_energy_is_equal_and_its_loss_is_what_it_says(shipped):
    found = shipped[1]
    config = ms.GenerateConfig(**json.loads(found.attrs["config"]))
    assert found.attrs["config_hash"] == config.content_hash
    assert float(found.contrast_energy.max()) <= config.energy * 1.001
    assert float(found.energy_lost.max()) <= max(bundle.LOSSES)
