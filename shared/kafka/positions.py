"""Marks of the records before a position. They reveal that a log has lost its end. Pure.

A position is an offset, which does not identify a record: after a broker has lost the end of a log, other records get
the same offsets. So each position is committed with marks, the fingerprints of settled records: the last one, and
earlier ones at distances that grow by a factor. If the newest mark does not match, the newest one that matches shows up
to where the log is unchanged.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b

from shared.events.record import Record

SPACING = 4
"""The factor between the distances of marks. At most a few times the lost records are read again."""
MOST_MARKS = 20
"""The most marks. The oldest is about 10^11 records back."""
MARGIN_RECORDS = 500
"""How many more records are read again after a loss, at least. A broker loses the ends of several logs at once, so
the results of the stage's last records may be lost although the records themselves are not."""
MOST_METADATA_BYTES = 4000
"""The limit below Kafka's 4,096 (`offset.metadata.max.bytes`), above which Kafka refuses the position."""
FINGERPRINT_BYTES = 8


@dataclass(frozen=True, slots=True)
class Mark:
    """A record that was settled."""

    offset: int
    fingerprint: str


class MarkState(Enum):
    """What is at a mark's offset now."""

    SAME = "same"
    OTHER = "other"
    """Another record, or none: the log has changed."""
    EXPIRED = "expired"
    """Nothing, because retention has removed it: the log begins later."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """The data committed with a position: marks, newest first, and the sources that were healthy recently."""

    marks: tuple[Mark, ...] = ()
    sources: tuple[str, ...] = ()


def fingerprint(record: Record) -> str:
    """A hash that differs between any two records, even at the same offset."""
    digest = blake2b(digest_size=FINGERPRINT_BYTES)
    for part in (b"%d" % record.timestamp_ms, record.key, record.value, *_flat(record.headers)):
        digest.update(b"-" if part is None else b"%d:" % len(part))
        digest.update(part or b"")
    return digest.hexdigest()


def with_settled(marks: Sequence[Mark], settled: Sequence[Record]) -> tuple[Mark, ...]:
    """The marks to keep once these records of one partition are settled. Only a few records are examined."""
    distances = [0, *(SPACING**power for power in range(MOST_MARKS) if SPACING**power < len(settled))]
    for distance in reversed(distances):
        record = settled[-1 - distance]
        marks = with_newest(marks, Mark(record.offset, fingerprint(record)))
    return tuple(marks)


def with_newest(marks: Sequence[Mark], newest: Mark) -> tuple[Mark, ...]:
    """The marks to keep with a new newest one: in each range of distances, the one farthest back."""
    kept = [newest]
    farthest: dict[int, Mark] = {}
    for mark in marks:
        if mark.offset < newest.offset:
            farthest[_range_of(newest.offset - mark.offset)] = mark
    kept += sorted(farthest.values(), key=lambda mark: -mark.offset)
    return tuple(kept[:MOST_MARKS])


def as_metadata(remembered: Remembered) -> str:
    """The text that is committed with the position, with as many sources as fit."""
    marks = [[mark.offset, mark.fingerprint] for mark in remembered.marks]
    sources = list(remembered.sources)
    while len(text := json.dumps({"marks": marks, "sources": sources}, separators=(",", ":"))) > MOST_METADATA_BYTES:
        sources = sources[: len(sources) // 2]
    return text


def from_metadata(text: str) -> Remembered:
    """The committed data; empty if another program or an older version of beamcat has set the position."""
    try:
        said = json.loads(text)
        marks = tuple(Mark(int(offset), str(print_)) for offset, print_ in said["marks"])
        return Remembered(marks, tuple(str(source) for source in said["sources"]))
    except (ValueError, TypeError, KeyError):
        return Remembered()


def all_sources(remembered: Iterable[Remembered]) -> Collection[str]:
    """The sources that any partition remembers."""
    return {source for each in remembered for source in each.sources}


def place_to_resume(position: int, end: int, marks: Sequence[Mark], findings: Sequence[MarkState]) -> int | None:
    """Where to resume in a log that ends at `end`, from what is at the newest marks; None: from its start.

    If the newest mark matches, just after it, because there was no record between it and the position. Otherwise, well
    before the newest mark that matches. Without marks, the position is kept.
    """
    if not findings or findings[0] is MarkState.EXPIRED:
        return position if position <= end else None
    if findings[0] is MarkState.SAME:
        return marks[0].offset + 1
    if MarkState.SAME not in findings:
        return None
    holds = marks[findings.index(MarkState.SAME)].offset
    return next((mark.offset + 1 for mark in marks if mark.offset <= holds - MARGIN_RECORDS), None)


def _range_of(distance: int) -> int:
    number = 0
    while distance >= SPACING:
        distance //= SPACING
        number += 1
    return number


def _flat(headers: Iterable[tuple[str, bytes]]) -> Iterable[bytes]:
    for name, value in headers:
        yield name.encode(errors="surrogatepass")
        yield value
