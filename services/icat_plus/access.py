"""The sender of a request and the beamlines that they may read. Every refusal is 403, as in ICAT+."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.icat_plus.sessions import OpenSession, Sessions
from shared.access.grants import Grant
from shared.access.tokens import TokenRefused, Tokens
from shared.foundation.problem import Problem
from shared.http.bearer import FORBIDDEN


@dataclass(frozen=True)
class Access:
    """Finds the grant of an API key or of a session."""

    tokens: Tokens
    sessions: Sessions
    clock: Callable[[], datetime]

    def by_key(self, api_key: str) -> Grant:
        """The grant of an API key, which is a token like any other.

        Raises:
            Problem: 403, the key is not valid.
        """
        try:
            return self.tokens.grant_of(api_key, self.clock())
        except TokenRefused as refused:
            raise Problem(FORBIDDEN, f"API key: {refused}") from None

    async def by_session(self, session_id: str) -> Grant:
        """The grant that opened a session.

        Raises:
            Problem: 403, there is no such session.
        """
        return (await self.session(session_id)).grant

    async def session(self, session_id: str) -> OpenSession:
        """The session. It raises the same errors as `by_session`."""
        try:
            return await self.sessions.session(session_id)
        except TokenRefused as refused:
            raise Problem(FORBIDDEN, str(refused)) from None


def check_beamline(grant: Grant, beamline: str | None) -> None:
    """Check that a grant covers a beamline, or all beamlines if none is given.

    Raises:
        Problem: 403, it does not.
    """
    if beamline is None and grant.covered is not None:
        raise Problem(FORBIDDEN, f"{grant.name} may only speak for {', '.join(grant.beamlines)}: name one of them")
    if beamline is not None and not grant.permits(beamline):
        raise Problem(FORBIDDEN, f"{grant.name} may not speak for {beamline}: its operator can grant it")
