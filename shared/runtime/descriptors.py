"""File descriptors: as many as the system allows, and how many connections a door may take of them."""

import asyncio
import logging
import resource

from shared.access.admission import Room

logger = logging.getLogger(__name__)

ACCEPTED_AT_ONCE = 64
"""The `backlog` of a listener: asyncio accepts so many connections before any of them can be looked at."""
QUEUE = 512
"""Connections that may wait to be accepted: more than a backlog, for a newcomer that finds no place tries again only
after 1 s, 3 s and 7 s."""
KEPT_BACK = 128 + 2 * ACCEPTED_AT_ONCE
"""Descriptors for all else: Kafka, PostgreSQL, files, and what is accepted before it is counted."""
DOORS = 3
"""Doors that a process has at most: HTTP, and at the icat_gateway STOMP and Jolokia."""


ENOUGH = 8192
"""More than all doors together take."""


def raise_limit() -> None:
    """Let this process open as many files as its doors need, as far as its hard limit allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = ENOUGH if hard == resource.RLIM_INFINITY else min(ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def room_for(what: str, most: int, most_of_an_address: int) -> Room:
    """The room that is wanted, or less of it where the descriptors of this process are too few."""
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
    """Let more connections wait to be accepted than are accepted in one turn of the event loop."""
    for listener in server.sockets:
        with listener.dup() as same:
            same.listen(QUEUE)
