"""Lots: the parts of a batch that are settled one after the other, small records before large ones.

One submission may cost as much as thousands of others. What is small is durable and published before anything large is
looked at, and what is large is settled in transactions of its own, so that their locks are held for a moment only.
"""

from collections.abc import Iterator, Sequence

from shared.events.record import Record

LARGE_BYTES = 64 * 1024
"""An ordinary event has 3 kB; a merge of a thousand inputs has more than this."""
LOT_BYTES = 1024 * 1024
"""Of large records that are settled together; one alone may have more."""


def lots_of(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    """Every record once, and those of one key in their order: what follows a large one of its key waits for that."""
    small: list[Record] = []
    large: list[Record] = []
    behind: set[bytes | None] = set()
    for record in records:
        if record.key in behind or _size(record) > LARGE_BYTES:
            behind.add(record.key)
            large.append(record)
        else:
            small.append(record)
    if small:
        yield small
    lot: list[Record] = []
    lot_bytes = 0
    for record in large:
        if lot and lot_bytes + _size(record) > LOT_BYTES:
            yield lot
            lot, lot_bytes = [], 0
        lot.append(record)
        lot_bytes += _size(record)
    if lot:
        yield lot


def _size(record: Record) -> int:
    return len(record.value or b"")
