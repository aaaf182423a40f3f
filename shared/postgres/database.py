"""The PostgreSQL connections of one service: only to its own schema, with its own role.

A process has a pool of connections for its work, and one for each kind of query over HTTP. So a query never waits for a
connection that work holds, and a quick query never waits for a connection that costly queries hold.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import TypeAlias

import asyncpg

from shared.foundation.errors import Fatal
from shared.foundation.problem import AWAY, Problem
from shared.http.turns import Turns
from shared.postgres.settings import DatabaseSettings
from shared.runtime.error_kinds import breaks_connection
from shared.runtime.metrics import QUESTIONS_REFUSED

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

SILENT_SECONDS = 8
"""The server ends a transaction whose client is silent for this long, and releases its locks.

Its process is stopped or cut off. No stage pauses for so long between two statements.
"""
AWAKE_SECONDS = 2.0
"""How often a process sends a sign of life while it waits for something else within a transaction."""
TRANSACTION_SECONDS = 60
"""The longest duration of a transaction.

A process that stops while it prepares a statement does not count as idle: nothing else ends its transaction.
"""
SILENCE = {
    "transaction_timeout": f"{TRANSACTION_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{SILENT_SECONDS}s",
    "tcp_user_timeout": f"{SILENT_SECONDS}s",
    "tcp_keepalives_idle": "4",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "2",
    "client_connection_check_interval": "2s",
}
"""How the server detects a lost client: it is silent, reads no more rows, or has lost its network."""
CONNECT_SECONDS = 10.0
COMMAND_SECONDS = 60.0


class Questions(Enum):
    """A kind of query over HTTP, and the longest duration of its statements in seconds."""

    QUICK = 5
    """A query that an index answers at once."""
    COSTLY = 10
    """A query that may read much."""


_IS_FRESH = ContextVar("_IS_FRESH", default=False)


@contextmanager
def fresh_connections() -> Iterator[None]:
    """Within it, no earlier connection is used again."""
    token = _IS_FRESH.set(True)
    try:
        yield
    finally:
        _IS_FRESH.reset(token)


def are_connections_fresh() -> bool:
    """Whether only new connections may be used here."""
    return _IS_FRESH.get()


def role_of(schema: str) -> str:
    """The role that owns a service's schema and sees no other."""
    return f"beamcat_{schema.removesuffix('_next')}"


