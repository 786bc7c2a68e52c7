"""The end of an app that is told when somebody signs out (OpenID Connect Back-Channel Logout)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl


@dataclass
class LogoutListener:
    """Where it listens, and the forms that it got."""

    url: str
    heard: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def logout_listener(port: int) -> Iterator[LogoutListener]:
    """Listens on a port of this machine."""
    listening = LogoutListener(f"http://localhost:{port}/backchannel")

    class Hearing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            listening.heard.append(dict(parse_qsl(body, keep_blank_values=True, strict_parsing=True)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Hearing)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield listening
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
