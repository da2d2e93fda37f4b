"""What an address may say."""

import pytest

from dashboard.address import Address


def test_an_address_carries_what_is_on_the_page():
    address = Address("CT1(M10)", "regularized", "T4c-generated")
    assert Address.parse(address.search()) == address


@pytest.mark.parametrize(
    "search",
    [
        "",
        "?",
        "?cell=T9z&method=magic&run=",
        "?run=../../etc/passwd",
        "?run=%2Fetc%2Fpasswd",
        "?run=" + "a" * 500,
        "?run=a%00b",
        "?cell=<script>alert(1)</script>",
    ],
)
def test_what_is_not_known_is_ignored(search):
    assert Address.parse(search) == Address()


def test_a_key_that_looks_like_a_number_stays_text():
    assert Address.parse("?run=12e45").run == "12e45"
