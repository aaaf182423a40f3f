"""A rejection corrected at a real terminal, in a real editor, beside services that are played."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from tests.builders.rejections import COMMITTED, ONE, SUBMISSION, Beamcat, rejection

ROOT = Path(__file__).parents[2]
EDITOR = """#!/bin/sh
if grep -q noon "$1"; then sed -i s/noon/midnight/ "$1"; else sed -i s/midnight/2024-11-30/ "$1"; fi
"""


@contextmanager
def served(beamcat: Beamcat) -> Iterator[str]:
    """The address at which both services answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            answer = beamcat(httpx.Request(self.command, f"http://beamcat{self.path}", content=body))
            self.send_response(answer.status_code)
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_POST = do_GET  # noqa: N815  the library's name

        def log_message(self, *_told: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Terminal:
    """A command at a terminal of 80 columns, and somebody who reads before typing."""

    def __init__(self, *command: str, **environment: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        known = {name: value for name, value in os.environ.items() if not name.startswith(("BEAMCAT_", "COLUMNS"))}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "deploy", *command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=known | {"PYTHONPATH": str(ROOT), "TERM": "dumb", "VISUAL": "", **environment},
            start_new_session=True,
        )
        os.close(theirs)
        self._decoder = getincrementaldecoder("utf-8")()
        self._read = 0
        self.shown = ""

    def read_until(self, words: str) -> None:
        """Wait until something is shown behind what was read before; the rest is left to be read."""
        while (found := self.shown.find(words, self._read)) < 0:
            self.shown += self._decoder.decode(os.read(self._ours, 4096))
        self._read = found + len(words)

    def type(self, line: str) -> None:
        os.write(self._ours, f"{line}\n".encode())

    def end(self) -> int:
        """Read to the end; the exit code."""
        try:
            while some := os.read(self._ours, 4096):
                self.shown += self._decoder.decode(some)
        except OSError:  # Linux says so where the other side is closed
            pass
        os.close(self._ours)
        return self._process.wait()


def test_who_is_told_that_a_correction_would_be_refused_edits_it_again_and_sends_it(tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text(EDITOR)
    editor.chmod(0o700)
    beamcat = Beamcat({f"/rejections/{ONE}": rejection(), **COMMITTED})
    with served(beamcat) as url:
        terminal = Terminal(
            *("rejections", "resubmit", ONE, "--edit"),
            BEAMCAT_SEARCH_URL=url,
            BEAMCAT_GATEWAY_URL=url,
            EDITOR=str(editor),
            TMPDIR=str(tmp_path),
        )
        terminal.read_until("it would be refused")
        terminal.read_until("send, edit, quit [edit]:")
        terminal.type("e")
        terminal.read_until("it would be accepted")
        terminal.read_until("send, edit, quit [send]:")
        terminal.type("")
        assert terminal.end() == 0, terminal.shown
    assert [said["start"] for said in beamcat.checked] == ["midnight", "2024-11-30"]
    assert beamcat.given == [SUBMISSION | {"start": "2024-11-30", "receipt_id": ONE}]
    assert "committed" in terminal.shown
    assert list(tmp_path.glob("beamcat-*")) == []


def test_who_gives_up_finds_the_text_again(tmp_path: Path) -> None:
    beamcat = Beamcat({f"/rejections/{ONE}": rejection()})
    with served(beamcat) as url:
        terminal = Terminal(
            *("rejections", "resubmit", ONE, "--edit"),
            BEAMCAT_SEARCH_URL=url,
            BEAMCAT_GATEWAY_URL=url,
            EDITOR="sed -i s/noon/2024-11-30/",
            TMPDIR=str(tmp_path),
        )
        terminal.read_until("send, edit, quit [send]:")
        terminal.type("q")
        assert terminal.end() == 1
    (draft,) = tmp_path.glob("beamcat-*")
    assert str(draft) in "".join(terminal.shown.split())
    assert "2024-11-30" in draft.read_text()
    assert beamcat.given == []
