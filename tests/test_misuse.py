"""Every misuse of the front door is answered by one clear sentence, before work starts."""

from __future__ import annotations

import re

import numpy as np
import pytest
import xarray as xr

import maxstim_core as ms

GREY = np.full((4, 19), 0.5, np.float32)
SHORT = ms.GenerateConfig(t_stim=0.03, n_iters=1)
NAN = float("nan")

NO_NETWORK = ("default", None, 3, ms.Network, ["default"])
NO_CELL_TYPE = ("T4x", "", None, 4, ["T4c"], b"T4c", 1.5)
NO_DEVICE = ("cuda:99", "gpu", None, 0, ["cpu"])
NO_DTYPE = ("float16", None, np.float32, 32)
NO_CONFIG = ({}, {"dt": 0.01}, "default", 3, ms.GenerateConfig)
NO_EXTENT = (-1, 2.5, "5", None, True, NAN, 101, 10**9, [5], 10**400)
NO_DT = (0, -0.01, "0.01", "a", None, NAN, np.inf, True, [0.01], 1e9, np.bool_(True))
NO_PATH = (None, 3, ["a.nc"], "no/such/folder/a.nc")
NO_STEPS = (0, -1, 2.5, "2", None, True, [1], NAN)
NO_MOVIE = (
    *(None, "movie.npy", 3, 0.5, [], {}, GREY[0], GREY[:, :7], GREY[:0], GREY.astype(np.uint8)),
    *(GREY * NAN, GREY * 1j, GREY.astype(object), [[0.5] * 19, [0.5]], GREY[None, None], "answer"),
)
NO_CLIPS = (None, "probes", 3, GREY, [GREY], "answer", "found", ms.ArrayClips)
NO_SEARCH = (
    *(None, "found.nc", 3, {}, "answer", "clips", "cut", "other cell", "not begun", "run"),
    "no dataset of ours",
)
NO_TEXT = (None, 3, ["x"], b"x", 1.5)
NO_SILENCE = (None, 3, b"Mi9", [3], ["Mi9,C3"], True)

MISUSES: dict[str, list] = {}


def misuse(name, /, **changes):
    """List, for a name of the door, a call by keywords with one argument wrong at a time."""
    for argument, values in changes.items():
        MISUSES.setdefault(name, []).extend((argument, value) for value in values)


for run in ("generate", "regularize"):
    misuse(run, network=NO_NETWORK, cell_type=NO_CELL_TYPE, config=(*NO_CONFIG, ms.SearchConfig()))
    misuse(run, device=NO_DEVICE, dtype=NO_DTYPE, report_every=NO_STEPS)
misuse("regularize", clip=(*NO_MOVIE, GREY[None]))
misuse("generate_many", network=NO_NETWORK, config=NO_CONFIG, device=NO_DEVICE, dtype=NO_DTYPE)
misuse("generate_many", cell_types=("T4c", ["T4x"], [3], [], ["T4c", "T4c"], 3, [None]))
misuse("generate_many", seeds=("01", 3, [], [-1], [0.5], ["a"], [None], [0, 0], [True], None))
misuse("generate_many", report_every=NO_STEPS, at_once=(0, -1, 1.5, "2", True, [1]))
misuse(
    "generate_each", questions=(None, 3, [], "T4c", ["T4c"], [("default", "Mi1", SHORT)], [3], [()])
)
misuse("generate_each", device=NO_DEVICE, dtype=NO_DTYPE, report_every=NO_STEPS)
misuse("search", network=NO_NETWORK, clips=(*NO_CLIPS, "other eye"), config=NO_CONFIG)
misuse("search", device=NO_DEVICE, dtype=NO_DTYPE)
misuse("replay", network=(*NO_NETWORK, "another network"), cell_type=NO_CELL_TYPE)
misuse("replay", clips=(*NO_CLIPS, "other eye", "other clips"), found=NO_SEARCH)
misuse("replay", clip=(99, None, "no such clip", ["probe"], 0, b"a"), device=NO_DEVICE)
misuse("replay", config=(*NO_CONFIG, ms.SearchConfig(dt=0.02)), dtype=NO_DTYPE)
misuse("replay", config=(ms.SearchConfig(protocol="flyvis"), ms.GenerateConfig()))
misuse("simulate", network=NO_NETWORK, movie=NO_MOVIE, dt=NO_DT, device=NO_DEVICE, dtype=NO_DTYPE)
misuse(
    "simulate", cells=([], [-1], [10**6], [0.5], "Mi1", ["Mi1"], [[0]], 0, [True], [[0], [0, 1]])
)
misuse(
    "simulate", initial_state=("gray", None, 3, [0.5], GREY, ["a"], "answer", [NAN] * 19, [[1], []])
)
misuse("simulate", silence=(*NO_SILENCE, "Mi99", ["T4x"]))
misuse(
    "silenced", network=NO_NETWORK, cell_types=(*NO_SILENCE, "Mi99", ["T4x"]), cell_type=("Mi9",)
)
for told in ("contributions", "silencing_effects"):
    misuse(told, network=NO_NETWORK, cell_type=NO_CELL_TYPE, movie=NO_MOVIE, dt=NO_DT)
    misuse(told, silence=(*NO_SILENCE, "Mi99", "T4c"), device=NO_DEVICE, order=(None, "flygim"))
    misuse(told, movie=(GREY[None],))
