"""Several networks that are asked at once: everything on the page says so, and takes it along."""

import json
import re

import pytest
import xarray as xr
from toy_runs import FOREVER, SLOW, toy_queue
from toy_runs import when as seen

from dashboard.app import App
from dashboard.compare.pinned import answer_facts
from dashboard.lessons.class_seat import _shared
from dashboard.lessons.page_settings import PageSettings
from dashboard.lessons.set_page import keep_fixed, set_page
from dashboard.sidebar.controls import Controls
from dashboard.state.choice import Choice
from dashboard.state.page_link import OpenedLink, address_of
from dashboard.state.session import Session
from dashboard.state.sweep_choice import SweepChoice
from dashboard.state.url import LONGEST_LINK, PageAddress
from dashboard.views.headline import answer_heading, live_heading
from dashboard.views.run_history import History, run_row
from maxstim_core.errors import MaxstimError
from maxstim_core.export.captions import figure_notes, file_name
from maxstim_core.export.command import command_line
from maxstim_core.export.python_code import python_snippet
from maxstim_core.networks.catalog import open_network
from maxstim_core.optimal.configs import GenerateConfig, SearchConfig
from maxstim_core.optimal.generated import generate
from maxstim_core.runs.comparisons import curve_config
from maxstim_core.runs.library import ResultLibrary
from maxstim_core.runs.request import RunRequest, request_of
from maxstim_core.runs.store import RunStore

TINY = GenerateConfig(t_stim=0.05, n_iters=2, across="least")
ASKED = RunRequest("T4c", TINY, network="default", further_networks=("maxstim/002",))


@pytest.fixture(scope="module")
def answer():
    run = generate([open_network(name) for name in ASKED.networks], "T4c", TINY)
    list(run)
    return run.result()


@pytest.fixture
def queue(tmp_path):
    toys = toy_queue(tmp_path)
    yield toys
    toys.close()


@pytest.fixture
def choice():
    found = Choice()
    found.take(ASKED)
    return found


def pressed(controls, **message):
    controls.take({"method": "generated", "setting": "across", **message})


def test_a_run_asks_the_further_networks_and_how_only_where_it_is_generated(choice):
    assert choice.request() == ASKED and choice.asked_further == ("maxstim/002",)
    choice.method = "natural"
    assert choice.request().further_networks == () and choice.asked_further == ()
    choice.method = "generated"
    assert choice.request() == ASKED


def test_how_they_are_asked_is_forgotten_with_the_last_of_them(choice):
    choice.further = ()
    assert choice.settings["generated"].across == "mean"
    assert choice.request().config == GenerateConfig(t_stim=0.05, n_iters=2)


def test_no_network_is_asked_twice(choice):
    choice.further = ("maxstim/002", "prior", "maxstim/002")
    assert choice.further == ("maxstim/002", "prior")
    choice.network = "prior"
    assert choice.further == ("maxstim/002",)
    choice.network = "maxstim/002"
    assert choice.further == () and choice.settings["generated"].across == "mean"


def test_what_one_network_was_asked_takes_the_others_back(choice):
    choice.take(RunRequest("T4c", TINY))
    assert choice.further == () and choice.request().config.across == "mean"


def test_examples_leave_how_several_are_asked(choice):
    choice.settings["generated"].load_aims({"objective": "suppress"})
    assert choice.request().config.across == "least"
    assert choice.settings["generated"].aims() == {"objective": "suppress"}


