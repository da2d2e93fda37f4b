"""Logins: what opens them, what ends them, and what one client may try."""

import json
import stat
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.guard.logins import NAME_LENGTH, Logins, clean_name
from dashboard.guard.remembered import Remembered
from dashboard.guard.share import BURST, RATE, Share
from dashboard.guard.tries import FREE, Tries
from dashboard.guard.visits import MINUTE, PER_CLIENT, PER_VISITOR, Visits
from maxstim_core.errors import MaxstimError

PASSWORD = "a long enough one"


def test_the_right_password_opens_and_logging_out_ends(tmp_path):
    logins = Logins(PASSWORD, tmp_path / "logins.json")
    assert logins.required
    token = logins.open(PASSWORD, "anna")
    assert logins.find(token).name == "anna"
    logins.close(token)
    assert logins.find(token) is None


@pytest.mark.parametrize("short", ["", "x", "secret", "1234567"])
def test_a_short_password_guards_nothing(tmp_path, short):
    with pytest.raises(MaxstimError, match="at least 8 characters"):
        Logins(short, tmp_path / "logins.json")
    assert not (tmp_path / "logins.json").exists()


@pytest.mark.parametrize("wrong", ["", PASSWORD + " ", PASSWORD[:-1], PASSWORD.upper(), "ü" * 9])
def test_a_wrong_password_opens_nothing(tmp_path, wrong):
    assert Logins(PASSWORD, tmp_path / "logins.json").open(wrong, "anna") is None


def test_without_a_password_there_is_nothing_to_open(tmp_path):
    logins = Logins(None, tmp_path / "logins.json")
    assert not logins.required
    assert logins.open("", "anna") is None
    assert Logins(None, tmp_path / "logins.json").secret == logins.secret


def test_a_restart_keeps_logins_and_another_password_ends_them(tmp_path):
    file = tmp_path / "made" / "logins.json"
    logins = Logins(PASSWORD, file)
    token = logins.open(PASSWORD, "anna")
    again = Logins(PASSWORD, file)
    assert again.find(token) == logins.find(token)
    assert again.secret == logins.secret
    other = Logins(PASSWORD + "!", file)
    assert other.find(token) is None
    assert other.secret != logins.secret
    other.open(PASSWORD + "!", "")
    assert Logins(PASSWORD, file).find(token) is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_the_file_is_for_nobody_else_and_opens_nothing(tmp_path):
    file = tmp_path / "logins.json"
    token = Logins(PASSWORD, file).open(PASSWORD, "anna")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = file.read_text()
    assert token not in kept
    assert PASSWORD not in kept


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", "{}", '{"proof": 1, "secret": "zz", "logins": []}']
)
def test_a_damaged_file_is_begun_anew(tmp_path, damage):
    file = tmp_path / "logins.json"
    file.write_text(damage)
    logins = Logins(PASSWORD, file)
    token = logins.open(PASSWORD, "")
    assert json.loads(file.read_text())["secret"] == logins.secret
    assert Logins(PASSWORD, file).find(token) is not None


def test_a_login_ends_by_itself(tmp_path, monkeypatch):
    logins = Logins(PASSWORD, tmp_path / "logins.json")
    token = logins.open(PASSWORD, "")
    later = logins.find(token).until + 1
    monkeypatch.setattr("dashboard.guard.logins.time.time", lambda: later)
    assert logins.find(token) is None


@given(st.text(max_size=200))
def test_a_name_is_one_short_line(text):
    name = clean_name(text)
    assert len(name) <= NAME_LENGTH
    assert name == "" or name.isprintable()


def test_five_wrong_passwords_are_free_and_then_one_a_second():
    tries, now = Tries(), 100.0
    for _ in range(FREE):
        assert tries.wait("192.0.2.1", now) == 0
        tries.failed("192.0.2.1", now)
    assert tries.wait("192.0.2.1", now) == 1.0
    assert tries.wait("192.0.2.2", now) == 0  # another client
    assert tries.wait("192.0.2.1", now + 1) == 0
    tries.failed("192.0.2.1", now + 1)
    assert tries.wait("192.0.2.1", now + 1.5) == 0.5
    assert tries.wait("192.0.2.1", now + 1000) == 0
    tries.succeeded("192.0.2.1")
    assert tries.wait("192.0.2.1", now + 1.5) == 0


def test_a_flood_of_a_thousand_tries_in_ten_seconds_is_answered_sixteen_times():
    tries, answered = Tries(), 0
    for step in range(1000):
        now = step / 100
        if tries.wait("192.0.2.1", now) == 0:
            answered += 1
            tries.failed("192.0.2.1", now)
    assert FREE + 9 <= answered <= FREE + 10


def test_a_client_of_ipv6_is_its_network():
    tries = Tries()
    for host in range(FREE):
        tries.failed(f"2001:db8::{host}", 0.0)
    assert tries.wait("2001:db8::ffff", 0.5) == 0.5
    assert tries.wait("2001:db8:0:1::1", 0.5) == 0


def test_a_client_of_ipv4_is_its_address_however_it_is_written():
    tries = Tries()
    for _ in range(FREE):
        tries.failed("::ffff:192.0.2.1", 0.0)
    assert tries.wait("192.0.2.1", 0.5) == tries.wait("::FFFF:c000:201", 0.5) == 0.5
    assert tries.wait("::ffff:192.0.2.2", 0.5) == 0  # another client


def test_pages_are_counted_by_browser_and_by_address():
    visits = Visits()
    opened = [visits.may_open("anna", "192.0.2.1", second) for second in range(PER_VISITOR + 5)]
    assert sum(opened) == PER_VISITOR
    assert visits.may_open("bert", "192.0.2.1", PER_VISITOR)
    assert visits.may_open("anna", "192.0.2.1", MINUTE)
    opened = [visits.may_open(f"no cookie {i}", "192.0.2.9", 0.0) for i in range(PER_CLIENT + 5)]
    assert sum(opened) == PER_CLIENT
    opened = [
        visits.may_open(f"no cookie {i}", f"2001:db8::{i}", 0.0) for i in range(PER_CLIENT + 5)
    ]
    assert sum(opened) == PER_CLIENT


@given(st.lists(st.floats(0.001, 1.0), min_size=1, max_size=60))
def test_nobody_takes_more_than_the_share(work):
    share, now, taken = Share(0.0), 0.0, 0.0
    for seconds in work:
        now, taken = now + seconds, taken + seconds
        now += share.take(seconds, now)
    assert taken <= BURST + RATE * now + 1e-6


@given(st.lists(st.integers(0, 9)), st.integers(1, 5))
def test_who_was_seen_last_is_remembered(seen, most):
    remembered: Remembered[int] = Remembered(most)
    for time, client in enumerate(seen):
        remembered.set(str(client), time)
    last = list(dict.fromkeys(reversed(seen)))[:most]
    assert len(remembered) == len(last)
    for client in range(10):
        time = len(seen) - 1 - seen[::-1].index(client) if client in last else -1
        assert remembered.get(str(client), -1) == time
