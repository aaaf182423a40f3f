"""After a backup of PostgreSQL was put back: the numbers of the datasets that it lacks.

Kafka has those datasets, and the writer commits them again; but ICAT's clients know them by a number that only the lost
tables had, and `dataset.committed`, which is kept for ever.
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
    """Remembers, in the catalogue's schema, what `dataset.committed` says that the catalogue lacks.

    The catalogue's writer must not run: it would give other numbers meanwhile. Doing it again changes nothing.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def take(self, records: Iterable[Record]) -> None:
        """Some of all records; those of other topics are passed over."""
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
        """After all records: new datasets get higher numbers; how many are remembered."""
        await self._connection.execute(GO_ON_ABOVE)
        return int(await self._connection.fetchval(COUNT))