misuse("contributions", columns_of=("T4x", None, 3, ["Mi9"], "R1"), dtype=NO_DTYPE)
misuse("silencing_effects", cell_types=("Mi9", 3, ["Mi99"], [3], ["Mi9", "Mi9"]))
misuse("simulate_ensemble", networks=(None, "default", [], ["default"], 3, "another network"))
misuse("simulate_ensemble", movie=NO_MOVIE, dt=NO_DT, cells=([], "Mi1"), device=NO_DEVICE)
misuse("open_network", name=("defualt", None, 3, "", ["default"], "no/such.json"), extent=NO_EXTENT)
misuse("known_networks", folder=(3, ["a"], "no/such/folder"))
misuse("open_clips", name=("probe", "", *NO_TEXT, "../probes"), extent=NO_EXTENT, dt=NO_DT)
misuse("clip_named", clips=NO_CLIPS, name=("no such clip", "", *NO_TEXT, 99))
misuse("flow", clips=(*NO_CLIPS, "clips"), index=(999, -1, 0.5, "0", None, True, [0]))
misuse(
    "flyvis_preset", config_class=("generate", None, 3, ms.GenerateConfig(), int, ["a"], ms.Network)
)
misuse("flyvis_preset", n_iter=(3,), n_iters=("many", 0))
misuse("resampled", clip=(None, 3, [], "movie", {}), dt=NO_DT, new_dt=NO_DT)
misuse("load", path=(*NO_PATH, ".", "foreign.nc", "text.nc", ""))
misuse("save", path=(*NO_PATH, "."), dataset=(None, "a.nc", GREY, {}, "run", "clips", "unsavable"))
misuse("finish", run=(None, "run", 3, GREY, "answer", "clips", ms.generate))
misuse("strip", answer=(None, "t4c.nc", GREY, "found", "run", "activity", "texts", "no dt"))
misuse("strip", scale=(0, -1, "2", None, True, 1e5, NAN, [2]), limit=(0, -1.0, "1", NAN, True, [1]))
misuse("strip", extent=NO_EXTENT, n_panels=(0, -1, 2.5, "10", None, True, 10**6, NAN))
misuse("strip", notes=("text", [1], 3, None, [None]), dark=("no", 1, None))
misuse(
    "ArrayClips", name=NO_TEXT, dt=NO_DT, names=(None, (), "a", ("a",), ("a", "a"), 3, (1, 2), "ab")
)
misuse("ArrayClips", clips=(None, 3, "ab", [], [GREY], [GREY, GREY[0]], [GREY, GREY[:0]], GREY[0]))
misuse("ArrayClips", clips=([GREY, GREY[:, :7]], [GREY.astype(np.uint8)] * 2, [GREY[:, :8]] * 2))
misuse("ArrayClips", clips=([GREY * NAN] * 2, ["a", "b"], [[[0.5], [0.5, 1.0]]] * 2, [None, None]))
misuse("Network", layout=(None, "layout"), parameters=(None, {}), name=NO_TEXT)
misuse("Result.of", dataset=(None, {}, GREY, "activity"))
for config in ("GenerateConfig", "RegularizeConfig", "SearchConfig"):
    misuse(
        config, dt=[dt for dt in NO_DT if dt != "0.01"], lrr=(1,), n_best_=(1,), method=("natural",)
    )
    misuse(config, silence=NO_SILENCE)
for config in ("GenerateConfig", "RegularizeConfig"):
    misuse(config, n_iters=(0, 2.5, "a", None, True, np.bool_(True), [3], NAN), lr=("a", None, 0))
