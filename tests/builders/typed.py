"""A terminal in which commands are typed, with services whose answers a test gives."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TYPED = "\x1c"
"""The mark before the output of each command."""


def type_in(folder: Path, columns: int, commands: Sequence[Sequence[str]], answers: Mapping[str, Any]) -> list[str]:
    """The output of each command in a terminal of this width, byte for byte, with the line ends of files."""
    script = folder / f"typed-{columns}.json"
    script.write_text(json.dumps({"commands": commands, "answers": answers}), encoding="utf-8")
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    environment |= {"TERM": "xterm", "PYTHONPATH": str(ROOT), "BEAMCAT_TOKENS_FILE": str(folder / "tokens.json")}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.builders.typed", str(script)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=folder,
        env=environment,
    ):
        os.close(slave)
        printed = _read_all(master)
    told = printed.decode().replace("\r\n", "\n").split(TYPED)[1:]
    assert len(told) == len(commands), told[-1]
    return told


def _read_all(master: int) -> bytes:
    """Read until the terminal is closed, which Linux reports as an error."""
    printed = b""
    try:
        while some := os.read(master, 65536):
            printed += some
    except OSError:
        pass
    os.close(master)
    return printed


def _run(script: Path) -> None:
    """Run the commands one after another, at the other end."""
    import httpx
    import pytest
    import typer

    from clients.cli.connection.api import Api
    from deploy.program import app
    from tests.builders.commands import let_commands_ask

    typed = json.loads(script.read_text(encoding="utf-8"))

    def answer(request: httpx.Request) -> httpx.Response:
        known = typed["answers"].get(request.url.path)
        return (
            httpx.Response(404, json={"detail": "no such thing"}) if known is None else httpx.Response(200, json=known)
        )

    api = Api(
        {"BEAMCAT_SEARCH_URL": "http://search", "BEAMCAT_GATEWAY_URL": "http://gateway"}, httpx.MockTransport(answer)
    )
    let_commands_ask(pytest.MonkeyPatch(), api)
    for command in typed["commands"]:
        typer.echo(TYPED, nl=False)
        app(command, standalone_mode=False)


if __name__ == "__main__":
    _run(Path(sys.argv[1]))
