"""The positions up to which topics are in the read model. Pure."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from services.search.projections.facts import Law, last
from shared.events.wire import Received


class PositionRow(NamedTuple):
    """The position up to which a partition is in the read model, in the order of the table's columns."""

    topic: str
    partition: int
    next_offset: int


POSITIONS = Law(PositionRow, key=lambda row: row[:2], stands=last(lambda row: row.next_offset))


def positions_of(events: Iterable[Received[Any]]) -> list[PositionRow]:
    """The positions that events reach, whatever became of the events."""
    reached: dict[tuple[str, int], int] = {}
    for event in events:
        record = event.record
        place = record.topic, record.partition
        reached[place] = max(reached.get(place, 0), record.offset + 1)
    return [PositionRow(*place, offset) for place, offset in reached.items()]
