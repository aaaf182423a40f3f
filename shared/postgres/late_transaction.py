"""A transaction that begins when it is needed, because beginning and committing are round trips of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.postgres.database import Connection, Database


class LateTransaction:
    """A connection, and a transaction of it that begins when somebody asks for it.

    What is read before needs no transaction: each statement has a snapshot of its own within one, too.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._has_begun = False

    async def begin(self, *first: str) -> None:
        """Begin, unless it has begun, and run some statements without parameters in the same round trip.

        Each of them sees what was committed before it starts.
        """
        statements = first if self._has_begun else ("begin", *first)
        self._has_begun = True
        if statements:
            await self.connection.execute("; ".join(statements))

    async def end(self, how: str) -> None:
        """Commit or roll back what has begun."""
        if self._has_begun:
            await self.connection.execute(how)


@asynccontextmanager
async def late_transaction(database: Database) -> AsyncIterator[LateTransaction]:
    """A transaction of work that commits on leaving and rolls back on an error, if it has begun."""
    async with database.connection() as connection:
        transaction = LateTransaction(connection)
        try:
            yield transaction
        except BaseException:
            await transaction.end("rollback")
            raise
        await transaction.end("commit")
