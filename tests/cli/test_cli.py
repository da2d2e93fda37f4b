"""The command line, driven as a person would, on the whole eye with short runs."""

import dataclasses
import os
import pickle
import shlex
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
import xarray as xr

from maxstim_core.cli import main
from maxstim_core.cli.options import read_settings
from maxstim_core.cli.parser import make_parser
from maxstim_core.networks.catalog import open_network
from maxstim_core.networks.network_file import read_about, write_network
from maxstim_core.networks.unfitted import prior_network
from maxstim_core.optimal.configs import GenerateConfig, RegularizeConfig, SearchConfig
from maxstim_core.optimal.generated import generate
from maxstim_core.optimal.result import load
from maxstim_core.optimal.run import finish
from maxstim_core.stimuli.catalog import open_clips

N_COLUMNS = 721


@pytest.fixture
def movie(tmp_path):
    path = tmp_path / "movie.npy"
    np.save(path, np.random.default_rng(1).random((6, N_COLUMNS), np.float32))
    return path


def run(*arguments):
    return main([str(argument) for argument in arguments])


def test_generate(tmp_path, capsys):
    output = tmp_path / "generated.nc"
    code = run(
        *("generate", "T4c", "--network", "prior", "--t-stim", 0.06, "--dt", 0.01, "--lr", 0.02),
        *("--weight-central", 2, "--weight-mei", 500, "--iterations", 3, "--seed", 7),
        *("--frames", "all", "--device", "cpu", "--output", output),
    )
    assert code == 0
    answer = load(output)
    assert answer.attrs["config"] == (
        GenerateConfig(
            t_stim=0.06,
            dt=0.01,
            lr=0.02,
            weight_central=2,
            weight_mei=500,
            n_iters=3,
            random_seed=7,
            last_only=False,
        ).to_json()
    )
    assert answer.attrs["network"] == "prior"
    assert answer.attrs["status"] == "complete"
    assert answer.stimulus.dims == answer.best_stimulus.dims == ("frame", "column")
    assert answer.stimulus.shape == answer.response.shape == (6, N_COLUMNS)
    assert answer.loss.dims == ("iteration", "term")
    assert len(answer.loss) == 3
    assert {"time", "u", "v"} <= set(answer.coords)
    shown = capsys.readouterr()
    assert str(output) in shown.out
    assert "3/3" in shown.err


@pytest.mark.parametrize("across", ["mean", "disagreement"])
def test_several_networks_are_asked_at_once(tmp_path, across):
    output = tmp_path / "generated.nc"
    settings = {
        "objective": "drive",
        "energy": 50.0,
        "t_stim": 0.05,
        "n_iters": 4,
        "across": across,
    }
    code = run(
        *("generate", "T4c", "--network", "default, maxstim/002", "--objective", "drive"),
        *("--energy", 50, "--t-stim", 0.05, "--iterations", 4, "--across", across),
        *("--device", "cpu", "--output", output),
    )
    assert code == 0
    networks = [open_network("default"), open_network("maxstim/002")]
    asked = finish(generate(networks, "T4c", GenerateConfig(**settings)))
    np.testing.assert_array_equal(load(output).stimulus, asked.stimulus)


def test_what_was_not_reached_is_noted(tmp_path, capsys):
    output = tmp_path / "generated.nc"
    arguments = ("--objective", "level:50", "--t-stim", 0.05, "--iterations", 6, "--device", "cpu")
    assert run("generate", "Mi1", *arguments, "--output", output) == 0
    said = load(output).attrs["missed"]
    assert "not at the level 50 as asked" in said and f"Note: {said}" in capsys.readouterr().err


def test_response_in_the_file_is_of_exactly_the_stimulus_in_it(tmp_path):
    generated, stimulus = tmp_path / "generated.nc", tmp_path / "stimulus.npy"
    assert run("generate", "Mi1", "--t-stim", 0.05, "--iterations", 2, "--output", generated) == 0
    answer = load(generated)
    np.save(stimulus, answer.stimulus.values)
    assert run("simulate", "--movie", stimulus, "--output", tmp_path / "shown.nc") == 0
    shown = load(tmp_path / "shown.nc")
    np.testing.assert_allclose(
        shown.central.sel(cell_type="Mi1"), answer.central_response, atol=1e-6
    )


