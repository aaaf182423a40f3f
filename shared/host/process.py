"""A service as a process: it runs until a signal, and its memory is set up for batches of events."""

import contextlib
import ctypes
import functools
import gc
import logging
import signal
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from shared.events.topics import MEBIBYTE
from shared.foundation.errors import Fatal, cannot_listen
from shared.host.host import Host, http_config
from shared.host.service import Service
from shared.host.settings import ServiceSettings
from shared.host.together import Together
from shared.http.server import HttpServer
from shared.http.settings import HttpSettings
from shared.runtime import logs
from shared.runtime.descriptors import raise_limit

logger = logging.getLogger(__name__)

GARBAGE_THRESHOLDS = (100_000, 50, 100)
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""The numbers of these options of `mallopt`, as <malloc.h> has them."""
KEPT_BYTES = 8 * MEBIBYTE
"""The freed memory that a process keeps for its next batch. A batch of 500 events needs about as much."""


def spare_garbage() -> None:
    """Make garbage collection rare, and skip everything that is loaded now.

    Parsed events have no cycles, and searching for cycles takes half as long as the parsing.
    """
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def give_back_large_buffers() -> None:
    """Make the C library return freed blocks of more than a mebibyte to the system, and keep some of the smaller ones.

    Otherwise it keeps such blocks once it has seen some, and a stage that met a few large events would hold several
    times their size for ever. Smaller blocks are returned only above `KEPT_BYTES`: the library would otherwise return
    the memory of each batch, and new pages for the next one cost 2 to 4 µs each, of which an event needs three to six.
    Without such a library, this does nothing.
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(M_MMAP_THRESHOLD, MEBIBYTE)
        library.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)


def serve(
    name: str,
    services: Sequence[tuple[Service[Any], ServiceSettings]],
    warnings: Iterable[str] = (),
    refuse: Callable[[str], None] = lambda _why: None,
) -> int:
    """Run one service, or several together, until SIGTERM or SIGINT. It returns the exit code of the process.

    The log begins with the `warnings`. `refuse` is called with the reason why it does not start, if another attempt
    would fail in the same way.
    """
    settings = services[0][1]
    logs.set_up(settings.log.level, name if settings.log.format == "json" else None)
    for sentence in warnings:
        logger.warning(sentence)
    raise_limit()
    try:
        _check_port(settings.http)
        host = Host(*services[0]) if len(services) == 1 else Together(name, services)
    except Exception as error:
        logger.critical("%s cannot start: %s", name, error, exc_info=not isinstance(error, Fatal))
        refuse(str(error))
        return 1
    spare_garbage()
    give_back_large_buffers()
    server = HttpServer(http_config(host.app(), settings.http))
    host.end = functools.partial(setattr, server, "should_exit", True)
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: None)  # uvicorn raises it again after its end
    server.run()
    if host.refusal is not None:
        refuse(host.refusal)
    return 1 if host.failure else 0


def _check_port(http: HttpSettings) -> None:
    """Check early whether the port is free: uvicorn opens it last, when the service already works."""
    host, port = http.host, http.port
    try:
        [(family, *_), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise cannot_listen("BEAMCAT_HTTP_PORT", host, port, error) from error
