"""Sessions of ICAT's clients. A token of the tokens file opens a session, which ends with the token at the latest.

A session id has 122 random bits. It is shown once, and only its SHA-256 is stored.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol
from uuid import uuid4

from shared.access.grants import Grant
from shared.access.tokens import TokenRefused, Tokens
from shared.postgres.database import Database, Questions


@dataclass(frozen=True)
class StoredSession:
    """A stored session: the hash of the token that opened it, and the time at which it ends."""

    token_sha256: str
    expires_at: datetime


class SessionStore(Protocol):
    """The store of sessions, by the SHA-256 of their ids."""

    async def put(self, session_sha256: str, kept: StoredSession) -> None:
        """Store or replace a session."""

    async def get(self, session_sha256: str) -> StoredSession | None:
        """The stored session, if there is one."""

    async def forget(self, session_sha256: str) -> None:
        """Delete a session."""

    async def forget_expired(self, now: datetime) -> None:
        """Delete all sessions that have ended."""


@dataclass(frozen=True)
class OpenSession:
    """An open session."""

    session_id: str
    grant: Grant
    expires_at: datetime


class Sessions:
    """Opens sessions, and finds the grant of a session."""

    def __init__(self, store: SessionStore, tokens: Tokens, clock: Callable[[], datetime], lifetime: timedelta) -> None:
        self._store = store
        self._tokens = tokens
        self._clock = clock
        self.lifetime = lifetime

    async def open(self, token: str) -> OpenSession:
        """A new session for the holder of a token.

        Raises:
            TokenRefused: the token is not valid.
        """
        grant = self._tokens.grant_of(token, self._clock())
        await self._store.forget_expired(self._clock())
        return await self._put(str(uuid4()), grant)

    async def session(self, session_id: str) -> OpenSession:
        """The session with an id.

        Raises:
            TokenRefused: there is none, it has ended, or its token was revoked.
        """
        kept = await self._store.get(_hashed(session_id))
        if kept is None or kept.expires_at <= self._clock():
            raise TokenRefused("the session is unknown here or has ended: log in again")
        return OpenSession(session_id, self._tokens.grant_of_digest(kept.token_sha256, self._clock()), kept.expires_at)

    async def renew(self, session_id: str) -> OpenSession:
        """Extend a session to the duration of a new one. It raises the same errors as `session`."""
        return await self._put(session_id, (await self.session(session_id)).grant)

    async def close(self, session_id: str) -> None:
        """End a session, if there is one."""
        await self._store.forget(_hashed(session_id))

    async def _put(self, session_id: str, grant: Grant) -> OpenSession:
        expires_at = self._clock() + self.lifetime
        if grant.expires is not None:
            expires_at = min(expires_at, grant.expires)
        await self._store.put(_hashed(session_id), StoredSession(grant.token_sha256, expires_at))
        return OpenSession(session_id, grant, expires_at)


def _hashed(session_id: str) -> str:
    return sha256(session_id.encode()).hexdigest()


class MemorySessions:
    """The store in memory."""

    def __init__(self) -> None:
        self._kept: dict[str, StoredSession] = {}

    async def put(self, session_sha256: str, kept: StoredSession) -> None:
        """Store or replace a session."""
        self._kept[session_sha256] = kept

    async def get(self, session_sha256: str) -> StoredSession | None:
        """The stored session, if there is one."""
        return self._kept.get(session_sha256)

    async def forget(self, session_sha256: str) -> None:
        """Delete a session."""
        self._kept.pop(session_sha256, None)

    async def forget_expired(self, now: datetime) -> None:
        """Delete all sessions that have ended."""
        self._kept = {name: kept for name, kept in self._kept.items() if kept.expires_at > now}


class PostgresSessions:
    """The store in the schema of this service."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, session_sha256: str, kept: StoredSession) -> None:
        """Store or replace a session."""
        async with self._database.answering(Questions.QUICK) as connection:
            await connection.execute(
                "insert into session (session_sha256, token_sha256, expires_at) values ($1, $2, $3)"
                " on conflict (session_sha256) do update"
                " set token_sha256 = excluded.token_sha256, expires_at = excluded.expires_at",
                session_sha256,
                kept.token_sha256,
                kept.expires_at,
            )

    async def get(self, session_sha256: str) -> StoredSession | None:
        """The stored session, if there is one."""
        async with self._database.answering(Questions.QUICK) as connection:
            row = await connection.fetchrow(
                "select token_sha256, expires_at from session where session_sha256 = $1", session_sha256
            )
        return StoredSession(row["token_sha256"], row["expires_at"]) if row else None

    async def forget(self, session_sha256: str) -> None:
        """Delete a session."""
        async with self._database.answering(Questions.QUICK) as connection:
            await connection.execute("delete from session where session_sha256 = $1", session_sha256)

    async def forget_expired(self, now: datetime) -> None:
        """Delete all sessions that have ended."""
        async with self._database.answering(Questions.QUICK) as connection:
            await connection.execute("delete from session where expires_at <= $1", now)