def test_the_field_shows_them_and_takes_them():
    controls = Controls(Choice())
    shown = controls.words()["values"]["generated"]["across"]
    assert shown == {"value": "mean", "further": [], "own": "default", "problem": ""}
    pressed(controls, value="least")
    assert controls.choice.settings["generated"].across == "mean", "there are not several"
    pressed(controls, further=["prior"])
    pressed(controls, value="disagreement")
    assert controls.words()["values"]["generated"]["across"]["value"] == "disagreement"
    pressed(controls, further=["prior", "maxstim/002"])
    problem = controls.words()["values"]["generated"]["across"]["problem"]
    assert problem == "Two networks can disagree, no more and no fewer; ask two of them at once."
    with pytest.raises(MaxstimError, match="Two networks can disagree"):
        controls.choice.request()
    for wrong in ("prior", [1], [""], None, {"a": 1}):
        pressed(controls, further=wrong)
        assert controls.choice.further == ("prior", "maxstim/002")
    pressed(controls, value="mean", further=[f"net/{k}" for k in range(99)])
    problem = controls.words()["values"]["generated"]["across"]["problem"]
    assert problem.startswith("A run asks at most 10 networks at once")


def test_visitors_name_none_that_is_not_listed(choice):
    choice.listed_only = True
    assert choice.request() == ASKED
    choice.further = ("/etc/passwd",)
    with pytest.raises(MaxstimError, match="networks of the list"):
        choice.request()


def test_a_sweep_asks_one(choice):
    sweep = SweepChoice(choice)
    sweep.mark("lr")
    with pytest.raises(MaxstimError, match=r"^A sweep asks one network; leave out the further"):
        sweep.request()
    choice.further = ()
    assert sweep.request().network == "default"


def test_a_link_opens_the_same_elsewhere(choice, queue):
    session = Session(choice, queue, ResultLibrary(queue.folder))
    address = address_of(session)
    text = address.search()
    assert len(text) < LONGEST_LINK and "network=default&further=maxstim/002&" in text
    assert "across=least" in text and PageAddress.parse(text) == address
    other = Session(Choice(), queue, ResultLibrary(queue.folder))
    opened = OpenedLink(other)
    opened.choose(PageAddress.parse(text))
    assert opened.problems == () and other.choice.request() == ASKED
    left_out = address.link(len("?cell=T4c&method=generated&network=default&t_stim=0.05") + 6)
    assert {"further networks", "Several networks"} <= set(left_out.left_out)
    assert "across" not in left_out.search


@pytest.mark.parametrize(
    ("search", "said"),
    [
        ("?further=maxstim/002,own/none&t_stim=0.05", "Not all further networks of this link"),
        ("?across=least&t_stim=0.05", "“Several networks” of this link is left out"),
        ("?network=prior&further=prior&across=least&t_stim=0.05", "“Several networks” of this"),
    ],
)
def test_what_is_wrong_in_a_link_is_one_sentence_and_the_rest_is_taken(search, said, queue):
    session = Session(Choice(), queue, ResultLibrary(queue.folder))
    opened = OpenedLink(session)
    opened.choose(PageAddress.parse(search))
    [problem] = opened.problems
    assert problem.startswith(said) and problem.count(".") == 1
    choice = session.choice
    assert choice.further == () and choice.request().config.across == "mean"
    assert choice.request().config.t_stim == 0.05


def test_headline_figures_and_files_say_it(answer):
    heading = answer_heading(answer)
    assert "for default and maxstim/002 at once (least), response of default" in heading
    assert "several networks" not in heading
    assert "for default and maxstim/002 at once (least)" in figure_notes(answer)[1]
    alone = answer.drop_attrs(deep=False).assign_attrs(
        {k: v for k, v in answer.attrs.items() if not k.startswith("network")},
        network="default", network_hash=answer.attrs["network_hash"],
    )  # fmt: skip
    assert "network default" in answer_heading(alone) and "at once" not in answer_heading(alone)
    assert file_name(alone, "nc") != file_name(answer, "nc")
    odd = answer.assign_attrs(networks="{")
    assert "network default" in answer_heading(odd)


def test_code_and_command_make_it_again(answer, tmp_path, monkeypatch):
    command = command_line(ASKED, "out.nc")
    assert "--network default,maxstim/002" in command and "--across least" in command
    code = python_snippet(ASKED, "out.nc")
    assert "ms.generate([network, *others], " in code
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "snippet", "exec"), {})
    again = xr.load_dataset("out.nc", engine="h5netcdf")
    assert (again.stimulus == answer.stimulus.values).all() and request_of(again) == ASKED


