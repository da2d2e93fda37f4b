"""On a CPU a run is numpy and compiled kernels: nobody waits for torch, which is not even loaded."""

import os
import subprocess
import sys

import numpy as np
import pytest

COMMANDS = {
    "generate": ("generate", "T4c", "--t-stim", "0.05", "--iterations", "2"),
    "regularize": ("regularize", "Mi1", "--movie", "movie.npy", "--iterations", "2"),
    "search": ("search", "--clips", "made", "--dt", "0.02", "--show", "Mi1"),
    "sweep": ("sweep", "Mi1", "--t-stim", "0.03", "--iterations", "2", "--vary", "lr=0.01,0.02"),
    "simulate": ("simulate", "--movie", "movie.npy"),
    "silenced": ("generate", "T4c", "--t-stim", "0.05", "--iterations", "2", "--silence", "Mi9,C3"),
}

CHECK = """
loaded = [name for name in sys.modules if name.partition(".")[0] in ("torch", "triton")]
assert not loaded, loaded
"""

WORKER = """
import sys
from maxstim_core.optimal.configs import GenerateConfig, RegularizeConfig, SearchConfig
from maxstim_core.runs.execute import available_devices, execute, warm
from maxstim_core.runs.request import RunRequest, content_key, opened
from maxstim_core.runs.store import RunStore
from maxstim_core.simulation.compilation import report_compilation
import maxstim_core.runs.worker

assert available_devices() == ("cpu",)
report_compilation(print)
warm("prior", "cpu")
store = RunStore()
configs = (
    GenerateConfig(t_stim=0.05, n_iters=2), SearchConfig(dt=0.02), RegularizeConfig(dt=0.02, n_iters=2)
)
for config in configs:
    request = RunRequest(cell_type="T4c", config=config, network="prior", clips="made")
    run = execute(request, content_key(request, *opened(request)), "cpu", store)
    for report in run:
        if report.respond is not None:
            report.respond()
    store.save("key", run.result())
"""


def run(code, folder):
    environment = {
        **os.environ,
        "MAXSTIM_DATA_DIR": str(folder / "data"),
        "CUDA_VISIBLE_DEVICES": "",  # a machine without a GPU
    }
    done = subprocess.run(
        [sys.executable, "-c", code + CHECK],
        cwd=folder,
        env={**environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_that_computes_loads_torch_on_a_cpu(command, tmp_path):
    np.save(tmp_path / "movie.npy", np.random.default_rng(0).random((4, 721), np.float32))
    output = "a.zarr" if command == "sweep" else "a.nc"
    arguments = [*COMMANDS[command], "--network", "prior", "--output", output]
    run(
        f"import sys\nfrom maxstim_core.cli import main\nassert main({arguments!r}) == 0\n",
        tmp_path,
    )


@pytest.mark.parametrize("option", ["--json", "--silenced"])
def test_contributions_load_no_torch_on_a_cpu(option, tmp_path):
    np.save(tmp_path / "movie.npy", np.random.default_rng(0).random((4, 721), np.float32))
    shown = ["simulate", "--movie", "movie.npy", "--network", "prior", "--output", "a.nc"]
    asked = ["contributions", "a.nc", "--cell-type", "T4c", option, "--output", "c.nc"]
    run(
        "import sys\nfrom maxstim_core.cli import main\n"
        f"assert main({shown!r}) == 0\nassert main({asked!r}) == 0\n",
        tmp_path,
    )


def test_the_worker_of_the_page_does_not_load_torch_on_a_cpu(tmp_path):
    run(WORKER, tmp_path)
