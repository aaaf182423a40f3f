"""`/session`: the password is a token of the tokens file; beamcat has no user database."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from services.search.icat_plus.access import FORBIDDEN
from services.search.icat_plus.answers import time_text
from services.search.icat_plus.desk import Desk, answered, body_of
from services.search.icat_plus.sessions import Opened
from shared.access.tokens import TokenRefused
from shared.foundation.problem import Problem
from shared.http.description import takes

SessionId = Annotated[str, Path(description="as `POST /session` answered it")]


class Credentials(BaseModel):
    """ICAT+'s `Credentials`: plugin and user name are taken and mean nothing here."""

    password: str = Field(min_length=1, max_length=1000)


def add(router: APIRouter, desk: Desk) -> None:
    """The routes of sessions."""

    @router.post("/session", openapi_extra=takes(Credentials))
    async def open_session(request: Request) -> Response:
        """Log in."""
        credentials = await body_of(request, Credentials)
        try:
            opened = await desk.access.sessions.open(credentials.password)
        except TokenRefused as refused:
            raise Problem(FORBIDDEN, f"password: {refused}") from None
        return answered(_session(opened, desk))

    @router.get("/session/{session_id}")
    async def show_session(session_id: SessionId) -> Response:
        """Whose it is and how long it lasts."""
        opened = await desk.access.session(session_id)
        return answered(
            {
                "remainingMinutes": _minutes(opened, desk),
                "userName": opened.grant.name,
                "fullName": opened.grant.name,
                "user": _session(opened, desk),
            }
        )

    @router.put("/session/{session_id}", status_code=204)
    async def renew_session(session_id: SessionId) -> None:
        """Let it last as long as a new one."""
        try:
            await desk.access.sessions.renew(session_id)
        except TokenRefused as refused:
            raise Problem(FORBIDDEN, str(refused)) from None

    @router.delete("/session/{session_id}")
    async def close_session(session_id: SessionId) -> Response:
        """Log out; nothing if there is none."""
        await desk.access.sessions.close(session_id)
        return Response()


def _session(opened: Opened, desk: Desk) -> dict[str, Any]:
    """ICAT+'s `Session`."""
    return {
        "sessionId": opened.session_id,
        "username": opened.grant.name,
        "name": opened.grant.name,
        "fullName": opened.grant.name,
        "lifeTimeMinutes": _minutes(opened, desk),
        "expirationTime": time_text(opened.expires_at, desk.zone),
        "isAdministrator": False,
        "isInstrumentScientist": False,
        "isMinter": False,
        "isBetaTester": False,
        "usersByPrefix": [],
    }


def _minutes(opened: Opened, desk: Desk) -> float:
    return round((opened.expires_at - desk.clock()) / timedelta(minutes=1), 2)
