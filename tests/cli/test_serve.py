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
    assert reach.origins[0] == f"{named}:5006"
    assert set(reach.origins) >= {"localhost:5006", "127.0.0.1:5006"}
    assert reach.password is None
    assert reach.url == f"http://{named}:5006/dashboard"


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "", "192.0.2.7", "labhost.example"])
def test_the_network_needs_an_origin_and_a_password(address):
    with pytest.raises(MaxstimError, match="--allow-origin"):
        read_reach(options("--address", address, "--password", "secret"), None)
    with pytest.raises(MaxstimError, match="MAXSTIM_PASSWORD"):
        read_reach(options("--address", address, "--allow-origin", "labhost.example"), None)
    with pytest.raises(MaxstimError, match="MAXSTIM_PASSWORD"):
        read_reach(options("--address", address, "--allow-origin", "labhost.example"), "")
    reach = read_reach(options("--address", address, "--allow-origin", "labhost.example"), "secret")
    assert reach.origins == ("labhost.example:5006",)
    assert reach.password == "secret"


def test_an_origin_may_name_another_port():
    reach = read_reach(options("--allow-origin", "proxy.example:443", "--port", "7000"), None)
    assert reach.origins == ("localhost:7000", "127.0.0.1:7000", "proxy.example:443")


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


def test_a_password_that_names_a_file(tmp_path):
    file = tmp_path / "users.json"
    file.write_text("{}")
    with pytest.raises(MaxstimError, match="name of a file"):
        read_reach(options("--password", str(file)), None)


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
@pytest.mark.parametrize(("password", "arrives"), [("wrong", "error="), ("secret", "/dashboard")])
def test_asks_for_the_password(serve, password, arrives):
    served = serve("--address", "0.0.0.0", "--allow-origin", "localhost", password="secret")
    visitor = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with visitor.open(served.url) as answer:
        assert "/login" in answer.url
    form = f"username=anna&password={password}".encode()
    with visitor.open(f"http://localhost:{served.port}/login", form) as answer:
        assert arrives in answer.url


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