@pytest.mark.parametrize(("flag", "clamp"), [((), True), (("--no-clamp",), False)])
def test_regularize(tmp_path, movie, flag, clamp):
    output = tmp_path / "regularized.nc"
    options = ("--l2-act", 0.5, "--l2-stim", 2, "--iterations", 2, *flag, "--output", output)
    assert run("regularize", "T4c", "--movie", movie, *options) == 0
    answer = load(output)
    config = RegularizeConfig(l2_act=0.5, l2_stim=2, n_iters=2, clamp=clamp)
    assert answer.attrs["config"] == config.to_json()
    assert answer.attrs["source"] == answer.attrs["shown_clip"] == str(movie)
    assert answer.target_response.dims == ("frame",)
    assert len(answer.loss) == 2


def test_simulate(tmp_path, movie):
    output = tmp_path / "activity.nc"
    assert run("simulate", "--movie", movie, "--dt", 0.005, "--output", output) == 0
    with xr.open_dataset(output) as recorded:
        assert recorded.central.dims == ("frame", "cell_type")
        assert tuple(recorded.cell_type.values) == open_network("prior").connectome.names
        np.testing.assert_allclose(recorded.time, 0.005 * np.arange(6))
        assert np.isfinite(recorded.central).all()
        assert recorded.attrs["dt"] == 0.005


