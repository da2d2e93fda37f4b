"""The page behind a real nginx, configured word for word as ``docs/security.md`` says.

Skipped where there is no nginx.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect
from serving import ROOT, Served, free_port

from maxstim_core.optimal.result import load

PASSWORD = "a long enough one"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.outside,
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed"),
]


def documented(served: int, port: int, folder: Path, *, prefix: str, tls: bool) -> str:
    """Return the documented configuration with the names of this computer."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    server, below = re.findall(r"```nginx\n(.*?)```", text, re.DOTALL)
    if prefix:
        head = re.search(r" *location / \{\n.*?;\n", server, re.DOTALL)[0]
        server = server.replace(head, below)
    if not tls:
        server = re.sub(r" *ssl_.*\n", "", server).replace("443 ssl", "443")
    names = {
        "listen 443": f"listen 127.0.0.1:{port}",
        "labhost.example;": "localhost;",
        "/etc/ssl/": f"{folder}/",
        "localhost:5006": f"localhost:{served}",
    }
    for documented, here in names.items():
        assert documented in server or (documented == "/etc/ssl/" and not tls)
        server = server.replace(documented, here)
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{places}{server}}}\n"
    )


@pytest.fixture(params=["plain", "tls", "prefix", "tls and prefix"])
def url(request, tmp_path) -> Iterator[str]:
    """Address behind the proxy of the page of a server with a password."""
    tls, prefix = "tls" in request.param, "prefix" in request.param
    port = free_port()
    served = Served(tmp_path, "--allow-origin", f"localhost:{port}", password=PASSWORD)
    key, certificate = tmp_path / "labhost.key", tmp_path / "labhost.pem"
    make = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=localhost",
    ]
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(documented(served.port, port, tmp_path, prefix=prefix, tls=tls))
    nginx = subprocess.Popen(["nginx", "-e", tmp_path / "error.log", "-c", configuration])
    try:
        until_open(port)
        path = "/maxstim/dashboard" if prefix else "/dashboard"
        yield f"{'https' if tls else 'http'}://localhost:{port}{path}"
    finally:
        nginx.terminate()
        nginx.wait()
        assert "Traceback" not in served.stop()


def until_open(port: int) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("nginx does not listen.")


def test_a_visitor_logs_in_uploads_downloads_and_logs_out(browser: Browser, url, tmp_path):
    context = browser.new_context(ignore_https_errors=True)
    complaints, elsewhere = [], []
    try:
        page = context.new_page()
        page.set_default_timeout(90_000)
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        base = url.removesuffix("dashboard")
        page.on(
            "request", lambda asked: is_elsewhere(asked.url, base) and elsewhere.append(asked.url)
        )
        page.goto(url + "?cell=T5a")
        page.get_by_label("Your name").fill("anna")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        expect(page).to_have_url(re.compile(re.escape(url) + r"\?cell=T5a"))
        expect(page.get_by_role("button", name=re.compile("^Run T5a"))).to_be_visible()
        cookie = next(c for c in context.cookies() if c["name"].startswith("maxstim_login"))
        assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
        assert cookie["secure"] is url.startswith("https")
        assert cookie["path"] == ("/maxstim" if "/maxstim/" in url else "/")

        with page.expect_download() as download:
            page.get_by_role("button", name="NetCDF").or_(
                page.get_by_role("link", name="NetCDF")
            ).click()
        download.value.save_as(tmp_path / "answer.nc")
        assert "stimulus" in load(tmp_path / "answer.nc")

        page.get_by_role("tab", name="Natural").click()
        page.get_by_role("button", name="Add your own").filter(visible=True).click()
        picture = tmp_path / "step.gif"
        frames = [Image.fromarray(np.full((60, 60), 12 * k, np.uint8)) for k in range(20)]
        frames[0].save(picture, save_all=True, append_images=frames[1:], duration=40)
        page.locator(".zone input[type=file]").set_input_files(picture)
        expect(page.locator("canvas.movie")).to_be_visible()
        assert complaints == []  # what follows, the page may complain of

        other = context.new_page()
        other.goto(url)
        expect(other.locator("header .person")).to_contain_text("anna")
        other.get_by_role("button", name="Log out").click()
        expect(other.get_by_label("Password")).to_be_visible()
        expect(page.get_by_label("Password")).to_be_visible()  # in the first tab too
        other.goto(url)
        expect(other.get_by_label("Password")).to_be_visible()
    finally:
        context.close()
    assert elsewhere == []


def is_elsewhere(asked: str, base: str) -> bool:
    """Tell whether an address is neither below the proxy's path nor part of the page itself."""
    return not asked.startswith((base, "data:", "blob:"))