misuse("GenerateConfig", last_only=(1, "yes", None), random_seed=(-1, 0.5, True), t_stim=(0, 100))
misuse(
    "GenerateConfig", objective=("", "drve", 3, None, "level", "level:x", "contrast:", "drive:1")
)
misuse("GenerateConfig", window=("0.1", "0.2:0.1", "a:b", 3, None), stim_window=("0:9", "x", 3))
misuse("GenerateConfig", energy=(-1, "a", NAN, None), levels=(1, -1, 0.5), rings=(-1, 0.5, "a"))
misuse("response_units", network=(None, "default", 3, []))
misuse("curve", network=NO_NETWORK, cell_type=NO_CELL_TYPE, config=(*NO_CONFIG, ms.SearchConfig()))
misuse("curve", energies=("12", None, [], [2, 1], [0], 1, 101, True, [NAN], ["a"], 2.5))
misuse("curve", device=NO_DEVICE, dtype=NO_DTYPE, report_every=NO_STEPS)
misuse("as_torch_module", network=NO_NETWORK, cell_types=("T4c", ["T4x"], [], [3], 3, None))
misuse(
    "as_torch_module", dt=NO_DT, device=NO_DEVICE, dtype=NO_DTYPE, twice_differentiable=(1, "no")
)
misuse(
    "restarts", network=NO_NETWORK, cell_type=NO_CELL_TYPE, config=(*NO_CONFIG, ms.SearchConfig())
)
misuse("restarts", seeds=(0, 65, 1.5, "2", None, True), different=(0, 65, 1.5, "2", None, True))
misuse("restarts", clip=(*NO_MOVIE[1:], GREY[None]), device=NO_DEVICE, dtype=NO_DTYPE)
misuse("restarts", report_every=NO_STEPS)
misuse("controls", answer=(None, "answer.nc", 3, {}, GREY, "found", "activity", "many"))
misuse("controls", network=("default", 3, ms.Network, ["default"], "another network", "eye"))
misuse("controls", clips=(*NO_CLIPS[1:], "other eye"))
misuse("controls", device=NO_DEVICE, dtype=NO_DTYPE)
misuse(
    "controls", others=(None, 3, "default", ["default"], [None], "eyes"), seed=(-1, "a", None, 0.5)
)
NO_VARY = (None, {}, "lr=0.1", 3, ["lr"], {"lrr": [0.1]}, {3: [0.1]}, {"lr": []}, {"lr": None})
NO_RANGE = (
    "log:1:0.1:3",
    "log:0:1:3",
    "lin:a:1:3",
    "lin:0.1:0.2",
    "0.1,0.1",
    "lin:0.01:0.1:1000000",
)
misuse("sweep", network=NO_NETWORK, cell_type=NO_CELL_TYPE, config=(*NO_CONFIG, ms.SearchConfig()))
misuse("sweep", vary=(*NO_VARY, *({"lr": each} for each in NO_RANGE), {"random_seed": [0, 1]}))
misuse("sweep", seeds=(0, 1.5, "2", None, True, 10**6), trials=(0, 1.5, "2", True, 10**6))
misuse("sweep", goals=("energy", 3, [], ["energy"], ["transfer"], [None]), report_every=NO_STEPS)
misuse("sweep", others=(None, 3, "default", ["default"], [None], "eyes"), device=NO_DEVICE)
misuse("sweep", store=(3, "", ["s.zarr"], "no/such/folder/s.zarr", "text.nc"), dtype=NO_DTYPE)
misuse("SearchConfig", protocol=("other", None, 3), score=("peaks", ["peak"]), distinct=(1, "no"))

TAKES_NOTHING_WRONG = {"available_devices", "clip_set_names", "MaxstimError"}
"""What has no argument that could be wrong."""


@pytest.fixture(scope="module")
def held():
    """What a notebook holds: a network, clips, what was found in them, an answer and more."""
    network = ms.open_network("prior", extent=2)
    flashes = [GREY + 0.1 * k for k in range(2)]
    clips = ms.ArrayClips("flashes", ("dim", "bright"), flashes, 0.01)
    found = ms.finish(ms.search(network, clips))
    answer = ms.finish(ms.generate(network, "Mi1", SHORT))
    eye = ms.open_network("prior", extent=1)
    return {
        "network": network,
        "clips": clips,
        "found": found,
        "answer": answer,
        "activity": ms.simulate(network, GREY, 0.01, cells=[0]),
        "another network": ms.open_network("flyvis-init", extent=2),
        "other eye": ms.open_clips("probes", extent=1),
        "other clips": ms.ArrayClips("flashes", ("dim", "bright"), flashes[::-1], 0.01),
        "other cell": found.isel(cell_type=[0]),
        "not begun": ms.search(network, clips).result(),
        "cut": found.isel(cell_type=0),
        "no dataset of ours": xr.Dataset({"clip_peak": 3}),
        "unsavable": answer.assign_attrs(made={"by": object()}),
        "texts": answer.assign(stimulus=answer.stimulus.astype(str)),
        "no dt": answer.assign_attrs(dt="a"),
        "eye": eye,
        "eyes": [eye],
        "many": ms.finish(ms.generate_many(network, ["Mi1"], config=SHORT)),
        "run": ms.generate(network, "Mi1", SHORT),
    }


