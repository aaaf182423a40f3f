"""Holdings that the linker's relays have under lock, in PostgreSQL."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager

from services.linker.held.holdings import Settled, new_links
from services.linker.held.ports import NO_MORE_SEARCHES
from services.linker.inputs.near import Near
from services.linker.inputs.submissions import HeldSubmission
from services.linker.known import Known
from services.linker.storage import statements as sql
from services.linker.storage.queries import (
    bring_links,
    columns,
    near_of,
    read_known,
    refusal_row,
    with_ancestry,
    with_answered,
    with_near,
    with_openings,
)
from shared.events.dataset import DatasetFacts
from shared.events.identity import Identities
from shared.postgres.database import Connection, kept_awake


class PostgresSearchBatch:
    """Holdings to be looked at once more; none of them is locked."""

    def __init__(self, connection: Connection, holdings: Sequence[HeldSubmission]) -> None:
        self.holdings = holdings
        self._connection = connection

    def kept_awake(self) -> AbstractAsyncContextManager[None]:
        """The server hears that this process lives."""
        return kept_awake(self._connection)

    async def near(self, paths: Collection[str]) -> Near:
        """The catalogued paths that may be meant by some that are not."""
        return await near_of(self._connection, paths)

    async def finish(self, told: Collection[str]) -> None:
        """All were looked at; these are not looked at again."""
        if self.holdings:
            keys = [holding.summary.key for holding in self.holdings]
            await self._connection.execute(sql.LOOKED, keys, list(told), NO_MORE_SEARCHES)


class PostgresDueBatch:
    """Holdings under lock."""

    def __init__(self, connection: Connection, identities: Identities, holdings: Sequence[HeldSubmission]) -> None:
        self.holdings = holdings
        self._connection = connection
        self._identities = identities
        self._known = Known()

    async def load(self, datasets: Sequence[DatasetFacts]) -> Known:
        """What the last word depends on."""
        if not datasets:
            return self._known
        known = await read_known(self._connection, self._identities, datasets, ())
        known = await with_openings(self._connection, self._identities, datasets, known)
        known = await with_near(self._connection, known, datasets)
        if suspects := [dataset for dataset in datasets if known.brings_links(dataset)]:
            known = await with_answered(self._connection, known, [each.summary.id for each in self.holdings])
            await self._connection.execute(sql.LOCK, sql.GRAPH_LOCK)
            known = await with_ancestry(self._connection, known, suspects)
        self._known = known
        return known

    def kept_awake(self) -> AbstractAsyncContextManager[None]:
        """The server hears that this process lives."""
        return kept_awake(self._connection)

    async def finish(self, settled: Sequence[Settled]) -> None:
        """Forget what was linked; keep a tombstone of what was refused."""
        linked = [each for each in settled if each.refusal is None]
        refused = [each.holding.refused(each.refusal) for each in settled if each.refusal is not None]
        passed = ((each.holding.summary.id, each.passed) for each in linked if each.passed)
        await bring_links(self._connection, new_links(passed, self._known))
        if linked:
            await self._connection.execute(sql.FORGET, [each.holding.summary.key for each in linked])
        if refused:
            tombs = [(each.summary.key, *refusal_row(each.summary.refusal)) for each in refused]
            await self._connection.execute(sql.ENTOMB, *columns(tombs, 5))
