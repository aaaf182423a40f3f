"""`/session`. The password is a token of the tokens file, because beamcat has no user database."""

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from services.icat_plus.answers import time_text
from services.icat_plus.dependencies import Dependencies
from services.icat_plus.routes.bodies import body_of
from services.icat_plus.routes.fields import SessionId
from services.icat_plus.sessions import OpenSession
from shared.access.tokens import TokenRefused
from shared.foundation.problem import Problem
from shared.http.answers import bounded_response
from shared.http.bearer import FORBIDDEN
from shared.http.description import takes


class Credentials(BaseModel):
    """ICAT+'s `Credentials`: plugin and user name are accepted and ignored."""

    password: str = Field(min_length=1, max_length=1000)


def add(router: APIRouter, dependencies: Dependencies) -> None:
    """The routes of sessions."""

    @router.post("/session", openapi_extra=takes(Credentials))
    async def open_session(request: Request) -> Response:
        """Log in."""
        credentials = await body_of(request, Credentials)
        try:
            opened = await dependencies.access.sessions.open(credentials.password)
        except TokenRefused as refused:
            raise Problem(FORBIDDEN, f"password: {refused}") from None
        return bounded_response(_session(opened, dependencies))

    @router.get("/session/{session_id}")
    async def show_session(session_id: SessionId) -> Response:
        """Show the holder of the session, and how long it lasts."""
        opened = await dependencies.access.session(session_id)
        return bounded_response(
            {
                "remainingMinutes": _minutes(opened, dependencies),
                "userName": opened.grant.name,
                "fullName": opened.grant.name,
                "user": _session(opened, dependencies),
            }
        )

    @router.put("/session/{session_id}", status_code=204)
    async def renew_session(session_id: SessionId) -> None:
        """Extend the session to the duration of a new one."""
        try:
            await dependencies.access.sessions.renew(session_id)
        except TokenRefused as refused:
            raise Problem(FORBIDDEN, str(refused)) from None

    @router.delete("/session/{session_id}")
    async def close_session(session_id: SessionId) -> Response:
        """Log out. Without a session, this does nothing."""
        await dependencies.access.sessions.close(session_id)
        return Response()


def _session(opened: OpenSession, dependencies: Dependencies) -> dict[str, Any]:
    """ICAT+'s `Session`."""
    return {
        "sessionId": opened.session_id,
        "username": opened.grant.name,
        "name": opened.grant.name,
        "fullName": opened.grant.name,
        "lifeTimeMinutes": _minutes(opened, dependencies),
        "expirationTime": time_text(opened.expires_at, dependencies.zone),
        "isAdministrator": False,
        "isInstrumentScientist": False,
        "isMinter": False,
        "isBetaTester": False,
        "usersByPrefix": [],
    }


def _minutes(opened: OpenSession, dependencies: Dependencies) -> float:
    return round((opened.expires_at - dependencies.clock()) / timedelta(minutes=1), 2)
