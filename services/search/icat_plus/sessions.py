"""Sessions of ICAT's clients: opened with a token of the tokens file, and good as long as its grant is.

A session id is 122 random bits, shown once; only its SHA-256 is kept.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol
from uuid import uuid4

from services.search.lock import SHARE_LOCK, lock_name
from shared.access.grants import Grant
from shared.access.tokens import TokenRefused, Tokens
from shared.postgres.database import Connection, Database, Questions


@dataclass(frozen=True)
class Kept:
    """What is remembered of a session: the hash of the token that opened it, and when it ends."""

    token_sha256: str
    expires_at: datetime


class SessionStore(Protocol):
    """Where sessions are, by the SHA-256 of their ids."""

    async def put(self, session_sha256: str, kept: Kept) -> None:
        """Keep it, in place of what was kept of it."""

    async def get(self, session_sha256: str) -> Kept | None:
        """What is kept of it."""

    async def forget(self, session_sha256: str) -> None:
        """Keep it no more."""

    async def forget_expired(self, now: datetime) -> None:
        """Forget all that have ended."""


@dataclass(frozen=True)
class Opened:
    """A session at work."""

    session_id: str
    grant: Grant
    expires_at: datetime


class Sessions:
    """Opens sessions, and leads from a session's id to what its holder may do."""

    def __init__(self, store: SessionStore, tokens: Tokens, clock: Callable[[], datetime], lifetime: timedelta) -> None:
        self._store = store
        self._tokens = tokens
        self._clock = clock
        self.lifetime = lifetime

    async def open(self, token: str) -> Opened:
        """A new session for the holder of a token.

        Raises:
            TokenRefused: the token opens nothing.
        """
        grant = self._tokens.grant_of(token, self._clock())
        await self._store.forget_expired(self._clock())
        return await self._put(str(uuid4()), grant)

    async def session(self, session_id: str) -> Opened:
        """The session of an id.

        Raises:
            TokenRefused: there is none, it has ended, or its token was revoked.
        """
        kept = await self._store.get(_hashed(session_id))
        if kept is None or kept.expires_at <= self._clock():
            raise TokenRefused("the session is unknown here or has ended: log in again")
        return Opened(session_id, self._tokens.grant_of_digest(kept.token_sha256, self._clock()), kept.expires_at)

    async def renew(self, session_id: str) -> Opened:
        """Let it last as long as a new one; errors as of `session`."""
        return await self._put(session_id, (await self.session(session_id)).grant)

    async def close(self, session_id: str) -> None:
        """End it; nothing if there is none."""
        await self._store.forget(_hashed(session_id))

    async def _put(self, session_id: str, grant: Grant) -> Opened:
        expires_at = self._clock() + self.lifetime
        if grant.expires is not None:
            expires_at = min(expires_at, grant.expires)
        await self._store.put(_hashed(session_id), Kept(grant.token_sha256, expires_at))
        return Opened(session_id, grant, expires_at)


def _hashed(session_id: str) -> str:
    return sha256(session_id.encode()).hexdigest()


class MemorySessions:
    """The store without a database."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}

    async def put(self, session_sha256: str, kept: Kept) -> None:
        """Keep it, in place of what was kept of it."""
        self._kept[session_sha256] = kept

    async def get(self, session_sha256: str) -> Kept | None:
        """What is kept of it."""
        return self._kept.get(session_sha256)

    async def forget(self, session_sha256: str) -> None:
        """Keep it no more."""
        self._kept.pop(session_sha256, None)

    async def forget_expired(self, now: datetime) -> None:
        """Forget all that have ended."""
        self._kept = {name: kept for name, kept in self._kept.items() if kept.expires_at > now}


class PostgresSessions:
    """The store in search's schema; a swap of read models takes along what is in it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, session_sha256: str, kept: Kept) -> None:
        """Keep it, in place of what was kept of it."""
        async with self._writing() as connection:
            await connection.execute(
                "insert into session (session_sha256, token_sha256, expires_at) values ($1, $2, $3)"
                " on conflict (session_sha256) do update"
                " set token_sha256 = excluded.token_sha256, expires_at = excluded.expires_at",
                session_sha256,
                kept.token_sha256,
                kept.expires_at,
            )

    async def get(self, session_sha256: str) -> Kept | None:
        """What is kept of it."""
        async with self._database.answering(Questions.QUICK) as connection:
            row = await connection.fetchrow(
                "select token_sha256, expires_at from session where session_sha256 = $1", session_sha256
            )
        return Kept(row["token_sha256"], row["expires_at"]) if row else None

    async def forget(self, session_sha256: str) -> None:
        """Keep it no more."""
        async with self._writing() as connection:
            await connection.execute("delete from session where session_sha256 = $1", session_sha256)

    async def forget_expired(self, now: datetime) -> None:
        """Forget all that have ended."""
        async with self._writing() as connection:
            await connection.execute("delete from session where expires_at <= $1", now)

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[Connection]:
        async with self._database.answering(Questions.QUICK) as connection:
            await connection.execute(SHARE_LOCK, lock_name(self._database.schema))
            yield connection
