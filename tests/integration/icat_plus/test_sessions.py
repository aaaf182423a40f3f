"""Sessions in PostgreSQL, held to the suite of their twin."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.icat_plus.sessions import PostgresSessions
from shared.postgres.database import Database
from shared.postgres.migrations import migrate
from shared.postgres.settings import DatabaseSettings
from tests.unit.icat_plus.test_sessions import Office, SessionSuite, office

pytestmark = pytest.mark.integration


class TestPostgres(SessionSuite):
    @pytest.fixture
    async def at(self, database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
        await migrate(database_url, {"icat_plus": "icat_plus"})
        database = Database(DatabaseSettings(url=database_url), "icat_plus")
        await database.open()
        yield office(PostgresSessions(database), tmp_path)
        await database.close()
