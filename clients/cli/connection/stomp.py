"""A minimal sender of STOMP 1.2: it sends one frame to a queue of ICAT and waits for the receipt."""

import socket

from clients.cli.terminal.output import UNREACHABLE, fail

TIMEOUT_SECONDS = 30.0


def send(address: tuple[str, int], queue: str, body: bytes) -> None:
    """Send a frame, and return when beamcat has stored it durably. If nothing answers, the command ends."""
    host, port = address
    headers = b"SEND\ndestination:/queue/%b\ncontent-length:%d\nreceipt:sent\n\n" % (queue.encode(), len(body))
    try:
        with socket.create_connection(address, TIMEOUT_SECONDS) as connection:
            _exchange(connection, b"CONNECT\naccept-version:1.2\nhost:beamcat\n\n\0", b"CONNECTED\n")
            _exchange(connection, headers + body + b"\0", b"RECEIPT\n")
    except OSError as error:
        fail(
            f"{host}:{port} does not answer ({error}); is beamcat up? (BEAMCAT_STOMP_HOST, BEAMCAT_STOMP_PORT)",
            UNREACHABLE,
        )


def _exchange(connection: socket.socket, frame: bytes, expected: bytes) -> None:
    connection.sendall(frame)
    answer = b""
    while not answer.endswith((b"\0", b"\0\n")):
        some = connection.recv(4096)
        if not some:
            raise ConnectionError("the connection was closed")
        answer += some
    if not answer.lstrip(b"\n").startswith(expected):
        fail(f"the frame was not accepted: {answer.decode(errors='replace').strip()}")
