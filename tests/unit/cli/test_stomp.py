import socketserver
import threading
from collections.abc import Iterator

import pytest

from clients.cli.connection.stomp import send
from clients.cli.terminal.output import Failed


class Refusing(socketserver.StreamRequestHandler):
    """A broker that greets, and takes no frame."""

    def handle(self) -> None:
        self._read_frame()
        self.wfile.write(b"CONNECTED\nversion:1.2\n\n\0")
        self._read_frame()
        self.wfile.write(b"ERROR\nmessage:no such queue\n\n\0")

    def _read_frame(self) -> None:
        while self.rfile.read(1) not in (b"\0", b""):
            pass


@pytest.fixture
def broker() -> Iterator[tuple[str, int]]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refusing) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        yield "127.0.0.1", server.server_address[1]
        server.shutdown()
        serving.join()


def test_a_frame_that_is_not_taken_ends_the_command_with_the_brokers_words(
    broker: tuple[str, int],
) -> None:
    with pytest.raises(Failed, match="no such queue"):
        send(broker, "nowhere", b"<dataset/>")


def test_a_broker_that_is_away_ends_the_command_with_what_to_set() -> None:
    with pytest.raises(Failed, match="BEAMCAT_STOMP_PORT"):
        send(("127.0.0.1", 1), "icatIngest", b"<dataset/>")
