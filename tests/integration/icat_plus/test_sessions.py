"""Sessions in PostgreSQL, held to the suite of their twin."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.icat_plus.sessions import PostgresSessions
from tests.builders.databases import opened
from tests.unit.icat_plus.test_sessions import Office, SessionSuite, office

pytestmark = pytest.mark.integration


class TestPostgres(SessionSuite):
    @pytest.fixture
    async def at(self, database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
        async with opened(database_url, "icat_plus") as database:
            yield office(PostgresSessions(database), tmp_path)
