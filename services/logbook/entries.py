"""Entries of the electronic logbook: their rows, and queries for them. Pure."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from pydantic_core import to_json

from shared.events.logbook import LogbookEntry
from shared.foundation.arrays import array, quoted
from shared.stages.outcomes import Learned

MOST_ENTRIES = 10_000
"""The most entries of one answer."""


class EntryRow(NamedTuple):
    """One entry, in the order of the table's columns. `tags` is a PostgreSQL array and `content` JSON, both as text.

    If two entries have the same id, the one received first counts, or else the one with the smaller `said`.
    """

    entry_id: UUID
    type: str
    category: str | None
    proposal: str | None
    beamline: str | None
    investigation_number: int | None
    dataset_name: str | None
    tags: str
    content: str
    file_name: str | None
    file_type: str | None
    file: bytes | None
    software: str | None
    machine: str | None
    created_at: datetime
    received_at: datetime
    said: UUID
    source: str | None


@dataclass(frozen=True)
class Recorded(Learned):
    """The entry is in the logbook."""

    row: EntryRow


def row_of(entry: LogbookEntry, said: UUID) -> EntryRow:
    """The row of an entry. `said` identifies the event that contained it."""
    return EntryRow(
        entry.entry_id,
        entry.type,
        entry.category,
        entry.proposal,
        entry.beamline,
        entry.investigation_number,
        entry.dataset_name,
        array(map(quoted, entry.tags)),
        to_json(entry.content).decode(),
        entry.file_name,
        entry.file_type,
        None if entry.file_base64 is None else base64.b64decode(entry.file_base64),
        entry.producer.software,
        entry.producer.machine,
        entry.created_at,
        entry.received_at,
        said,
        entry.source,
    )


def first_received(rows: Iterable[EntryRow]) -> list[EntryRow]:
    """The row that counts for each entry, ordered by id: so all replicas lock rows in the same order."""
    first: dict[UUID, EntryRow] = {}
    for row in sorted(rows, key=lambda row: (row.received_at, row.said)):
        first.setdefault(row.entry_id, row)
    return [first[entry_id] for entry_id in sorted(first)]


class Period(NamedTuple):
    """A time span. None is an open end."""

    begin: datetime | None
    end: datetime | None


@dataclass(frozen=True)
class Visit:
    """The investigation whose entries are wanted."""

    number: int
    proposal: str | None = None
    beamline: str | None = None
    periods: tuple[Period, ...] = ()
    """Entries without a number belong to it if proposal and beamline match and they lie within 48 hours of a period."""


@dataclass(frozen=True)
class EntryQuery:
    """A query for entries. Conditions that are None or empty do not apply."""

    beamlines: tuple[str, ...] | None = None
    """The beamlines that the caller may read, in lower case."""
    visit: Visit | None = None
    beamline: str | None = None
    unassigned: bool = False
    """Only entries that belong to no investigation."""
    dataset: str | None = None
    types: tuple[tuple[str, str | None], ...] = ()
    """The types of entries, each alone or with a category."""
    tags: tuple[str, ...] = ()
    search: str | None = None
    begin: datetime | None = None
    end: datetime | None = None
    order: Literal["asc", "desc"] = "desc"
    skip: int = 0
    limit: int = MOST_ENTRIES
