"""What ICAT's clients ask for beside datasets, as plain values in the order of the tables' columns."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class InvestigationRow(NamedTuple):
    """An investigation as one event tells it; of two, the one with the greater (`registered`, `word`, `dataset_id`,
    `revision`) stands.

    `registered`: the linker's own word, above what a committed dataset says of its investigation. `word` orders each:
    the record's offset (all of one investigation are in one partition, since a wrong key is refused), or the
    microsecond of the commit; the dataset and its revision are empty in the linker's own.
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
    dataset_id: UUID | None
    revision: int | None


class SampleRow(NamedTuple):
    """A sample as one dataset tells it; of two, the one with the greater (`contained`, `word`, `dataset_id`,
    `revision`) stands: the last one measured of those that name a container. `container` is JSON.

    `contained`: it names a container, above all that name none. `word`: the microsecond at which the dataset began.
    """

    sample_number: int
    sample_id: UUID
    investigation_id: UUID
    name: str
    container: str | None
    sample_changer_position: str | None
    contained: bool
    word: int
    dataset_id: UUID
    revision: int


class LogbookRow(NamedTuple):
    """One entry of the electronic logbook. `tags` is a PostgreSQL array and `content` JSON, both as text.

    Of two under one id the one that was received first stands, then the one with the lesser `said`.
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


class Stamp(NamedTuple):
    """When something was said, and by which event: of two words the later stands, in whatever order they arrive."""

    at: datetime
    said: UUID


class DeclarationRow(NamedTuple):
    """A shipment, parcel, item or sample sheet as one event declares it, or as all that were heard do together.

    `parent`: a parcel's shipment; the parcel or item in which an item lies. `body` is JSON, without what it holds.
    `content`: when it was last said in full what it holds, so that whatever was only said before is no longer in it.
    """

    investigation_id: UUID
    kind: str
    id: str
    parent: str | None
    body: str
    removed: bool
    last: Stamp
    content: Stamp | None
    first: Stamp

    def merged(self, other: "DeclarationRow") -> "DeclarationRow":
        """Both together: commutative, associative and idempotent."""
        last = max(self, other, key=lambda row: (row.last, row.body, row.parent or ""))
        content = max((row.content for row in (self, other) if row.content), default=None)
        return last._replace(content=content, first=min(self.first, other.first))


class PlaceRow(NamedTuple):
    """What was loaded last into a place of a beamline's sample changer, whether or not it is still there."""

    beamline: str
    location: int
    investigation_id: UUID
    item: str
    last: Stamp


class ParcelStatusRow(NamedTuple):
    """One report on a parcel. `body` is JSON: what became known with it."""

    said: UUID
    investigation_id: UUID
    parcel: str
    status: str
    location: str | None
    body: str
    said_by: str | None
    at: datetime


class Declared(NamedTuple):
    """What events declare of what travels."""

    things: tuple[DeclarationRow, ...] = ()
    places: tuple[PlaceRow, ...] = ()
    statuses: tuple[ParcelStatusRow, ...] = ()
