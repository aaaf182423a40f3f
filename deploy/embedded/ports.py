"""Loopback ports by name: the same in every run as long as they are free, so that bookmarks and configurations last."""

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
"""From a port in use to the next to try: wide enough that it is no other name's, and far from those that the operating
system gives to any client that connects, which might have it before the server has."""


def is_free(port: int) -> bool:
    """Whether a server may listen on the port; one that is only closing (TIME_WAIT) counts as free."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
        return True


def any_free_port() -> int:
    """A port that the operating system finds free."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def claimed(port: int) -> socket.socket | None:
    """A claim on the port against every other beamcat of this machine, until it is closed; nothing if it is claimed.

    A port is chosen a second or two before its server listens on it. The claim is the same number's UDP port, which
    nobody else can bind meanwhile, and which the operating system takes back from a process that was killed.
    """
    claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        claim.bind((LOOPBACK, port))
    except OSError:
        claim.close()
        return None
    return claim


class Ports:
    """Hands out one port per name, remembers it in a file, and says so when a taken port forces another.

    Within its `with` block the ports are kept from every other beamcat, whether their servers listen or not.
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
        """The port remembered for the name, else the preferred one, else the next that is free."""
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
