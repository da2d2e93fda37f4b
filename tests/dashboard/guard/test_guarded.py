"""A real server, asked from outside: every route that it has, whoever added it."""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
import sys
import time
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from serving import Served, free_port, run_apart
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from dashboard.guard.connections import PER_ADDRESS
from dashboard.guard.tries import FREE

PASSWORD = "a long enough one"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")

pytestmark = pytest.mark.slow


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: str

    @property
    def cookie(self) -> str:
        return "; ".join(text.split(";")[0] for text in self.headers.get_all("Set-Cookie", []))


def ask(
    port: int, path: str, method: str = "GET", body: str | None = None, **headers: str
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Host": f"localhost:{port}", **named})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read().decode(errors="replace"))
    finally:
        connection.close()


def log_in(port: int, password: str = PASSWORD, name: str = "anna", **headers: str) -> Answer:
    form = urlencode({"username": name, "password": password, "next": "dashboard"})
    kind = "application/x-www-form-urlencoded"
    return ask(port, "/login", "POST", form, Content_Type=kind, **headers)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory) -> Iterator[Served]:
    served = Served(
        tmp_path_factory.mktemp("served"), "--allow-origin", "labhost.example", password=PASSWORD
    )
    yield served
    said = served.stop()
    assert "Traceback" not in said


async def patterns() -> list[str]:
    """Return the pattern of every route of a server like the one that is asked."""
    from dashboard.server import Server

    server = Server(port=free_port(), address="localhost", origins=(), password=PASSWORD)
    found = [rule.matcher.regex.pattern for rule in server._server._tornado.wildcard_router.rules]
    server._server._http.stop()
    return found


def routes() -> list[str]:
    """Return an address of every one of `patterns`."""
    addresses = [re.sub(r"\([^()]*\)", "x.js", pattern) for pattern in run_apart(patterns())]
    return sorted(
        {re.sub(r"\\(.)", r"\1", text).rstrip("$").replace("/?", "") for text in addresses}
    )


def test_every_route_and_method(guarded, tmp_path, monkeypatch):
    monkeypatch.setenv("MAXSTIM_DATA_DIR", str(tmp_path))
    port = guarded.port
    entered = log_in(port)
    assert entered.status == 303
    left = log_in(port).cookie
    assert ask(port, "/logout", "POST", Cookie=left).status == 303
    addresses = routes()
    assert {"/dashboard", "/dashboard/ws", "/static/x.js", "/favicon.ico"} <= set(addresses)
    assert not {"/dashboard/autoload.js", "/dashboard/metadata"} & set(addresses)
    table, pages = {}, 0
    others = ["/dashboard/", "/login", "/logout", "/nowhere", "/components/this/x/css/x.css"]
    for path in [*addresses, *others]:
        for method in METHODS:
            foreign = ask(port, path, method, Host="evil.example", Cookie=entered.cookie)
            without = ask(port, path, method)
            after = ask(port, path, method, Cookie=left)
            if path == "/logout":
                within = after
            else:
                within = ask(port, path, method, Cookie=entered.cookie)
                pages += path == "/dashboard" and method == "GET"
            table[path, method] = (foreign, without, after, within)
    for (path, method), (foreign, without, after, within) in table.items():
        seen = path, method, [answer.status for answer in (foreign, without, after, within)]
        assert foreign.status == 403 or method == "TRACE", seen
        # A cookie that was logged out is none.
        assert (without.status, len(without.body)) == (after.status, len(after.body)), seen
        if path == "/login":
            expected = {"GET": 200, "HEAD": 200, "POST": 401}.get(method, 405)
        elif path == "/logout":
            expected = {"GET": 200, "HEAD": 200, "POST": 303}.get(method, 405)
        else:
            expected = 302 if method in ("GET", "HEAD") else 401
        assert without.status == expected or method == "TRACE", seen
        assert within.status < 500, seen
        assert path in ("/login", "/logout") or within.status not in (401, 403), seen
        for answer in (foreign, without, after, within):
            assert "Server" not in answer.headers
            if method != "TRACE":
                assert answer.headers["X-Frame-Options"] == "DENY", seen
    assert pages == 1
    assert table["/dashboard", "GET"][3].status == 200
    assert table["/dashboard/", "GET"][3].status == 302


def test_an_address_with_a_slash_at_its_end_leads_to_the_page(guarded):
    """Beside it, a browser would look for the page's files one folder too far down."""
    cookie = log_in(guarded.port).cookie
    for asked, leads in {
        "/dashboard/": "../dashboard",
        "/dashboard/?cell=T4c&x=a%26b/": "../dashboard?cell=T4c&x=a%26b/",
    }.items():
        answer = ask(guarded.port, asked, Cookie=cookie)
        assert (answer.status, answer.headers["Location"]) == (302, leads)
    assert ask(guarded.port, "/dashboard?cell=T4c", Cookie=cookie).status == 200


