"""What a position remembers of the records before it, so that a log that lost its tail is noticed: pure.

A position is an offset, and an offset says nothing of the record: after the broker has lost the end of a log, others
are written at the same offsets. So beside each position stand marks, fingerprints of records that were settled: of the
last one, and of earlier ones at distances that grow by a factor. Where the newest mark no longer holds, the newest that
does tells how far back the log is still the one that was read.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b

from shared.events.record import Record

SPACING = 4
"""The factor between the distances of marks: what is read again is at most some times what was lost."""
MOST_MARKS = 20
"""The oldest is some 10^11 records back."""
MARGIN_RECORDS = 500
"""So much more is read again after a loss at least. With the end of one log a broker has lost the ends of others: what
the stage had made of its last records may be gone too, though they are here."""
MOST_METADATA_BYTES = 4000
"""Kafka takes 4,096 (`offset.metadata.max.bytes`), and refuses the position with more."""
FINGERPRINT_BYTES = 8


@dataclass(frozen=True, slots=True)
class Mark:
    """A record that was settled."""

    offset: int
    fingerprint: str


class Finding(Enum):
    """What is at a mark's offset now."""

    SAME = "same"
    OTHER = "other"
    """Another record, or none: the log has changed."""
    EXPIRED = "expired"
    """Nothing, since the log begins later: retention has removed it."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is committed with a position: marks, newest first, and the sources that were fine lately."""

    marks: tuple[Mark, ...] = ()
    sources: tuple[str, ...] = ()


def fingerprint(record: Record) -> str:
    """Differs between any two records, whatever their offsets are."""
    digest = blake2b(digest_size=FINGERPRINT_BYTES)
    for part in (b"%d" % record.timestamp_ms, record.key, record.value, *_flat(record.headers)):
        digest.update(b"-" if part is None else b"%d:" % len(part))
        digest.update(part or b"")
    return digest.hexdigest()


def with_settled(marks: Sequence[Mark], settled: Sequence[Record]) -> tuple[Mark, ...]:
    """The marks to keep once these records of one partition are settled; few of them are looked at."""
    distances = [0, *(SPACING**power for power in range(MOST_MARKS) if SPACING**power < len(settled))]
    for distance in reversed(distances):
        record = settled[-1 - distance]
        marks = with_newest(marks, Mark(record.offset, fingerprint(record)))
    return tuple(marks)


def with_newest(marks: Sequence[Mark], newest: Mark) -> tuple[Mark, ...]:
    """The marks to keep now that this one is the newest: of each range of distances the one farthest back."""
    kept = [newest]
    farthest: dict[int, Mark] = {}
    for mark in marks:
        if mark.offset < newest.offset:
            farthest[_range_of(newest.offset - mark.offset)] = mark
    kept += sorted(farthest.values(), key=lambda mark: -mark.offset)
    return tuple(kept[:MOST_MARKS])


def as_metadata(remembered: Remembered) -> str:
    """As it is committed beside the position; with as many sources as there is room for."""
    marks = [[mark.offset, mark.fingerprint] for mark in remembered.marks]
    sources = list(remembered.sources)
    while len(text := json.dumps({"marks": marks, "sources": sources}, separators=(",", ":"))) > MOST_METADATA_BYTES:
        sources = sources[: len(sources) // 2]
    return text


def from_metadata(text: str) -> Remembered:
    """What was remembered; nothing where somebody else has set the position, or an older version of beamcat."""
    try:
        said = json.loads(text)
        marks = tuple(Mark(int(offset), str(print_)) for offset, print_ in said["marks"])
        return Remembered(marks, tuple(str(source) for source in said["sources"]))
    except (ValueError, TypeError, KeyError):
        return Remembered()


def all_sources(remembered: Iterable[Remembered]) -> Collection[str]:
    """Those that any partition remembers."""
    return {source for each in remembered for source in each.sources}


def place_to_resume(position: int, end: int, marks: Sequence[Mark], findings: Sequence[Finding]) -> int | None:
    """Where to go on in a log that ends there, by what was found at the newest marks; None: from its start.

    Just behind the newest mark if it holds, since what lay between it and the position was no record. If it does not,
    a good while before the newest that does. Where nothing is known the position stands.
    """
    if not findings or findings[0] is Finding.EXPIRED:
        return position if position <= end else None
    if findings[0] is Finding.SAME:
        return marks[0].offset + 1
    if Finding.SAME not in findings:
        return None
    holds = marks[findings.index(Finding.SAME)].offset
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