@pytest.mark.slow
def test_search_and_export(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    output, exported = tmp_path / "found.nc", tmp_path / "best.npy"
    options = ("--clips", "made", "--protocol", "default", "--n-best", 2, "--dt", 0.02)
    assert run("search", *options, "--output", output, "--export", "T4c", exported) == 0
    found = load(output)
    assert dict(found.sizes) == {"cell_type": 65, "clip": 704, "rank": 2}
    assert found.attrs["config"] == SearchConfig(n_best=2, dt=0.02).to_json()
    best = found.sel(cell_type="T4c", rank=0)
    assert str(best.clip_name.item()) in open_clips("made").names

    # Asked again, the store answers, whatever the score.
    assert "done before" not in capsys.readouterr().err
    again = tmp_path / "again.nc"
    options = ("--clips", "made", "--score", "rms", "--n-best", 1, "--dt", 0.02)
    assert run("search", *options, "--output", again, "--show", "T4c") == 0
    said = capsys.readouterr()
    assert "done before" in said.err
    xr.testing.assert_equal(load(again).drop_vars("score"), found.isel(rank=[0]).drop_vars("score"))
    score = f"{float(best.peak_value / best.rms_voltage):.4g}"
    assert [line.split()[:2] for line in said.out.splitlines()[3:]] == [["1", score]]
    assert said.out.rstrip().endswith(best.clip_name.item())

    # A process that only asks again does without what takes longest to load.
    fresh = ["search", *map(str, options), "--output", str(tmp_path / "fresh.nc")]
    code = f"""
import sys
from maxstim_core.cli import main
assert main({fresh!r}) == 0
assert not {{"torch", "numba"}} & set(sys.modules)
assert main([*{fresh!r}, "--device", "cuda:99"]) == 2
"""
    asked = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "done before" in asked.stderr
    assert "no device 'cuda:99'" in asked.stderr
    xr.testing.assert_identical(load(tmp_path / "fresh.nc"), load(again))

    # Shown again, the exported clip drives the cell to the very peak that won.
    shown = tmp_path / "shown.nc"
    assert run("simulate", "--movie", exported, "--dt", 0.02, "--output", shown) == 0
    central = load(shown).central.sel(cell_type="T4c").values
    assert central.argmax() == int(best.peak_frame)
    np.testing.assert_allclose(central.max(), best.peak_value, atol=1e-5)

    # And so does the clip by its name, which can be regularised as well and is then in the record.
    by_name = ("--clips", "made", "--clip", best.clip_name.item(), "--dt", 0.02)
    assert run("simulate", *by_name, "--output", shown) == 0
    np.testing.assert_array_equal(load(shown).central.sel(cell_type="T4c"), central)
    grey = tmp_path / "regularized.nc"
    assert run("regularize", "T4c", *by_name, "--iterations", 1, "--output", grey) == 0
    np.testing.assert_array_equal(load(grey).source_stimulus, np.load(exported))
    assert load(grey).attrs["source"] == f"made: {best.clip_name.item()}"
    assert load(grey).attrs["shown_clip"] == best.clip_name.item()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("generate", "T4x"), "T4c"),
        (("generate", "T4c", "--dt", 0.051), "0.05 s"),
        (("generate", "T4c", "--dt", "nan"), "Frame duration"),
        (("generate", "T4c", "--dt", "fast"), "must be a number"),
        (("generate", "T4c", "--iterations", -3), "Iterations"),
        (("generate", "T4c", "--iterations", 1.5), "whole number"),
        (("generate", "T4c", "--t-stim", 0.001), "frames"),
        (("generate", "T4c", "--frames", "some"), "invalid choice"),
        (("generate", "T4c", "--network", "{tmp}/nothing"), "no network"),
        (("generate", "T4c", "--network", "{tmp}/empty"), "no flyvis model"),
        (("generate", "T4c", "--device", "abacus"), "no device"),
        (("generate", "T4c", "--iter", 3), "nrecognized arguments"),
        (("generate",), "CELL_TYPE"),
        (("regularize", "T4c", "--movie", "{tmp}/absent.npy"), "no movie"),
        (("regularize", "T4c", "--movie", "{tmp}/narrow.npy"), "shape"),
        (("regularize", "T4c", "--movie", "{tmp}/nan.npy"), "not finite"),
        (("regularize", "T4c", "--movie", "{tmp}/pickle.npy"), "no .npy file"),
        (("regularize", "T4c", "--movie", "{tmp}/objects.npy"), "Python objects"),
        (("regularize", "T4c", "--movie", "{tmp}/long.npy"), "1001 frames"),
        (("regularize", "T4c"), "--movie"),
        (
            ("regularize", "T4c", "--clips", "made", "--clip", "grating, 90"),
            "did you mean 'grating, 90°, 5 col, 2 Hz'",
        ),
        (
            (
                "regularize",
                "T4c",
                "--clips",
                "made",
                "--clip",
                "dark disc, radius 1",
                "--dt",
                0.0005,
            ),
            "1600 frames",
        ),
        (("simulate", "--clip", "x", "--clips", "probes"), "search --show prints names"),
        (("simulate", "--movie", "{tmp}/narrow.npy"), "shape"),
        (("simulate", "--movie", "{tmp}/text.npy"), "no .npy file"),
        (("simulate", "--movie", "{tmp}/text.npy"), "store it with maxstim movies import"),
        (("simulate", "--movie", "{tmp}/nan.npy", "--dt", 0.06), "0.05 s"),
        (("search", "--clips", "holiday"), "no clip set"),
        (("search", "--protocol", "strict"), "Before each clip"),
        (("search", "--score", "height"), "Score"),
        (("search", "--show", "T4x"), "T4c"),
        (("search", "--export", "T4x", "{tmp}/best.npy"), "T4c"),
        (("search", "--export", "T4c", "{tmp}/missing/best.npy"), "no folder"),
        (("search", "--export", "T4c", "{tmp}/out.nc"), "also reads or writes"),
        (
            (
                "search",
                "--export",
                "T4c",
                "{tmp}/b.npy",
                "--export",
                "T4a",
                "{tmp}/../{name}/b.npy",
            ),
            "also reads or writes",
        ),
        (("generate", "T4c", "--across", "least"), "--across needs several networks"),
        (("curve", "T4c", "--across", "least"), "--across needs several networks"),
        (("generate", "T4c", "--temperature", 1), "Leave it out, or give what it needs"),
        (("restarts", "T4c", "--temperature", 1), "Leave it out, or give what it needs"),
        (("generate", "T4c", "--window-counts", "peak"), "there is no window of the response"),
        (("generate", "T4c", "--network", "prior,nothing"), "no network 'nothing'"),
        (("generate", "T4c", "--network", ","), "no name of a network"),
        (("curve", "T4c", "--network", "default,prior"), "asks one network"),
        (("restarts", "T4c", "--objective", "level:1"), "choose the objective drive"),
        (("restarts", "T4c", "--rings", 1, "--t-stim", 0.1), "give an --energy, or 0 for none"),
        (("curve", "T4c", "--schedule", "4: lr=0.1"), "Unrecognized arguments"),
        (("curve", "T4c", "--energies", "10,5,5"), "Give every energy once"),
        (("generate", "T4c", "--levels", 2, "--energy", 3605), "leave the energy out"),
        (("generate", "T4c", "--network", "default,{tmp}/out.nc"), "also reads or writes"),
        (("generate", "T4c", "--network", "{tmp}/out.nc"), "also reads or writes"),
        (("regularize", "T4c", "--movie", "{tmp}/out.nc"), "also reads or writes"),
        (("simulate", "--movie", "{tmp}/link.npy"), "also reads or writes"),
        (("generate", "T4c", "--network", "{tmp}"), "also reads or writes"),
        (("fit", "--checkpoint", "{tmp}/out.nc"), "also reads or writes"),
        (("fit", "--checkpoint", "{tmp}/narrow.npy"), "no checkpoint of a fit"),
        (("simulate", "--movie", "{tmp}/dark.npy", "--network", "{tmp}/lost.json"), "stay finite"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else value,
)
def test_bad_input_ends_in_one_sentence(tmp_path, capsys, arguments, says):
    (tmp_path / "empty").mkdir()
    np.save(tmp_path / "narrow.npy", np.zeros((3, 720), np.float32))
    np.save(tmp_path / "nan.npy", np.full((3, N_COLUMNS), np.nan, np.float32))
    np.save(tmp_path / "long.npy", np.full((1001, N_COLUMNS), 0.5, np.float16))
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    (tmp_path / "pickle.npy").write_bytes(pickle.dumps([1.0]))
    (tmp_path / "text.npy").write_text("0.5 0.5")
    (tmp_path / "out.nc").write_bytes(b"kept")
    os.link(tmp_path / "out.nc", tmp_path / "link.npy")
    np.save(tmp_path / "dark.npy", np.zeros((3, N_COLUMNS), np.float32))
    if "{tmp}/lost.json" in arguments:
        _write_lost_network(tmp_path / "lost.json")
    before = _contents(tmp_path)
    filled = [
        str(a).replace("{tmp}", str(tmp_path)).replace("{name}", tmp_path.name) for a in arguments
    ]
    _refuses([*filled, "--output", tmp_path / "out.nc"], capsys, says)
    assert _contents(tmp_path) == before


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ("{tmp}/missing/out.nc", "no folder"),
        ("{tmp}", "is a folder"),
        ("{tmp}/file/out.nc", "no folder"),
        # Nobody can make a file there, not even root.
        ("/proc/out.nc", "Nothing can be written" if sys.platform == "linux" else "no folder"),
    ],
)
def test_output_is_checked_before_the_work(tmp_path, capsys, output, says):
    (tmp_path / "file").write_text("")
    before = _contents(tmp_path)
    output = output.replace("{tmp}", str(tmp_path))
    # A run of weeks: that it ends at all shows that nothing was computed.
    arguments = ("generate", "T4c", "--t-stim", 10, "--iterations", 100_000, "--output", output)
    _refuses(arguments, capsys, says)
    assert _contents(tmp_path) == before


