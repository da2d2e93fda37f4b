"""A server on this computer that sends one file, and can break off in the middle."""

import http.server
import threading
from contextlib import contextmanager, suppress


class Server(http.server.BaseHTTPRequestHandler):
    """Serves bytes from where it is asked to, at most so many at a time."""

    content, most, tells_length = b"", 1 << 30, True
    asked: list[str] = []  # noqa: RUF012

    def do_GET(self):
        span = self.headers["Range"]
        self.asked.append(span)
        start = int(span.removeprefix("bytes=").rstrip("-")) if span else 0
        if start == len(self.content):
            self.send_error(416)
            return
        self.send_response(206 if span else 200)
        if self.tells_length:
            self.send_header("Content-Length", str(len(self.content) - start))
        self.end_headers()
        with suppress(ConnectionError):  # who asked has had enough
            self.wfile.write(self.content[start : start + self.most])

    def log_message(self, *_):
        pass


@contextmanager
def serving(content):
    """Serve bytes; yields the handler class, with its ``url``."""
    handler = type("Handler", (Server,), {"content": content, "asked": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        handler.url = f"http://127.0.0.1:{running.server_port}/archive.zip"
        yield handler
        running.shutdown()
