"""A web server that only hands out files: all that a browser app has."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

KINDS = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


@contextmanager
def static_site(files: Mapping[str, Path], page: Path) -> Iterator[str]:
    """Serves ``files`` by their paths, and ``page`` everywhere else; its URL, whose origin is nobody else's."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = files.get(urlsplit(self.path).path, page)
            body = path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", KINDS[path.suffix])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
