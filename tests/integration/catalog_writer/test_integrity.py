"""What no foreign key enforces is checked on request."""

import pytest

from services.catalog_writer.integrity import MISSING, REFERENCES, missing_targets
from shared.events.dataset import DeclaredFile
from shared.postgres.database import Database
from shared.postgres.settings import DatabaseSettings
from tests.builders.catalog_writer import Tracked
from tests.integration.catalog_writer.harness import Catalogue

pytestmark = pytest.mark.integration

DAMAGE = {
    "sample (investigation_id) -> investigation": "delete from investigation",
    "dataset (investigation_id) -> investigation": "delete from investigation",
    "dataset (sample_id) -> sample": "delete from sample",
    "dataset (dataset_id, revision) -> revision": "delete from revision where revision = 2",
    "revision (dataset_id) -> dataset": "delete from dataset where name = 'run2'",
    "file (dataset_id) -> dataset": "delete from dataset where name = 'run2'",
}


async def test_every_reference_to_nothing_is_found(catalogue: Catalogue, database: Database, database_url: str) -> None:
    files = (DeclaredFile(path="a.h5"),)
    await catalogue.submit(
        Tracked(), Tracked(name="run2", receipt="r2", files=files), Tracked(name="run3", sample=None)
    )
    await catalogue.submit(Tracked(name="run2", receipt="r4", files=files, complete=False))
    settings = DatabaseSettings(url=database_url)
    intact = await missing_targets(settings)
    assert intact == dict.fromkeys((each.name for each in REFERENCES), 0)
    assert DAMAGE.keys() == intact.keys()
    for name, statement in DAMAGE.items():
        async with database.connection() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute(statement)
            rows = await connection.fetch(MISSING)
            await transaction.rollback()
        found = {row["reference"] for row in rows if row["missing"]}
        assert found >= {name}
