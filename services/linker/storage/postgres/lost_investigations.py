"""The investigations that a restored backup of PostgreSQL lacks.

The linker reads the user office's announcements again. But an investigation that beamcat opened has its id and number
from the dataset that came first, and would get others if another dataset came first now. The topics
`dataset.committed` and `investigation.registered`, which are both kept for ever, say which ones existed.
"""

import contextlib
from collections.abc import Iterable
from uuid import UUID

from services.linker.plan.slots import Slot
from services.linker.storage.postgres.investigations import LACKING_SLOTS, slot_row
from shared.events.codes import Poison
from shared.events.investigation import InvestigationRef, InvestigationRegistered
from shared.events.record import Record
from shared.events.sections import Section
from shared.events.topics import COMMITTED, REGISTERED
from shared.events.wire import read
from shared.postgres.bulk import write
from shared.postgres.database import Connection

GO_ON_ABOVE = """
select setval('investigation_number',
    greatest(nextval('investigation_number'), (select max(number) + 1 from investigation)), false)
"""


class _InvestigationOnly(Section):
    investigation: InvestigationRef


class CommittedView(Section):
    """The investigation of a committed dataset."""

    document: _InvestigationOnly | None


class LostInvestigations:
    """Restores each published investigation that the linker's schema lacks, as it was published last.

    The linker must not run meanwhile. Running this twice changes nothing.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._published: dict[UUID, tuple[int, Slot]] = {}
        """Each investigation, with the time of its last record in milliseconds."""

    async def take(self, records: Iterable[Record]) -> None:
        """Read some of all records. Those of other topics are ignored."""
        for record in records:
            with contextlib.suppress(Poison):
                published = _published(record)
                if published is None or published.start is None or published.number is None:
                    continue
                if self._published.get(published.investigation_id, (0,))[0] <= record.timestamp_ms:
                    self._published[published.investigation_id] = record.timestamp_ms, _slot(published)

    async def finish(self) -> int:
        """Save them after all records were read. Returns how many were lacking; new ones get higher numbers."""
        rows = [slot_row(slot) for _, slot in self._published.values()]
        lacking = await write(self._connection, LACKING_SLOTS, rows)
        await self._connection.execute(GO_ON_ABOVE)
        return lacking


def _slot(published: InvestigationRef) -> Slot:
    """The investigation as it was published, which includes only the last of its actual times."""
    fields = published.model_dump(exclude={"named", "actual_start", "actual_end"})
    start, end = published.actual_start, published.actual_end
    actual = [(start, end)] if start and end else []
    return Slot(**fields, actual=tuple(actual))


def _published(record: Record) -> InvestigationRef | None:
    if record.topic == REGISTERED.name:
        return read(record, REGISTERED, InvestigationRegistered).event.investigation
    if record.topic == COMMITTED.name:
        document = read(record, COMMITTED, CommittedView).event.document
        return document.investigation if document else None
    return None