def arguments(name, held):
    """Return a call of a name of the door that is right, by keywords."""
    network, clips, answer = held["network"], held["clips"], held["answer"]
    return {
        "generate": {"network": network, "cell_type": "Mi1", "config": SHORT},
        "regularize": {"network": network, "cell_type": "Mi1", "clip": GREY},
        "generate_many": {"network": network, "cell_types": ["Mi1"], "config": SHORT},
        "generate_each": {"questions": [(network, "Mi1", SHORT)]},
        "search": {"network": network, "clips": clips},
        "replay": {"network": network, "cell_type": "Mi1", "clips": clips, "found": held["found"]},
        "simulate": {"network": network, "movie": GREY, "dt": 0.01},
        "simulate_ensemble": {"networks": [network], "movie": GREY, "dt": 0.01},
        "silenced": {"network": network, "cell_types": ["Mi9"]},
        "contributions": {"network": network, "cell_type": "T4c", "movie": GREY, "dt": 0.01},
        "silencing_effects": {"network": network, "cell_type": "T4c", "movie": GREY, "dt": 0.01},
        "response_units": {"network": network},
        "curve": {"network": network, "cell_type": "Mi1", "config": SHORT, "energies": [1.0]},
        "as_torch_module": {"network": network, "cell_types": ["Mi1"]},
        "sweep": {"network": network, "cell_type": "Mi1", "vary": {"lr": [0.1]}, "config": SHORT},
        "restarts": {"network": network, "cell_type": "Mi1", "config": SHORT, "seeds": 1},
        "controls": {"answer": answer, "network": network, "clips": clips},
        "open_network": {"name": "prior", "extent": 2},
        "known_networks": {},
        "open_clips": {"name": "probes", "extent": 2},
        "clip_named": {"clips": clips, "name": "dim"},
        "flow": {"clips": held["other eye"], "index": 0},
        "flyvis_preset": {"config_class": ms.GenerateConfig},
        "resampled": {"clip": GREY, "dt": 0.01, "new_dt": 0.02},
        "load": {"path": "answer.nc"},
        "save": {"dataset": answer, "path": "again.nc"},
        "finish": {"run": held["run"]},
        "strip": {"answer": answer},
        "ArrayClips": {"name": "a", "names": ("a", "b"), "clips": [GREY, GREY], "dt": 0.01},
        "Network": {"name": "a", "layout": network.layout, "parameters": network.parameters},
        "Result.of": {"dataset": answer},
    }.get(name, {})


def door(name):
    public, _, method = name.partition(".")
    return getattr(getattr(ms, public), method) if method else getattr(ms, public)


@pytest.fixture(scope="module")
def files(held, tmp_path_factory):
    """A folder with a result, a file of another program, and one that is no NetCDF at all."""
    folder = tmp_path_factory.mktemp("files")
    ms.save(held["answer"], folder / "answer.nc")
    xr.Dataset({"x": ("y", [1.0])}).to_netcdf(folder / "foreign.nc", engine="h5netcdf")
    (folder / "text.nc").write_text("no NetCDF")
    return folder


@pytest.fixture
def folder(files, monkeypatch):
    monkeypatch.chdir(files)
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(files / "data"))
    return files


@pytest.mark.parametrize("name", MISUSES)
def test_the_right_call_works(name, held, folder):
    door(name)(**arguments(name, held))


def cases():
    counts: dict[str, int] = {}
    for name, wrong in MISUSES.items():
        for argument, value in wrong:
            place = f"{name}-{argument}"
            counts[place] = counts.get(place, 0) + 1
            yield pytest.param(name, argument, value, id=f"{place}-{counts[place]}")


@pytest.mark.parametrize(("name", "argument", "value"), [*cases()])
def test_a_misuse_is_answered_by_one_sentence(name, argument, value, held, folder):
    if isinstance(value, str) and value in held and value != argument:
        value = held[value]
    if argument == "networks" and isinstance(value, ms.Network):
        value = [value, held["eye"]]
    before = sorted(folder.rglob("*"))
    with pytest.raises(ms.MaxstimError) as refused:
        door(name)(**{**arguments(name, held), argument: value})
    sentence = str(refused.value)
    assert 20 < len(sentence) < 300
    assert re.fullmatch(r"[A-Z].*[.?…]", sentence), sentence
    assert "\n" not in sentence and "Traceback" not in sentence and "object at 0x" not in sentence
    assert not re.search(r"[.?] [A-Z]", sentence.replace("xarray.", "")), "more than one sentence"
    assert sorted(folder.rglob("*")) == before


