"""A backup is put back that lacks some datasets: they are committed again, under the numbers that clients know."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest

from services.catalog_writer.renumbering import remember_numbers
from shared.database import Database
from shared.publisher import KafkaPublisher
from shared.settings import Settings
from shared.topic_admin import apply_topics
from tests.integration.catalog_writer.harness import Catalogue
from tests.unit.catalog_writer.builders import Tracked

pytestmark = pytest.mark.integration


@pytest.fixture
async def settings(kafka: str, database_url: str) -> Settings:
    settings = Settings(kafka_bootstrap_servers=kafka, database_url=database_url)
    await apply_topics(settings, partitions=3)
    return settings


@pytest.fixture
async def publisher(settings: Settings) -> AsyncIterator[KafkaPublisher]:
    publisher = KafkaPublisher(settings, "test")
    await publisher.start()
    yield publisher
    await publisher.stop()


async def test_a_dataset_that_a_backup_lacks_has_its_number_again(
    catalogue: Catalogue, database: Database, settings: Settings, publisher: KafkaPublisher
) -> None:
    run = uuid4().hex
    kept, second, third = (Tracked(name=f"{run}-{name}", receipt=f"{run}-{name}") for name in ("kept", "a", "b"))
    await catalogue.submit(kept, second, third)
    await catalogue.submit(replace(second, receipt=f"{run}-again", complete=False))
    await catalogue.answers()
    await publisher.publish(catalogue.published)
    told = dict(catalogue.numbers)
    async with database.transaction() as connection:  # as the backup has it, from before the second and the third
        await connection.execute("delete from revision where dataset_id <> $1", kept.dataset_id)
        await connection.execute("delete from receipt where dataset_id <> $1", kept.dataset_id)
        await connection.execute("delete from dataset where dataset_id <> $1", kept.dataset_id)
        await connection.execute("select setval('dataset_number', (select max(number) from dataset))")

    remembered = await remember_numbers(settings)
    assert remembered >= 2  # the topic has what other tests told, too
    assert await remember_numbers(settings) == remembered

    new = Tracked(name=f"{run}-new", receipt=f"{run}-new")
    await catalogue.submit(third, new)
    await catalogue.submit(second)
    await catalogue.answers()
    again = dict(catalogue.numbers[-3:])
    assert {name: again[name] for name in (second.name, third.name)} == {
        name: told[name] for name in (second.name, third.name)
    }
    assert again[new.name] not in told.values()
