"""Other people's tools run on a network as a module of torch.

Skipped unless MAXSTIM_PEERS_PYTHON names a Python that has plenoptic 2.1.1, captum 0.9.0 and what
maxstim needs: docs/interoperation.md.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

PYTHON = os.environ.get("MAXSTIM_PEERS_PYTHON")


@pytest.mark.peers
@pytest.mark.skipif(PYTHON is None, reason="MAXSTIM_PEERS_PYTHON names no Python with the peers.")
def test_plenoptic_and_captum_take_a_network():
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [PYTHON, "tests/peers/peers_script.py"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert told["validate_model"]
    first, last = told["metamer_losses"]
    assert last < 0.5 * first
    assert told["eigendistortions"][-2:] == [20, 721]
    largest, smallest = max(told["eigenvalues"]), min(told["eigenvalues"])
    assert largest > 0 and largest >= smallest
    assert abs(told["missing"]) < 0.05 * abs(told["response"])
    assert told["attributed"] == pytest.approx(told["response"], rel=0.05)