def test_only_components_of_the_page_have_files(guarded):
    cookie = log_in(guarded.port).cookie
    for module in (
        "this",
        "antigravity",
        "json",
        "os",
        "dashboard.nowhere",
        "dashboard.app",
        "..",
        "",
    ):
        path = f"/components/{module}/JSONDecoder/css/x.css"
        assert ask(guarded.port, path, Cookie=cookie).status in (400, 403, 404)
    assert ask(guarded.port, "/login").status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://labhost.example"}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}, 403),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}, 403),
        ({"Sec_Fetch_Site": "same-origin"}, 303),
    ],
)
def test_other_sites_cannot_log_anybody_in(guarded, headers, status):
    assert log_in(guarded.port, **headers).status == status


def test_a_link_of_another_site_logs_nobody_out(guarded):
    cookie = log_in(guarded.port).cookie
    assert ask(guarded.port, "/logout", Cookie=cookie).status == 200
    headers = {"Cookie": cookie, "Origin": "https://evil.example"}
    assert ask(guarded.port, "/logout", "POST", **headers).status == 403
    assert ask(guarded.port, "/login", Cookie=cookie).status == 302  # still in
    left = ask(guarded.port, "/logout", "POST", Cookie=cookie)
    assert left.status == 303
    assert "Max-Age=0;" in left.headers["Set-Cookie"]  # the browser forgets it as well
    assert ask(guarded.port, "/login", Cookie=cookie).status == 200


def test_a_link_from_another_site_opens_the_page(guarded):
    headers = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    answer = ask(guarded.port, "/dashboard?cell=T5a", **headers)
    assert answer.status == 302
    assert answer.headers["Location"] == "login?next=dashboard%3Fcell%3DT5a"
    assert 'value="dashboard?cell=T5a"' in ask(guarded.port, "/" + answer.headers["Location"]).body
    # As a part of that site, which no browser would show, it is not even built.
    assert ask(guarded.port, "/dashboard", **headers, Sec_Fetch_Dest="iframe").status == 403


@pytest.mark.parametrize(
    "where",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "\\x",
        "/a",
        ".//evil.example",
        "..//evil.example",
        "../other/page",
        "dashboard/..",
    ],
)
def test_the_login_leads_nowhere_else(guarded, where):
    page = ask(guarded.port, "/login?" + urlencode({"next": where})).body
    assert 'value="dashboard"' in page
    form = urlencode({"password": PASSWORD, "next": where})
    kind = "application/x-www-form-urlencoded"
    answer = ask(guarded.port, "/login", "POST", form, Content_Type=kind)
    assert answer.headers["Location"] == "./dashboard"


def test_odd_requests_are_answered_and_leave_no_traceback(guarded):
    """That none is left is seen when the server ends."""
    cookie = log_in(guarded.port).cookie
    for path in ("/static/%00", "/dashboard%00", "/static/js/%00.js"):
        assert ask(guarded.port, path, Cookie=cookie).status == 400
    for path in ("/static/../../../etc/passwd", "/static/%2e%2e/%2e%2e/etc/passwd", "//dashboard"):
        assert ask(guarded.port, path, Cookie=cookie).status in (403, 404)
    kind = "application/x-www-form-urlencoded"
    answer = ask(guarded.port, "/login", "POST", "password=%ff%fe", Content_Type=kind)
    assert answer.status == 401  # a wrong one like any other, of which the log says nothing


@pytest.mark.parametrize("told", ["anything", "192.0.2.1:80", "::1%lo", ""])
def test_a_client_is_an_address(guarded, told):
    assert log_in(guarded.port, "wrong", X_Forwarded_For=told).status in (401, 429)
    assert log_in(guarded.port, X_Forwarded_For="198.51.100.77").status == 303


def test_a_client_of_ipv4_is_one_however_a_proxy_writes_it(guarded):
    for _ in range(FREE):
        assert log_in(guarded.port, "wrong", X_Forwarded_For="::ffff:203.0.113.1").status == 401
    assert log_in(guarded.port, X_Forwarded_For="203.0.113.1").status == 429
    assert log_in(guarded.port, X_Forwarded_For="::ffff:203.0.113.2").status == 303


def test_a_page_is_opened_by_the_login_that_it_was_made_for(guarded):
    anna, bert = log_in(guarded.port).cookie, log_in(guarded.port).cookie
    page = ask(guarded.port, "/dashboard", Cookie=anna).body
    token = re.search(r'"token":\s*"([^"]+)"', page)[1]

    async def first_word(cookie: str) -> str | bytes | None:
        connection = await opened(guarded.port, token, cookie)
        return await asyncio.wait_for(connection.read_message(), 60)

    assert "ACK" in run_apart(first_word(anna))
    assert run_apart(first_word(bert)) is None