def test_refusal_of_a_command_that_is_missing(capsys):
    _refuses((), capsys, "COMMAND")
    _refuses(("grow", "T4c"), capsys, "grow")


def test_luminance_out_of_range_is_noted(tmp_path, capsys):
    path = tmp_path / "bright.npy"
    np.save(path, np.full((2, N_COLUMNS), 200.0, np.float32))
    assert run("simulate", "--movie", path, "--output", tmp_path / "out.nc") == 0
    assert "white is 1" in capsys.readouterr().err


def test_interrupt_keeps_the_best_so_far(tmp_path):
    output = tmp_path / "generated.nc"
    process = _start("generate", "T4c", "--t-stim", "0.05", "--iterations", "20000", output=output)
    assert "/20000" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=200)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "cancelled" in err
    answer = load(output)
    assert answer.attrs["status"] == "cancelled"
    assert 1 <= len(answer.loss) < 20000
    assert list(tmp_path.iterdir()) == [output]


def test_the_first_run_on_a_computer_says_that_it_compiles(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    for expected in (1, 0):
        process = _start(
            "generate", "T4c", "--t-stim", "0.02", "--iterations", "1", output=tmp_path / "out.nc"
        )
        _, err = process.communicate(timeout=200)
        assert process.returncode == 0
        assert err.count("Compiling the CPU engine") == expected


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise there.")
@pytest.mark.parametrize("command", ["generate", "fit"])
def test_a_second_interrupt_does_not_lose_what_the_first_one_keeps(tmp_path, command):
    output, checkpoint = tmp_path / "out", tmp_path / "fit.pt"
    arguments = {
        "generate": ("T4c", "--t-stim", "0.05", "--iterations", "20000"),
        "fit": ("--extent", "5", "--n-scenes", "0", "--checkpoint", str(checkpoint)),
    }[command]
    process = _start(command, *arguments, "--device", "cpu", output=output)
    line = process.stderr.readline()
    while "/20000" not in line and "step 20 of 300" not in line:
        line = process.stderr.readline()
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 130
    assert out == f"{output}\n"
    assert "Stopping, writing what there is" in err
    assert "Stopped after step" in err and f"{output} holds what there was" in err
    assert "Traceback" not in err
    if command == "generate":
        assert load(output).attrs["status"] == "cancelled"
    else:
        steps = read_about(output)["steps_done"]
        assert torch.load(checkpoint, weights_only=True)["step"] in (steps, steps - 1)
        assert f"goes on from {checkpoint}" in err


def test_interrupt_before_the_first_step_leaves_nothing(tmp_path, movie):
    model = tmp_path / "model"
    model.mkdir()
    before = _contents(tmp_path)
    # The model's settings are a pipe that nobody writes to, so that the command waits for them.
    pipe = model / "_meta.yaml"
    os.mkfifo(pipe)
    output = tmp_path / "out.nc"
    process = _start(
        "regularize", "T4c", "--movie", str(movie), "--network", str(model), output=output
    )
    with pipe.open("wb"):  # returns once the command has opened the other end
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=200)
    pipe.unlink()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert _contents(tmp_path) == before


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="timers here are of another kind")
def test_interrupt_while_modules_load_is_no_traceback():
    code = """
import signal
from maxstim_core.cli import main
signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
signal.setitimer(signal.ITIMER_REAL, 0.01)
raise SystemExit(main(["models", "list"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert "Stopped before" in done.stderr


@pytest.mark.parametrize(
    ("command", "config_class"),
    [
        (("generate", "T4c"), GenerateConfig),
        (("regularize", "T4c", "--movie", "m.npy"), RegularizeConfig),
        (("search",), SearchConfig),
    ],
)
def test_options_default_to_the_configuration_and_quote_it(command, config_class, capsys):
    arguments = make_parser().parse_args([*command, "--output", "out.nc"])
    assert read_settings(arguments, config_class) == config_class()
    with pytest.raises(SystemExit):
        make_parser().parse_args([command[0], "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    for setting in dataclasses.fields(config_class):
        words = " ".join(setting.metadata["doc"].split())
        assert words in shown.replace("- ", "-") or words in shown


@pytest.mark.parametrize("flags", [("--help",), ("--version",), ("generate", "--help")])
def test_help_loads_nothing_heavy(flags):
    code = f"""
