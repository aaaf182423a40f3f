"""What a session opens, and until when, in memory; the store in PostgreSQL is held to the same suite."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.icat_plus.sessions import MemorySessions, Sessions, SessionStore
from shared.access.tokens import TokenRefused, Tokens, create_token, revoke_token
from tests.builders.search.records import NOON

HOUR = timedelta(hours=1)


@dataclass
class Office:
    """Sessions over a store, a tokens file, and a clock that is set by hand."""

    sessions: Sessions
    tokens_file: Path
    store: SessionStore
    now: datetime = NOON


def office(store: SessionStore, folder: Path) -> Office:
    file = folder / "tokens.json"
    made: list[Office] = []
    sessions = Sessions(store, Tokens(file), lambda: made[0].now, HOUR)
    made.append(Office(sessions, file, store))
    return made[0]


class SessionSuite:
    async def test_a_session_opens_what_its_token_opens(self, at: Office) -> None:
        opened = await at.sessions.open(create_token(at.tokens_file, "ann", ["id29"]))
        again = await at.sessions.session(opened.session_id)
        assert (again.grant.name, again.grant.beamlines, again.expires_at) == ("ann", ["id29"], NOON + HOUR)

    async def test_a_session_ends_after_its_time_and_lasts_longer_if_it_is_renewed(self, at: Office) -> None:
        opened = await at.sessions.open(create_token(at.tokens_file, "ann", ["*"]))
        at.now = NOON + HOUR / 2
        await at.sessions.renew(opened.session_id)
        at.now = NOON + HOUR
        assert (await at.sessions.session(opened.session_id)).expires_at == NOON + HOUR * 1.5
        at.now = NOON + HOUR * 1.5
        with pytest.raises(TokenRefused, match="log in again"):
            await at.sessions.session(opened.session_id)

    async def test_a_session_does_not_outlive_its_token(self, at: Office) -> None:
        token = create_token(at.tokens_file, "ann", ["*"], NOON + HOUR / 4)
        assert (await at.sessions.open(token)).expires_at == NOON + HOUR / 4

    async def test_a_session_ends_when_its_token_is_revoked_even_if_the_name_is_granted_again(self, at: Office) -> None:
        opened = await at.sessions.open(create_token(at.tokens_file, "ann", ["*"]))
        revoke_token(at.tokens_file, "ann")
        create_token(at.tokens_file, "ann", ["*"])
        with pytest.raises(TokenRefused):
            await at.sessions.session(opened.session_id)

    async def test_a_closed_session_opens_nothing(self, at: Office) -> None:
        opened = await at.sessions.open(create_token(at.tokens_file, "ann", ["*"]))
        await at.sessions.close(opened.session_id)
        with pytest.raises(TokenRefused):
            await at.sessions.session(opened.session_id)

    async def test_opening_one_forgets_those_that_have_ended(self, at: Office) -> None:
        token = create_token(at.tokens_file, "ann", ["*"])
        first = await at.sessions.open(token)
        at.now = NOON + HOUR
        second = await at.sessions.open(token)
        at.now = NOON  # as if time had stood still: what is kept would be good
        assert (await at.sessions.session(second.session_id)).session_id == second.session_id
        with pytest.raises(TokenRefused):
            await at.sessions.session(first.session_id)


class TestMemory(SessionSuite):
    @pytest.fixture
    def at(self, tmp_path: Path) -> Office:
        return office(MemorySessions(), tmp_path)
