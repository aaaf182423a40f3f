import pytest

from services.search.icat_plus.declarations import PostgresDeclarations
from shared.postgres.database import Database
from tests.suites.search.declarations import DeclarationsSuite

pytestmark = pytest.mark.integration


@pytest.fixture
def declarations(database: Database) -> PostgresDeclarations:
    return PostgresDeclarations(database)


class TestPostgres(DeclarationsSuite):
    pass