import sys
from maxstim_core.cli import main
try:
    main({list(flags)!r})
except SystemExit as end:
    assert end.code == 0
heavy = {{"torch", "numba", "xarray", "pandas", "panel"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.skipif(sys.platform == "win32", reason="Pipes end otherwise there.")
def test_whoever_reads_may_leave():
    code = "from maxstim_core.cli import main; raise SystemExit(main(['models', 'list']))"
    command = (
        f"{shlex.quote(sys.executable)} -c {shlex.quote(code)} | true; echo ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (done.stdout, done.stderr) in {("141\n", ""), ("0\n", "")}, "0 where it was faster"


@pytest.mark.skipif(sys.platform == "win32", reason="Pipes end otherwise there.")
@pytest.mark.parametrize("ending", ["2>&1 | head -1 >/dev/null", "2>/dev/full", ">&-", "2>&-"])
def test_a_run_ends_whether_or_not_anyone_reads(tmp_path, ending):
    output = tmp_path / "out.nc"
    command = [
        *(sys.executable, "-m", "maxstim_core.cli", "generate", "T4c", "--network", "prior"),
        *("--t-stim", "0.02", "--iterations", "20", "--device", "cpu", "--output", str(output)),
    ]
    script = f"{shlex.join(command)} {ending}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert done.returncode in ({0, 141} if "head" in ending else {0}), "0 where it was faster"
    assert load(output).attrs["status"] == "complete"


@pytest.mark.skipif(sys.platform != "linux", reason="Names are text there.")
def test_names_that_are_no_text_are_escaped(tmp_path):
    movie, output = os.fsencode(tmp_path) + b"/\xff\xc2\xb0.npy", tmp_path / "out.nc"
    with open(movie, "wb") as file:
        np.save(file, np.full((2, N_COLUMNS), 2, np.float32))
    command = [
        *(sys.executable, "-m", "maxstim_core.cli", "simulate", "--network", "prior"),
        *("--device", "cpu", "--movie", movie, "--output", output),
    ]
    ascii_only = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, env=ascii_only, capture_output=True, text=True)
    assert done.returncode == 0
    assert "\\udcff\\xb0.npy goes from 2 to 2" in done.stderr
    assert load(output).attrs["movie"].endswith("\\udcff°.npy")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="There is no disk that is always full.")
def test_a_full_disk_is_told():
    command = [sys.executable, "-m", "maxstim_core.cli", "models", "list"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr == "maxstim: There is no room left to write to; make some.\n"


def test_doctor(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path / "data"))
    assert run("doctor") == 0
    shown = capsys.readouterr().out
    for word in ("maxstim", "Python", "cpu", "65 cell types", "721", "Chromium"):
        assert word in shown
    assert str(tmp_path / "data") in shown
    assert not (tmp_path / "data").exists()


def _refuses(arguments, capsys, says):
    try:
        code = run(*arguments)
    except SystemExit as end:
        code = end.code
    shown = capsys.readouterr()
    assert code == 2
    assert shown.out == ""
    assert says in shown.err
    assert shown.err.startswith("maxstim: ")
    assert shown.err.count("\n") == 1, "one line"
    assert shown.err.rstrip().endswith((".", "?"))


def _start(*arguments, output):
    command = [sys.executable, "-m", "maxstim_core.cli", *arguments, "--output", str(output)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, restore_signals=True
    )


def _write_lost_network(path):
    prior = prior_network()
    strength = 1e9 * prior.parameters.synapse_strength
    lost = dataclasses.replace(prior.parameters, synapse_strength=strength)
    write_network(dataclasses.replace(prior, parameters=lost), path, {})


def _contents(folder):
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