def test_an_answer_is_found_by_all_its_networks(answer, tmp_path, choice, queue):
    store = RunStore(queue.store.root)
    path = store.save("several", answer)
    library = ResultLibrary(queue.folder)
    library.refresh(wait=True)
    [record] = [one for one in library.entries() if one.key == "several"]
    assert record.networks == ASKED.networks
    again = ResultLibrary(queue.folder)  # by the index
    again.refresh(wait=True)
    assert record in again.entries() and path.exists()
    session = Session(choice, queue, library)
    session.network_hash = answer.attrs["network_hash"]
    assert session.newest().key == "several"
    choice.further = ()
    assert session.newest().key == "T4c-generated"
    choice.further = ("prior",)
    assert session.newest() is None
    session.follow("several")
    assert choice.further == ("maxstim/002",) and session.shows_question and session.note == ""
    beside = library.comparable_answers(library.open("T4c-generated"))
    assert beside["generated"].attrs.get("networks") is None
    [row] = [row for row in History(session).list.rows if row["key"] == "several"]
    assert row["settings"].endswith("several networks: in the least · with maxstim/002")
    choice.further = ("prior",)
    assert session.note.startswith(
        "You chose networks default and prior at once; this is networks default and maxstim/002 at "
        "once. Press Run"
    )
    choice.further = ()
    assert session.note.startswith("You chose network default; this is networks default and maxst")
    session.take_settings()
    assert choice.request() == ASKED
    choice.settings["generated"].across = "mean"
    assert session.note == "This answer was made with “Several networks” set to “In the least”."


def test_a_run_says_it_while_it_goes(queue, choice):
    choice.settings["generated"].param.update(random_seed=SLOW, n_iters=FOREVER)
    app = App(queue, ResultLibrary(queue.folder))
    app.choice.take(choice.request())
    app.session.start()
    while app.session.run is None or not app.session.run.step:
        app.session.poll()
    run = app.session.run
    assert run.request.networks == ASKED.networks
    assert "for default and maxstim/002 at once (least)" in live_heading(run)
    assert run_row(run, {})["settings"].endswith("with maxstim/002")
    app.choice.further = ()
    assert "You chose network default; this is networks default and" in app.session.note
    queue.cancel(run.run_id)
    seen(queue, run.run_id, lambda one: one.state == "cancelled")


def test_a_lesson_that_says_which_network_asks_that_one(choice):
    set_page(choice, PageSettings(method="generated"))
    assert choice.further == ()
    choice.further = ("prior",)
    assert keep_fixed(choice, PageSettings(network="default")) and choice.further == ()
    assert not keep_fixed(choice, PageSettings(network="default"))


def test_an_answer_whose_networks_are_no_names_does_not_say_how_it_was_made(answer):
    for wrong in ("{", json.dumps("default"), json.dumps(["default", 3])):
        with pytest.raises(MaxstimError, match="does not say how it was made"):
            request_of(answer.assign_attrs(networks=wrong))


def test_further_networks_are_of_generated_movies_alone():
    sentence = "Only a generated stimulus is made for several networks at once"
    with pytest.raises(MaxstimError, match=re.escape(sentence)):
        RunRequest("T4c", SearchConfig(), further_networks=("prior",))


def test_who_follows_a_class_gets_all_networks_or_none(choice):
    assert _shared(choice) == ASKED
    choice.further = ("/home/ada/network.json",)
    assert _shared(choice) is None


def test_what_is_pinned_tells_its_networks_and_its_curve_is_of_the_first(answer):
    facts = answer_facts(answer)
    assert (facts["Network"], facts["Further networks"]) == ("default", "maxstim/002")
    assert facts["Several networks"] == "In the least"
    assert curve_config(answer).across == "mean"