def test_numbers_and_truths_of_numpy_are_taken(held):
    network = held["network"]
    config = ms.GenerateConfig(
        t_stim=np.float64(0.03), n_iters=np.int64(2), random_seed=np.uint8(3), last_only=np.False_
    )
    assert config == ms.GenerateConfig(t_stim=0.03, n_iters=2, random_seed=3, last_only=False)
    assert all(type(value) in (int, float, bool) for value in config.to_dict().values())
    run = ms.generate(network, "Mi1", config, report_every=np.int64(2))
    assert [report.step for report in run] == [2]
    many = ms.generate_many(
        network,
        np.array(["Mi1"]),
        np.arange(2),
        config,
        at_once=np.int8(1),
        report_every=np.array(2),
    )
    assert many.n_steps == 4
    assert ms.open_clips("probes", np.int32(1), np.float64(0.02)).lattice.extent == 1
    assert ms.open_network("prior", np.int16(1)).lattice == ms.open_network("prior", 1).lattice
    clips = held["other eye"]
    assert (ms.flow(clips, np.int64(3)) == ms.flow(clips, 3)).all()
    assert ms.simulate(network, GREY, np.float32(0.01), cells=range(3)).attrs[
        "dt"
    ] == pytest.approx(0.01)
    drawn = ms.strip(held["answer"], scale=np.float32(2), n_panels=np.int64(2), limit=np.float64(1))
    assert drawn.png == ms.strip(held["answer"], n_panels=2, limit=1).png


def test_what_is_held_shows_itself_in_a_line(held):
    for name in ("network", "clips", "other eye", "run"):
        assert 20 < len(repr(held[name])) < 120 and "\n" not in repr(held[name])
    network = held["network"]
    for part in (network.layout, network.parameters, network.connectome):
        assert len(repr(part)) < 160
    assert repr(held["clips"]) == "<ArrayClips 'flashes': 2 clips, 19 columns, 0.01 s per frame>"
    run = ms.generate_many(network, ["Mi1"], range(3), SHORT)
    assert repr(run) == "<Run generate_many, 1 cell type × 3 seeds: 0 of 1 steps>"
    ms.finish(run)
    assert "1 of 1 steps" in repr(run)


def test_all_that_is_handed_out_is_a_result(held, folder):
    many = ms.generate_many(held["network"], ["Mi1"], config=SHORT)
    for result in (held["found"], held["answer"], ms.finish(many), ms.load("answer.nc")):
        assert isinstance(result, ms.Result)
    again = ms.replay(held["network"], "Mi1", held["clips"], held["found"])
    assert isinstance(again, ms.Result)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda answer: answer.assign_attrs(dt="a"),
        lambda answer: answer.assign_attrs(dt=0),
        lambda answer: answer.assign(stimulus=answer.stimulus.astype(str)),
        lambda answer: answer.assign(u=answer.u.astype(object)),
        lambda answer: answer.assign_attrs(cell_type=object()),
    ],
)
def test_a_notebook_shows_whatever_is_in_a_result(spoil, held):
    assert "xr-wrap" in spoil(held["answer"])._repr_html_()


def test_a_search_is_shown_with_its_own_settings(held):
    network, clips, config = held["network"], held["clips"], ms.SearchConfig(dt=0.02, n_best=1)
    found = ms.finish(ms.search(network, clips, config))
    assert ms.replay(network, "Mi1", clips, found).identical(
        ms.replay(network, "Mi1", clips, found, config)
    )


def test_frames_and_columns_are_found_by_their_names(held):
    movie = xr.DataArray(np.random.default_rng(0).random((19, 4)), dims=("column", "frame"))
    by_place = ms.simulate(held["network"], movie.values.T, 0.01)
    assert ms.simulate(held["network"], movie, 0.01).identical(by_place)


def test_what_a_person_has_made_of_a_result_is_read_back(held, folder):
    mean = held["activity"].mean("frame", keep_attrs=False).to_dataset(name="mean")
    ms.save(mean, "mean.nc")
    assert ms.load("mean.nc").drop_attrs().identical(mean.drop_attrs())


def test_every_public_name_is_misused():
    assert {name.partition(".")[0] for name in MISUSES} | TAKES_NOTHING_WRONG == set(ms.__all__)
