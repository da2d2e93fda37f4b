"""Which hosts are answered and which pages may speak: lists, whatever the spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.guard.hosts import Hosts, address_block, is_loopback, plain_address

PORT = 5006

HOSTS = [
    ("localhost:5006", True),
    ("localhost", True),
    ("LOCALHOST:9999", True),  # a tunnel
    ("127.0.0.1:5006", True),
    ("127.3.2.1:80", True),
    ("[::1]:5006", True),
    ("labhost.example", True),
    ("LabHost.example:443", True),  # a proxy
    ("labhost.example:5006", True),
    ("localhost.", True),  # names may end with a dot, and ports be empty (RFC 3986)
    ("localhost.:5006", True),
    ("localhost:", True),
    ("LABHOST.example.:443", True),
    ("[::1]:", True),
    ("", False),
    (".", False),
    (":", False),
    ("localhost..", False),
    ("[::1].", False),
    ("evil.example", False),
    ("evil.example.", False),
    ("localhost.evil.example:5006", False),
    ("labhost.example.evil.example", False),
    ("evil.example:5006@localhost", False),
    ("localhost:5006@evil.example", False),
    ("localhost:99999999", False),
    ("notlabhost.example", False),
    ("192.0.2.7:5006", False),
    ("0.0.0.0:5006", False),
    ("[::]:5006", False),
    ("127.0.0.1.evil.example", False),
    ("localhost/", False),
    ("localhost:5006, evil.example", False),
]


@pytest.mark.parametrize(("host", "answered"), HOSTS)
def test_hosts(host, answered):
    assert Hosts(["labhost.example"], port=PORT).answers(host) is answered


def test_without_a_list_only_this_computer_is_answered():
    hosts = Hosts([], port=PORT)
    assert [host for host, _ in HOSTS if hosts.answers(host)] == [
        host for host, answered in HOSTS if answered and "labhost" not in host.lower()
    ]


ORIGINS = [
    ("https://labhost.example", "labhost.example", True),  # a proxy with TLS that hands on the name
    ("https://labhost.example", "localhost:5006", True),  # as nginx does by itself
    ("https://labhost.example", "labhost.example:443", True),
    ("http://labhost.example", "localhost:5006", True),
    ("http://labhost.example:5006", "labhost.example:5006", True),
    ("https://LABHOST.example:443", "localhost:5006", True),
    ("http://localhost:5006", "localhost:5006", True),
    ("http://127.0.0.1:5006", "localhost:5006", True),
    ("http://localhost:9999", "localhost:9999", True),  # a tunnel
    ("http://[::1]:5006", "[::1]:5006", True),
    ("http://localhost.:5006", "localhost.:5006", True),
    ("https://labhost.example.", "labhost.example.", True),
    ("https://labhost.example:8443", "labhost.example:8443", False),  # another server of that host
    ("http://localhost:8888", "localhost:5006", False),  # another server of this computer
    ("http://evil.example", "localhost:5006", False),
    ("http://evil.example:5006", "evil.example:5006", False),
    ("http://localhost.evil.example:5006", "localhost:5006", False),
    ("https://labhost.example.evil.example", "labhost.example", False),
    ("null", "localhost:5006", False),
    ("file://", "localhost:5006", False),
    ("", "localhost:5006", False),
    ("chrome-extension://localhost:5006", "localhost:5006", False),
    ("http://localhost:5006/path", "localhost:5006", False),
    ("http://user@localhost:5006", "localhost:5006", False),
]


@pytest.mark.parametrize(("origin", "host", "admitted"), ORIGINS)
def test_origins(origin, host, admitted):
    assert Hosts(["labhost.example"], port=PORT).admits(origin, host) is admitted


def test_an_origin_with_a_port_is_admitted_at_that_port_alone():
    hosts = Hosts(["labhost.example:8443"], port=PORT)
    assert hosts.admits("https://labhost.example:8443", "localhost:5006")
    assert not hosts.admits("https://labhost.example", "localhost:5006")
    assert not hosts.admits("http://labhost.example:5006", "labhost.example:5006")
    assert Hosts(["labhost.example:443"], port=PORT).admits("https://labhost.example", "x")


@given(st.text(max_size=40))
def test_no_text_but_the_listed_names_is_a_host(text):
    answered = Hosts(["labhost.example"], port=PORT).answers(text)
    name = text.lower().rsplit(":", 1)[0] if not text.endswith("]") else text.lower()
    name = name.removesuffix(".")
    assert not answered or name in ("localhost", "labhost.example") or is_loopback(name.strip("[]"))


@pytest.mark.parametrize("address", ["127.0.0.1", "127.200.1.9", "::1", "::ffff:127.0.0.1"])
def test_this_computer(address):
    assert is_loopback(address)


@pytest.mark.parametrize(
    "address", ["192.0.2.1", "::", "0.0.0.0", "", "localhost", "::ffff:1.2.3.4"]
)
def test_another_computer(address):
    assert not is_loopback(address)


@pytest.mark.parametrize(
    ("address", "plain", "network"),
    [
        ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("::FFFF:c000:201", "192.0.2.1", "192.0.2.1"),
        ("0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:7::1", "2001:db8::7:0:0:1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::1", "fe80::/64"),
        ("::1", "::1", "::/64"),
    ],
)
def test_addresses_and_networks(address, plain, network):
    assert (plain_address(address), address_block(address)) == (plain, network)


@pytest.mark.parametrize("text", ["", "labhost.example", "192.0.2", "192.0.2.1:80", "[::1]"])
def test_what_is_no_address(text):
    with pytest.raises(ValueError):
        plain_address(text)
    assert address_block(text) == text
