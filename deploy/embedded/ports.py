"""Loopback ports by name: the same in every run as long as they are free, so that bookmarks and configurations last."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

LOOPBACK = "127.0.0.1"


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


class Ports:
    """Hands out one port per name, remembers it in a file, and says so when a taken port forces another."""

    def __init__(self, memory: Path, say: Callable[[str], None]) -> None:
        self._memory = memory
        self._say = say
        self._remembered: dict[str, int] = json.loads(memory.read_text(encoding="utf-8")) if memory.exists() else {}
        self._taken: set[int] = set()

    def take(self, name: str, preferred: int) -> int:
        """The port remembered for the name, else the preferred one, else any that is free."""
        wanted = port = self._remembered.get(name, preferred)
        while port in self._taken or not is_free(port):
            port = any_free_port()
        if port != wanted:
            self._say(f"port {wanted} is in use: {name} takes {port}")
        self._taken.add(port)
        self._remembered[name] = port
        self._memory.write_text(json.dumps(self._remembered, indent=1), encoding="utf-8")
        return port