async def _nothing(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Skip the reset of a connection, which is a round trip: all settings end with their transaction."""


class Database:
    """Pools of connections with the service's role and schema."""

    def __init__(self, settings: DatabaseSettings, schema: str) -> None:
        self.schema = schema
        self._url = settings.url
        self._work_connections = settings.connections
        quick, costly = settings.quick_questions, settings.costly_questions
        self._question_connections = {Questions.QUICK: quick, Questions.COSTLY: costly}
        self._turns = {
            Questions.QUICK: Turns("quick", quick, quick),
            Questions.COSTLY: Turns("costly", costly, max(1, costly - 1)),
        }
        self._work: Pool | None = None
        self._answering: dict[Questions, Pool] = {}

    async def open(self) -> None:
        """Connect, and check that the schema exists.

        Raises:
            Fatal: the schema or its role is missing.
        """
        try:
            pool = await self._pool(self._work_connections, at_once=1)
        except asyncpg.InvalidParameterValueError as error:
            raise Fatal(
                f"the database has no role {role_of(self.schema)}: run `beamcat migrate` first ({error})"
            ) from error
        if await pool.fetchval("select to_regclass('alembic_version') is null"):
            await pool.close()
            raise Fatal(f"the schema {self.schema} does not exist: run `beamcat migrate` first")
        for questions, connections in self._question_connections.items():
            self._answering[questions] = await self._pool(connections, questions)
        self._work = pool

    async def _pool(self, connections: int, questions: Questions | None = None, *, at_once: int = 0) -> Pool:
        """A pool that opens `at_once` connections immediately."""
        settings = SILENCE | {
            "search_path": self.schema,
            "role": role_of(self.schema),
            "application_name": f"beamcat {self.schema}",
        }
        seconds = COMMAND_SECONDS
        if questions is not None:
            settings |= {
                "statement_timeout": f"{questions.value}s",
                "jit": "off",
                "plan_cache_mode": "force_custom_plan",
                # for hash tables of sets: if the planner expects one not to fit, it searches row by row
                "work_mem": "64MB",
            }
            seconds = questions.value + CONNECT_SECONDS
        return await asyncpg.create_pool(
            self._url,
            min_size=at_once,
            max_size=connections,
            server_settings=settings,
            timeout=CONNECT_SECONDS,
            command_timeout=seconds,
            reset=_nothing,
        )

    async def close(self) -> None:
        """Close all connections. The server rolls back open transactions."""
        for pool in (self._work, *self._answering.values()):
            if pool is not None:
                pool.terminate()
        self._work = None
        self._answering = {}

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for work, without a transaction. It is discarded after an error that may have broken it.

        Raises:
            Fatal: PostgreSQL refuses a connection of this role with these settings.
            ConnectionError: the connection broke, whatever error its client raised.
        """
        if self._work is None:
            raise ConnectionError("the database is not connected yet")
        pool = self._work
        if are_connections_fresh():
            await pool.expire_connections()
        connection = await self._acquire(pool)
        try:
            yield connection
        except Exception as error:
            if not breaks_connection(error):
                raise
            connection.terminate()
            raise ConnectionError(f"the connection broke: {type(error).__name__}: {error}") from error
        finally:
            await pool.release(connection)

    async def _acquire(self, pool: Pool) -> Connection:
        try:
            return await pool.acquire()
        except asyncpg.DataError as error:  # no event has been read yet, so the error is ours
            raise Fatal(f"PostgreSQL refuses a connection of {role_of(self.schema)}: {error}") from error

    @asynccontextmanager
    async def transaction(self, *first: str) -> AsyncIterator[Connection]:
        """A transaction of work that commits on leaving and rolls back on an error.

        `first` are statements without parameters, which cost no round trip at its beginning.
        """
        async with self.late_transaction() as transaction:
            await transaction.begin(*first)
            yield transaction.connection

    @asynccontextmanager
    async def late_transaction(self) -> AsyncIterator["LateTransaction"]:
        """A transaction of work that commits on leaving and rolls back on an error, if it has begun."""
        async with self.connection() as connection:
            transaction = LateTransaction(connection)
            try:
                yield transaction
            except BaseException:
                await transaction.end("rollback")
                raise
            await transaction.end("commit")

    @asynccontextmanager
    async def answering(self, questions: Questions) -> AsyncIterator[Connection]:
        """A transaction for a query over HTTP, when it has its turn.

        Raises:
            Problem: 429 or 503: there are too many queries, or a statement took too long.
        """
        if not self._answering:
            raise ConnectionError("the database is not connected yet")
        pool = self._answering[questions]
        try:
            async with self._turns[questions].turn(), pool.acquire() as connection, connection.transaction():
                yield connection
        except asyncpg.QueryCanceledError:
            raise _too_slow(questions) from None
        except TimeoutError as error:
            raise ConnectionError("the database does not answer") from error


class LateTransaction:
    """A connection, and a transaction of it that begins when somebody asks for it, because that costs a round trip.

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


def _too_slow(questions: Questions) -> Problem:
    QUESTIONS_REFUSED.labels(questions.name.lower(), "slow").inc()
    words = f"the query took longer than {questions.value} s; narrow it, for example by proposal or dates"
    return Problem(AWAY, words, retry_after_seconds=questions.value)


@asynccontextmanager
async def kept_awake(connection: "Connection | asyncpg.Connection[asyncpg.Record]") -> AsyncIterator[None]:
    """Send signs of life to the server while a transaction waits for something else than its database.

    A stopped process sends none, and loses the transaction. The connection must not be used meanwhile.
    """
    done = asyncio.Event()
    speaking: list[asyncio.Task[None]] = []
    begin = asyncio.get_running_loop().call_later(
        AWAKE_SECONDS, lambda: speaking.append(asyncio.create_task(_speak(connection, done)))
    )
    try:
        yield
    finally:
        begin.cancel()
        done.set()
        await asyncio.gather(*speaking)


async def _speak(connection: "Connection | asyncpg.Connection[asyncpg.Record]", done: asyncio.Event) -> None:
    with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):  # the next statement raises it
        while not done.is_set():
            await connection.execute("select 1")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), AWAKE_SECONDS)
