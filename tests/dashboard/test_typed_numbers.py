"""What is typed into number fields is read, or refused with what is allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.components.widgets.numberfield import NumberField
from dashboard.state.choice import Choice
from dashboard.state.typed_numbers import allowed, read_number
from maxstim_core.errors import MaxstimError
from maxstim_core.optimal.configs import GenerateConfig, starting_preset
from maxstim_core.settings import number_text


@pytest.mark.parametrize(
    ("text", "number"),
    [("0.02", 0.02), ("0,02", 0.02), (" 1e-5 ", 1e-5), ("-3", -3.0), ("\u22123", -3.0), (".5", 0.5),
     ("", None), ("abc", None), ("1,000.5", None), ("nan", None), ("1e999", None), ("1 000", None)],
)  # fmt: skip
def test_a_number_is_read(text, number):
    assert read_number(text, whole=False) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [("200", 200), ("2e2", 200), ("3.0", 3), ("3.7", None), ("1,000", None), ("1_000", None)],
)
def test_a_whole_number_is_read(text, number):
    read = read_number(text, whole=True)
    assert read == number and isinstance(read, int | None)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_shown_is_read_again(number):
    assert read_number(number_text(number), whole=False) == number


def test_what_is_allowed_is_said_as_people_type_it():
    assert allowed(1e-6, 10.0, "", whole=False) == "between 0.000001 and 10"
    assert allowed(0.001, 10.0, "s", whole=False) == "between 0.001 and 10 s"
    assert allowed(1, 100_000, "", whole=True) == "a whole number between 1 and 100000"


def test_a_refused_entry_stops_the_run_until_it_is_mended():
    choice = Choice()
    settings = choice.settings["generated"]
    field = NumberField(settings, "t_stim")
    assert (field.label, field.unit) == ("Stimulus duration", "s")
    for mend in ({"entry": "0,7"}, "restore", settings.load_starting):
        field._handle_msg({"entry": "99"})
        assert field.shown.items() >= {"text": "99", "value": settings.t_stim}.items()
        assert field.shown["problem"] == "between 0.001 and 10 s"
        with pytest.raises(MaxstimError, match=r"^Stimulus duration must be .* 10 s\.$"):
            choice.request()
        mend() if callable(mend) else field._handle_msg(mend)
        assert field.shown["text"] == number_text(settings.t_stim)
        assert field.shown["problem"] == ""
    assert choice.request().config == starting_preset(GenerateConfig)


@pytest.mark.parametrize("message", [None, {"entry": 3}, {"entry": None}, "anything", [1]])
def test_a_message_that_makes_no_sense_changes_nothing(message):
    settings = Choice().settings["generated"]
    field = NumberField(settings, "n_iters")
    field._handle_msg(message)
    assert (field.shown["text"], settings.entries.refused) == ("200", {})
