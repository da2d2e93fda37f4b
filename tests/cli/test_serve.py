"""``maxstim serve``: who can reach it, and a real server that is asked from outside."""

import argparse
import http.client
import urllib.request

import pytest
from serving import Served, start

from maxstim_core.cli.parser import make_parser
from maxstim_core.cli.serve import read_reach
from maxstim_core.errors import MaxstimError


def options(*arguments: str) -> argparse.Namespace:
    return make_parser().parse_args(["serve", *arguments])


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_this_computer_needs_nothing(address):
    reach = read_reach(options("--address", address), None)
    named = "[::1]" if address == "::1" else address
    assert reach.origins == ()
    assert reach.password is None
    assert reach.guard == "Only this computer reaches it; no password is needed."
    assert reach.url == f"http://{named}:5006/dashboard"


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "", "192.0.2.7", "labhost.example"])
def test_the_network_needs_an_origin_and_a_password(address):
    with pytest.raises(MaxstimError, match="--allow-origin"):
        read_reach(options("--address", address, "--password", "a long one"), None)
    with pytest.raises(MaxstimError, match="MAXSTIM_PASSWORD"):
        read_reach(options("--address", address, "--allow-origin", "labhost.example"), None)
    with pytest.raises(MaxstimError, match="MAXSTIM_PASSWORD"):
        read_reach(options("--address", address, "--allow-origin", "labhost.example"), "")
    reach = read_reach(
        options("--address", address, "--allow-origin", "labhost.example"), "a long one"
    )
    assert reach.origins == ("labhost.example",)
    assert reach.password == "a long one"
    assert reach.url == "http://labhost.example:5006/dashboard"
    assert reach.guard == (
        "Who reaches this computer can open it, as labhost.example, with the password. It travels "
        "unencrypted unless a proxy with TLS stands in front."
    )


@pytest.mark.parametrize("proxy", ["labhost.example", "", "192.0.2", "*"])
def test_a_proxy_that_is_no_address(proxy):
    with pytest.raises(MaxstimError, match="IP address"):
        read_reach(options("--proxy", proxy), None)


def test_behind_a_proxy():
    reach = read_reach(options("--allow-origin", "labhost.example", "--proxy", "192.0.2.7"), None)
    assert reach.proxies == ("192.0.2.7",)
    assert reach.guard == (
        "Only this computer reaches it, and proxies on it, as labhost.example; no password is set: "
        "whoever a proxy lets through can use it."
    )


def test_an_origin_may_name_another_port():
    reach = read_reach(options("--allow-origin", "proxy.example:443", "--port", "7000"), None)
    assert reach.origins == ("proxy.example:443",)
    assert reach.url == "http://localhost:7000/dashboard"
    arguments = ("--address", "0.0.0.0", "--allow-origin", "proxy.example:443")
    assert read_reach(options(*arguments), "a long one").url == "https://proxy.example/dashboard"


@pytest.mark.parametrize("origin", ["*", "*.example", "*:5006", "http://labhost", "a b", "", "a:b"])
def test_origins_that_are_no_host(origin):
    with pytest.raises(MaxstimError, match="host name"):
        read_reach(options("--allow-origin", origin), None)


@pytest.mark.parametrize("port", ["0", "-1", "65536", "http", "5006.5", "", "9" * 5000])
def test_ports_that_are_none(port):
    with pytest.raises(MaxstimError, match="port"):
        read_reach(options(f"--port={port}"), None)


@pytest.mark.parametrize("port", ["0", "65536", "9" * 5000])
def test_origins_whose_port_is_none(port):
    with pytest.raises(MaxstimError, match="port must lie"):
        read_reach(options("--allow-origin", f"labhost.example:{port}"), None)


@pytest.fixture
def serve(tmp_path):
    running = []

    def make(*arguments, **settings):
        running.append(Served(tmp_path, *arguments, **settings))
        return running[-1]

    yield make
    for served in running:
        served.stop()


@pytest.mark.slow
def test_runs_until_interrupted(serve, tmp_path):
    served = serve()
    assert served.url in served.announced
    with urllib.request.urlopen(f"http://127.0.0.1:{served.port}/") as answer:
        assert answer.url.endswith("/dashboard")

    second = start(served.port, folder=tmp_path)
    _, err = second.communicate()
    assert second.returncode == 2
    assert f"Port {served.port} is taken" in err
    assert err.count("\n") == 1

    assert "Traceback" not in served.stop()
    assert served.process.returncode == 0


@pytest.mark.slow
def test_refuses_the_websocket_of_another_origin(serve):
    served = serve()
    assert handshake(served.port, f"http://localhost:{served.port}") == 101
    assert handshake(served.port, f"http://127.0.0.1:{served.port}") == 101
    assert handshake(served.port, f"http://localhost:{served.port}.evil.example") == 403
    assert handshake(served.port, "http://evil.example") == 403


def handshake(port: int, origin: str) -> int:
    """Return how the server answers a page of another origin that wants a websocket."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "bWF4c3RpbSBtYXhzdGltIQ==",
        "Sec-WebSocket-Protocol": "bokeh, none",
        "Origin": origin,
    }
    connection.request("GET", "/dashboard/ws", headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status
