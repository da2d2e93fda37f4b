"""What a step asks for is parsed by hand, and held against an answer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import maxstim_core as ms
from dashboard.lessons.lesson_goal import MOST_CONDITIONS, LessonGoal
from dashboard.lessons.quantities import LABELS, QUANTITIES, MeasuredAnswer
from maxstim_core.errors import MaxstimError
from maxstim_core.networks.bundled import networks_folder
from maxstim_core.networks.connectome import bundled_connectome

CELL_TYPES = tuple(bundled_connectome().names)
SHIPPED = networks_folder().parent / "examples" / "T4c-regularized.nc"


def measured(cell="T4c", **values):
    labels = {
        "cell": cell, "method": "generated", "network": "default", "silenced": "", "objective": "drive",
    }  # fmt: skip
    return MeasuredAnswer(values, labels)


def parse(text):
    return LessonGoal.parse(text, CELL_TYPES)


def test_an_answer_is_held_against_a_goal():
    goal = parse("response of T5c > 2 with energy < 100")
    reached = goal.report(measured("T5c", response=2.31, energy=96.4))
    assert reached.reached
    assert reached.said == (
        "Response of T5c 2.31 RMS above grey, which is above 2; contrast energy 96.4, which is below "
        "100."
    )
    weak = goal.report(measured("T5c", response=-1.5, energy=96.4))
    assert not weak.reached and "−1.5 RMS above grey, which is not above 2" in weak.said
    other = goal.report(measured("T4c", response=9.0, energy=1.0))
    assert not other.reached and "for T4c, not for T5c" in other.said
    assert not goal.report(measured("T5c", energy=1.0)).reached, "no unit"


@pytest.mark.parametrize(
    ("relation", "reached"), [(">", False), ("<", False), (">=", True), ("<=", True)]
)
def test_relations_at_the_bound(relation, reached):
    assert parse(f"energy {relation} 100").report(measured(energy=100.0)).reached is reached


def test_names():
    goal = parse("cell is CT1(M10) and network is maxstim/003")
    assert not goal.report(measured("CT1(M10)")).reached
    said = parse("silenced is Mi1").report(measured()).said
    assert said == "Silenced: nothing, not Mi1."
    report = parse("objective is contrast").report(measured())
    assert not report.reached and report.said == "The objective: drive, not contrast."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "ends where a quantity"),
        ("respons > 2", "did you mean response"),
        ("response of T9 > 2", "no cell type 'T9'"),
        ("response of T4c", "ends where a relation"),
        ("response = 2", "stands one of"),
        ("response > two", "stands a number"),
        ("response > 1e999", "stands a number"),
        ("response > nan", "stands a number"),
        ("response > 2 or energy < 3", "'and' or 'with'"),
        ("cell T4c", "stands 'is'"),
        ("cell is T4x", "no cell type"),
        ("network is <b>", "no name"),
        ("__import__('os').system('true') > 0", "nothing called"),
        (" and ".join(["energy < 3"] * (MOST_CONDITIONS + 1)), "at most"),
    ],
)
def test_what_is_no_goal_is_refused(text, words):
    with pytest.raises(MaxstimError, match=words.replace("(", r"\(")):
        parse(text)


NUMBERS = st.decimals(-999_999, 999_999, places=3).map(lambda x: f"{x:f}")
CONDITIONS = st.one_of(
    st.builds(
        "{}{} {} {}".format,
        st.sampled_from(sorted(QUANTITIES)),
        st.just("") | st.sampled_from(CELL_TYPES).map(" of {}".format),
        st.sampled_from([">", "<", ">=", "<="]),
        NUMBERS,
    ),
    st.builds("cell is {}".format, st.sampled_from(CELL_TYPES)),
    st.builds(
        "{} is {}".format, st.sampled_from(["method", "network", "silenced"]), st.just("a/b-1")
    ),
)


@given(st.lists(CONDITIONS, min_size=1, max_size=MOST_CONDITIONS).map(" with ".join))
def test_a_goal_says_itself(text):
    goal = parse(text)
    assert parse(str(goal)) == goal


WORDS = st.sampled_from([*QUANTITIES, *LABELS, "of", "T4c", ">", "<", "is", "and", "2", "-1"])


@given(st.text(max_size=60) | st.lists(WORDS, max_size=12).map(" ".join))
def test_any_text_is_a_goal_or_one_sentence(text):
    try:
        goal = parse(text)
    except MaxstimError as error:
        assert "\n" not in str(error)
    else:
        assert goal.conditions


def test_quantities_of_an_answer_are_those_that_the_docs_define():
    answer = ms.load(SHIPPED)
    found = MeasuredAnswer.of(answer, CELL_TYPES)
    network = ms.open_network("default")
    units, k = ms.response_units(network), network.cell_type("T4c")
    peak = float(answer.central_response.max())
    assert found.values["voltage"] == pytest.approx(peak)
    assert found.values["response"] == pytest.approx((peak - units.grey[k]) / units.rms[k])
    assert found.values["energy"] == pytest.approx(
        float(((answer.stimulus - 0.5) ** 2).sum()), rel=1e-4
    )
    assert found.values["duration"] == pytest.approx(0.8)
    assert set(found.values) == set(QUANTITIES) and set(found.labels) == set(LABELS)
    assert found.labels == {
        "cell": "T4c", "method": "regularized", "network": "default", "silenced": "", "objective": "",
    }  # fmt: skip
    generated = ms.load(SHIPPED.with_name("T4c-generated.nc"))
    assert MeasuredAnswer.of(generated, CELL_TYPES).labels["objective"] == "flyvis"


def test_an_answer_for_several_networks_is_not_one_for_the_first_alone():
    answer = ms.load(SHIPPED.with_name("T4c-generated.nc"))
    answer.attrs["networks"] = json.dumps(["default", "maxstim/002"])
    found = MeasuredAnswer.of(answer, CELL_TYPES)
    reached, said = parse("network is default").conditions[0].report(found)
    assert (reached, said) == (False, "the network: default,maxstim/002, not default")
    assert parse("network is default,maxstim/002").report(found).reached
