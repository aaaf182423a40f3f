"""Loopback ports by name. While they are free, they are the same in every run, so that bookmarks stay valid."""

import contextlib
import itertools
import json
import socket
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"
STRIDE = 100
"""The distance from a port in use to the next to try. It is large enough that no other name uses the next port, and
the next port is far from the ephemeral ports, which a connecting client could get before the server does."""


def is_free(port: int) -> bool:
    """Whether a server may listen on the port. A port in TIME_WAIT counts as free."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
        return True


def any_free_port() -> int:
    """A free port, by the choice of the operating system."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def claimed(port: int) -> socket.socket | None:
    """A claim on the port against every other beamcat of this machine, until it is closed. None if the port is claimed.

    A port is chosen a second or two before its server listens on it. The claim is the UDP port of that number, which
    no other process can bind meanwhile. The operating system releases it if the process is killed.
    """
    claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        claim.bind((LOOPBACK, port))
    except OSError:
        claim.close()
        return None
    return claim


class Ports:
    """Assigns a port to each name, remembers it in a file, and reports if a port is in use and another one is assigned.

    Within its `with` block, no other beamcat gets these ports, even while their servers do not listen.
    """

    def __init__(self, memory: Path, say: Callable[[str], None]) -> None:
        self._memory = memory
        self._say = say
        self._remembered: dict[str, int] = json.loads(memory.read_text(encoding="utf-8")) if memory.exists() else {}
        self._claims = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._claims.close()

    def take(self, name: str, preferred: int) -> int:
        """The remembered port of the name, or else the preferred one, or else the next free one."""
        wanted = self._remembered.get(name, preferred)
        port = next(port for port in itertools.count(wanted, STRIDE) if self._claim(port))
        if port != wanted:
            self._say(f"port {wanted} is in use: {name} takes {port}")
        self._remembered[name] = port
        self._memory.write_text(json.dumps(self._remembered, indent=1), encoding="utf-8")
        return port

    def _claim(self, port: int) -> bool:
        claim = claimed(port)
        if claim is None:
            return False
        if not is_free(port):
            claim.close()
            return False
        self._claims.enter_context(claim)
        return True
