"""Sessions in PostgreSQL, held to the suite of their twin."""

from pathlib import Path

import pytest

from services.search.icat_plus.sessions import PostgresSessions
from shared.postgres.database import Database
from tests.unit.search.icat_plus.test_sessions import Office, SessionSuite, office

pytestmark = pytest.mark.integration


class TestPostgres(SessionSuite):
    @pytest.fixture
    async def at(self, database: Database, tmp_path: Path) -> Office:
        return office(PostgresSessions(database), tmp_path)
