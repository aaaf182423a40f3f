"""The activity that watchers read: what happened after a watcher's cursor.

The cursor says for each partition how far the watcher has read. Activity of a partition is written in the order of its
offsets, in the transaction that also moves the partition's position. So nothing appears before a position that was
already seen.
"""

import base64
import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from services.search.cursors import CursorInvalid
from services.search.projections.activity.statements import RECENT_ACTIVITY
from services.search.projections.positions.statements import POSITIONS
from services.search.query.catalogue import CatalogueReader
from services.search.query.faults import QueryInvalid
from shared.events.identity import proposal_key
from shared.events.states import ACTIVITY_STATES
from shared.events.topics import COMMITTED, PENDING, REJECTED
from shared.foundation.errors import Fault
from shared.foundation.lists import split
from shared.foundation.pages import MOST_PAGE_BYTES
from shared.postgres.database import Connection, Questions
from shared.postgres.statement import Row

Partition = tuple[str, int]
"""A topic and a partition."""

TOPICS = [COMMITTED.name, PENDING.name, REJECTED.name]
MOST_OF_A_PARTITION = 100
"""The most rows of one partition that are read for one answer."""
MOST_PARTITIONS = 1000
ROWS_AT_ONCE = 128

REQUIRED = ("at", "state", "path", "name", "beamline", "dataset_id", "receipt_id")
OPTIONAL = ("kind", "proposal", "code", "message", "revision", "rejection_id")


@dataclass(frozen=True)
class ActivityFilter:
    """The activity that a watcher wants. Any other rule about what somebody may see belongs here."""

    beamlines: frozenset[str] = frozenset()
    proposals: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()

    def matches(self, row: Row) -> bool:
        """Whether all conditions hold. A row without a beamline matches no beamline."""
        return all(
            not values or row[name] in values
            for name, values in (("beamline", self.beamlines), ("proposal", self.proposals), ("state", self.states))
        )


@dataclass
class ActivityPage:
    """A page of activity that grows row by row, and the positions that the watcher has reached with it."""

    reached: dict[Partition, int]
    activity: list[dict[str, Any]] = field(default_factory=list)
    has_more: bool = False

    async def read(
        self, rows: AsyncIterable[Row], ends: Mapping[Partition, int], activity_filter: ActivityFilter, limit: int
    ) -> None:
        """Add rows in their order until the page is full. A partition without further rows is read to its end."""
        seen = dict.fromkeys(ends, 0)
        size = 0
        async for row in rows:
            place = row["topic"], row["partition"]
            if activity_filter.matches(row):
                shown = _shown(row)
                size += len(to_json(shown))
                if self.activity and (len(self.activity) == limit or size > MOST_PAGE_BYTES):
                    self.has_more = True
                    return
                self.activity.append(shown)
            self.reached[place] = row["record_offset"] + 1
            seen[place] += 1
        for place, count in seen.items():
            if count < MOST_OF_A_PARTITION:
                self.reached[place] = ends[place]
            else:
                self.has_more = True


def _shown(row: Row) -> dict[str, Any]:
    required = {name: row[name] for name in REQUIRED}
    return required | {name: row[name] for name in OPTIONAL if row[name] is not None}


def write_watch_cursor(reached: Mapping[Partition, int]) -> str:
    """The cursor of a watcher, as an opaque text. It names no row, so it stays valid when search is rebuilt."""
    offsets: dict[str, list[int]] = {}
    for topic, partition in sorted(reached):
        known = offsets.setdefault(topic, [])
        known += [0] * (partition - len(known)) + [reached[topic, partition]]
    return base64.urlsafe_b64encode(json.dumps(offsets, separators=(",", ":")).encode()).decode().rstrip("=")


def read_watch_cursor(text: str) -> dict[Partition, int]:
    """The positions in a cursor that `write_watch_cursor` wrote.

    Raises:
        CursorInvalid: the text is not such a cursor.
    """
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        offsets_of = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        reached = {(topic, at): offset for topic, offsets in offsets_of.items() for at, offset in enumerate(offsets)}
    except (ValueError, TypeError, AttributeError, RecursionError):
        reached = {("", 0): -1}
    if len(reached) > MOST_PARTITIONS or not all(
        topic in TOPICS and type(offset) is int and 0 <= offset < 2**63 for (topic, _), offset in reached.items()
    ):
        raise CursorInvalid("not a cursor; give `next` of the previous answer, or leave it out to begin now")
    return reached


async def watch(
    reader: CatalogueReader, after: Mapping[Partition, int] | None, activity_filter: ActivityFilter, limit: int
) -> ActivityPage:
    """What happened after these positions. If nothing did, only one small table is read."""
    async with reader.connection(Questions.QUICK) as connection:
        positions = {
            (row["topic"], row["partition"]): row["next_offset"] for row in await connection.fetch(POSITIONS, TOPICS)
        }
        page = ActivityPage(dict(positions if after is None else after))
        ends = {place: end for place, end in positions.items() if end > page.reached.get(place, 0)}
        if ends:
            await page.read(_recent_activity(connection, page.reached, ends), ends, activity_filter, limit)
    return page


async def _recent_activity(
    connection: Connection, reached: Mapping[Partition, int], ends: Mapping[Partition, int]
) -> AsyncIterator[Row]:
    columns: Sequence[Sequence[Any]] = (
        [topic for topic, _ in ends],
        [partition for _, partition in ends],
        [reached.get(place, 0) for place in ends],
        list(ends.values()),
    )
    async for row in connection.cursor(RECENT_ACTIVITY, *columns, MOST_OF_A_PARTITION, prefetch=ROWS_AT_ONCE):
        yield dict(row)


def read_filter(beamline: str | None, proposal: str | None, state: str | None) -> ActivityFilter:
    """The filter that the fields of a URL express.

    Raises:
        QueryInvalid: there is no such state.
    """
    states = _values(state, str.lower)
    if unknown := states.difference(ACTIVITY_STATES):
        raise QueryInvalid([Fault("state", f"{min(unknown)[:100]!r} is not one of {', '.join(ACTIVITY_STATES)}")])
    return ActivityFilter(_values(beamline, str.lower), _values(proposal, proposal_key), states)


def _values(text: str | None, key: Callable[[str], str]) -> frozenset[str]:
    return frozenset(key(value.strip()) for value in split(text or "", ","))
