"""Lots: the parts of a batch, which are settled one after the other, small records before large ones.

One submission may cost as much as thousands of others. Small records are durable and published before any large one is
examined. Large ones are settled in separate transactions, so that their locks are held only briefly.
"""

from collections.abc import Iterator, Sequence

from shared.events.record import Record

LARGE_BYTES = 64 * 1024
"""The size of a large record. An ordinary event has 3 kB; a merge of a thousand inputs has more than this."""
LOT_BYTES = 1024 * 1024
"""The most bytes of large records that are settled together. A single one may have more."""


def lots_of(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    """The lots of a batch. Records of one key keep their order: those after a large one wait for it."""
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
