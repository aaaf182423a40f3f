"""What ICAT's clients ask for beside datasets, as plain values in the order of the tables' columns."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class InvestigationRow(NamedTuple):
    """An investigation as one event tells it; of two, the one with the greater (`registered`, `word`) stands.

    `registered`: the linker's own word, above what a committed dataset says of its investigation. `word` orders each:
    the record's offset (of one key they are in one partition), or the microsecond of the commit.
    """

    investigation_id: UUID
    number: int | None
    facility_id: str | None
    proposal: str
    beamline: str
    started: datetime | None
    ended: datetime | None
    title: str | None
    placeholder: bool
    proposal_name: str | None
    actual_started: datetime | None
    actual_ended: datetime | None
    registered: bool
    word: int


class SampleRow(NamedTuple):
    """A sample, where it was when the dataset was made that was committed last. `container` is JSON."""

    sample_number: int
    sample_id: UUID
    investigation_id: UUID
    name: str
    container: str | None
    sample_changer_position: str | None
    word: int


class LogbookRow(NamedTuple):
    """One entry of the electronic logbook. `tags` is a PostgreSQL array and `content` JSON, both as text."""

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
