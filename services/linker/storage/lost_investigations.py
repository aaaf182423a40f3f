"""After a backup of PostgreSQL was put back: the investigations that it lacks.

What the user office announced is read again, but an investigation that beamcat opened has its id and number from the
dataset that came first, and would have others if another one came first now. `dataset.committed` and
`investigation.registered`, both kept for ever, tell which there were.
"""

import contextlib
from collections.abc import Iterable
from uuid import UUID

from services.linker.plan.investigations import Slot
from services.linker.storage import statements as sql
from services.linker.storage.queries import slot_row
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
    """Where a committed dataset lies."""

    document: _InvestigationOnly | None


class LostInvestigations:
    """Keeps, in the linker's schema, each investigation that was told and that the schema lacks, as it was told last.

    The linker must not run. Doing it again changes nothing.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._told: dict[UUID, tuple[int, Slot]] = {}
        """With the time at which it was told, in milliseconds."""

    async def take(self, records: Iterable[Record]) -> None:
        """Some of all records; those of other topics are passed over."""
        for record in records:
            with contextlib.suppress(Poison):
                told = _told(record)
                if told is None or told.start is None or told.number is None:
                    continue
                if self._told.get(told.investigation_id, (0,))[0] <= record.timestamp_ms:
                    self._told[told.investigation_id] = record.timestamp_ms, _slot(told)

    async def finish(self) -> int:
        """After all records: keep them; new investigations get higher numbers; how many were lacking."""
        rows = [slot_row(slot) for _, slot in self._told.values()]
        lacking = await write(self._connection, sql.LACKING_SLOTS, rows)
        await self._connection.execute(GO_ON_ABOVE)
        return lacking


def _slot(told: InvestigationRef) -> Slot:
    """The investigation as it was told; of the times to which it was rescheduled the last one is."""
    fields = told.model_dump(exclude={"named", "actual_start", "actual_end"})
    actual = [(told.actual_start, told.actual_end)] if told.actual_start and told.actual_end else []
    return Slot(**fields, actual=tuple(actual))


def _told(record: Record) -> InvestigationRef | None:
    if record.topic == REGISTERED.name:
        return read(record, REGISTERED, InvestigationRegistered).event.investigation
    if record.topic == COMMITTED.name:
        document = read(record, COMMITTED, CommittedView).event.document
        return document.investigation if document else None
    return None
