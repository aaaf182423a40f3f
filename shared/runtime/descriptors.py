"""File descriptors: it raises their limit, and decides how many of them a server may use for connections."""

import asyncio
import logging
import resource

from shared.access.admission import Room

logger = logging.getLogger(__name__)

ACCEPTED_AT_ONCE = 64
"""The `backlog` of a listener: asyncio accepts this many connections before the server can examine one."""
QUEUE = 512
"""How many connections may wait to be accepted. It is more than the backlog, because a client that finds no place
tries again only after 1 s, 3 s and 7 s."""
KEPT_BACK = 128 + 2 * ACCEPTED_AT_ONCE
"""Descriptors for everything else: Kafka, PostgreSQL, files, and connections that are accepted but not yet counted."""
DOORS = 3
"""The most servers of a process: HTTP and, in the icat_gateway, STOMP and Jolokia."""


ENOUGH = 8192
"""More than all servers together need."""


def raise_limit() -> None:
    """Raise this process's limit of open files to what its servers need, up to the hard limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = ENOUGH if hard == resource.RLIM_INFINITY else min(ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def room_for(what: str, most: int, most_of_an_address: int) -> Room:
    """The wanted room, or less if this process has too few descriptors."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    share = max(16, ((ENOUGH if soft == resource.RLIM_INFINITY else soft) - KEPT_BACK) // DOORS)
    room = Room.of(most, most_of_an_address)
    while room.descriptors > share and room.most > 1:
        room = Room.of(room.most * share // (room.descriptors + 1), most_of_an_address)
    if room.most < most:
        logger.warning(
            "%s takes %d connections instead of %d: this process may open %d files; raise its limit (ulimit -n)",
            *(what, room.most, most, soft),
        )
    return room


def lengthen_queue(server: asyncio.Server) -> None:
    """Allow more connections to wait than are accepted in one turn of the event loop."""
    for listener in server.sockets:
        with listener.dup() as same:
            same.listen(QUEUE)
