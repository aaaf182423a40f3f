"""Recovers the numbers of datasets that a restored backup of PostgreSQL does not contain.

Kafka has those datasets, and the writer commits them again. But ICAT's clients know them by a number that was only in
the lost tables and in `dataset.committed`, which is kept for ever.
"""

import contextlib
from collections.abc import Iterable
from uuid import UUID

from services.catalog_writer.tables import TOLD_NUMBER
from shared.events.codes import Poison
from shared.events.dataset import Commit
from shared.events.record import Record
from shared.events.sections import Section
from shared.events.topics import COMMITTED
from shared.events.wire import read
from shared.postgres.bulk import DO_NOTHING, insert, write
from shared.postgres.database import Connection

REMEMBER = insert(
    TOLD_NUMBER,
    where="not exists (select from dataset where dataset.dataset_id = new.dataset_id)",
    then=DO_NOTHING,
)
GO_ON_ABOVE = """
select setval('dataset_number', greatest(nextval('dataset_number'), (select max(number) + 1 from told_number)), false)
"""
COUNT = "select count(*) from told_number"


class CommitView(Section):
    """A commit without its document."""

    commit: Commit


class LostNumbers:
    """Stores the numbers from `dataset.committed` that the catalogue does not have, in the catalogue's schema.

    The catalog_writer must not run meanwhile, because it would assign other numbers. Repeating this changes nothing.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def take(self, records: Iterable[Record]) -> None:
        """Add some records. Records of other topics are ignored."""
        first: dict[UUID, int] = {}
        for record in records:
            if record.topic != COMMITTED.name:
                continue
            with contextlib.suppress(Poison):
                commit = read(record, COMMITTED, CommitView).event.commit
                if commit.number is not None:
                    first.setdefault(commit.dataset_id, commit.number)
        await write(self._connection, REMEMBER, list(first.items()))

    async def finish(self) -> int:
        """Make new datasets get higher numbers, after all records. It returns how many numbers are stored."""
        await self._connection.execute(GO_ON_ABOVE)
        return int(await self._connection.fetchval(COUNT))
