"""Addresses of a beamcat whose answers a test gives, and an environment that names none."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

NAMED = {
    "BEAMCAT_SEARCH_URL": "http://search",
    "BEAMCAT_GATEWAY_URL": "http://gateway",
    "BEAMCAT_STOMP_HOST": "stomp",
    "BEAMCAT_STOMP_PORT": "61613",
}
CATALOGUE = "the catalogue http://search (named by the arguments)"
"""How messages name the catalogue."""


@pytest.fixture(name="_nothing_named")
def nothing_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment that names no beamcat: an empty home, an empty current folder, no variables."""
    for name in (
        *("BEAMCAT_SEARCH_URL", "BEAMCAT_GATEWAY_URL", "BEAMCAT_TOKEN", "BEAMCAT_DATABASE_URL", "BEAMCAT_TOKENS_FILE"),
        *("BEAMCAT_KAFKA_BOOTSTRAP_SERVERS", "BEAMCAT_STOMP_HOST", "BEAMCAT_STOMP_PORT"),
    ):
        monkeypatch.delenv(name, raising=False)
    for folder in ("home", "work"):
        (tmp_path / folder).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "work")


Answer = Callable[[str, str, str], tuple[int, object]]
"""Answers a method, a path and a token with a status and JSON or a page."""


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """The URL of a service that gives these answers."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            status, body = answer(self.command, self.path.partition("?")[0], token)
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/json")
            self.end_headers()
            self.wfile.write((body if isinstance(body, str) else json.dumps(body)).encode())

        do_GET = do_POST = answer  # noqa: N815  as the server calls them

        def log_message(self, *_: Any) -> None:
            """Log nothing, so that the output of the tests stays clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.002,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