def opened(port: int, token: str, cookie: str) -> Awaitable[WebSocketClientConnection]:
    """Open the websocket of a page."""
    request = HTTPRequest(f"ws://localhost:{port}/dashboard/ws", headers={"Cookie": cookie})
    return websocket_connect(request, subprotocols=["bokeh", token])


def test_a_logout_closes_what_is_open_within_five_seconds(guarded):
    """A browser shows the login then, as soon as it comes to it: `tests/browser/test_served.py`."""
    cookie = log_in(guarded.port).cookie
    page = ask(guarded.port, "/dashboard", Cookie=cookie).body
    token = re.search(r'"token":\s*"([^"]+)"', page)[1]

    async def closed() -> tuple[int | None, float]:
        connection = await opened(guarded.port, token, cookie)
        assert await connection.read_message()
        began = time.monotonic()
        await asyncio.to_thread(ask, guarded.port, "/logout", "POST", Cookie=cookie)
        while await connection.read_message() is not None:
            pass
        return connection.close_code, time.monotonic() - began

    code, seconds = run_apart(asyncio.wait_for(closed(), 60))
    assert code == 4401 and seconds < 5


@pytest.mark.skipif(sys.platform != "linux", reason="one loopback address alone answers elsewhere")
def test_who_opens_connections_without_end_keeps_nobody_out(guarded):
    ask(guarded.port, "/login")
    silent = [socket.create_connection(("127.0.0.1", guarded.port)) for _ in range(PER_ADDRESS)]
    with pytest.raises(OSError):
        ask(guarded.port, "/login")
    with socket.create_connection(
        ("127.0.0.1", guarded.port), source_address=("127.0.0.2", 0)
    ) as other:
        other.settimeout(60)
        other.sendall(b"GET /login HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert other.recv(15) == b"HTTP/1.1 200 OK"
    for one in silent:
        one.close()
    give_up = time.monotonic() + 60
    while True:  # it hears of each of them
        try:
            assert ask(guarded.port, "/login").status == 200
            break
        except OSError:
            assert time.monotonic() < give_up
            time.sleep(0.1)


def test_cookies(guarded):
    plain = log_in(guarded.port).headers["Set-Cookie"]
    assert "HttpOnly" in plain and "SameSite=Lax" in plain and "Secure" not in plain
    assert "Path" not in plain  # below whatever prefix a proxy cuts off
    for headers in ({"Origin": "https://labhost.example"}, {"X_Forwarded_Proto": "https"}):
        assert "Secure" in log_in(guarded.port, **headers).headers["Set-Cookie"]


def test_the_login_page_is_whole_and_asks_nobody(guarded):
    page = ask(guarded.port, "/login?next=%22%3E%3Cscript%3E").body
    assert not re.search(r"""(src|href)=["'](?!data:,)""", page)
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_a_long_form_is_not_read(guarded):
    kind = "application/x-www-form-urlencoded"
    with pytest.raises((http.client.HTTPException, OSError)):
        answer = ask(guarded.port, "/login", "POST", "password=" + "x" * 10**6, Content_Type=kind)
        assert answer.status in (400, 413)
        raise http.client.HTTPException


def test_a_thousand_wrong_passwords(tmp_path):
    served = Served(tmp_path, password=PASSWORD)
    began, statuses = time.monotonic(), []
    while len(statuses) < 1000:
        statuses.append(log_in(served.port, "wrong", X_Forwarded_For="192.0.2.1").status)
        if len(statuses) == 500:
            other = time.monotonic()
            assert log_in(served.port, X_Forwarded_For="192.0.2.2").status == 303
            assert time.monotonic() - other < 2
    seconds = time.monotonic() - began
    assert statuses[:FREE] == [401] * FREE
    assert set(statuses[FREE:]) <= {401, 429}
    assert statuses.count(401) <= FREE + seconds + 1
    fifty = [log_in(served.port, "wrong", X_Forwarded_For=f"198.51.100.{i}") for i in range(50)]
    assert {answer.status for answer in fifty} == {401}
    said = served.stop()
    assert said.count("Wrong password") <= FREE + 50 + seconds / 100 + 1
    assert said.count("\n") == said.count("Wrong password")  # and none for each request
    assert PASSWORD not in said and "wrong" not in said


def test_a_restart_keeps_logins(tmp_path):
    first = Served(tmp_path, password=PASSWORD)
    cookie = log_in(first.port).cookie.replace(str(first.port), "{port}")
    first.stop()
    again = Served(tmp_path, password=PASSWORD, port=first.port)
    try:
        answer = ask(again.port, "/login", Cookie=cookie.format(port=again.port))
        assert (answer.status, answer.headers["Location"]) == (302, "./dashboard")
    finally:
        again.stop()
