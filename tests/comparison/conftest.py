"""What controls are computed with."""

import pytest

import maxstim_core as ms


@pytest.fixture(scope="module")
def network():
    return ms.open_network("default")


@pytest.fixture(scope="module")
def clips(network):
    return ms.open_clips("probes", network.lattice.extent)
