"""A backup is put back that lacks some datasets: they are committed again, under the numbers that clients know."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

import pytest

from services.catalog_writer.lost_numbers import LostNumbers
from shared.events.record import Record
from shared.events.topics import REGISTERED
from shared.postgres.database import Database
from tests.builders.catalog_writer import Tracked
from tests.integration.catalog_writer.harness import Catalogue

pytestmark = pytest.mark.integration


async def remember(database: Database, records: Sequence[Record]) -> int:
    async with database.transaction() as connection:
        lost = LostNumbers(connection)
        for record in records:
            await lost.take([record])
        return await lost.finish()


async def test_a_dataset_that_a_backup_lacks_has_its_number_again(catalogue: Catalogue, database: Database) -> None:
    run = uuid4().hex
    kept, second, third = (Tracked(name=f"{run}-{name}", receipt=f"{run}-{name}") for name in ("kept", "a", "b"))
    await catalogue.submit(kept, second, third)
    await catalogue.submit(replace(second, receipt=f"{run}-again", complete=False))
    await catalogue.answers()
    told = dict(catalogue.numbers)
    records = [Record(each.topic, 0, 0, 0, each.key, each.value, each.headers) for each in catalogue.published]
    noise = [replace(records[0], topic=REGISTERED.name), replace(records[1], value=b"{")]
    async with database.transaction() as connection:  # as the backup has it, from before the second and the third
        await connection.execute("delete from revision where dataset_id <> $1", kept.dataset_id)
        await connection.execute("delete from receipt where dataset_id <> $1", kept.dataset_id)
        await connection.execute("delete from dataset where dataset_id <> $1", kept.dataset_id)
        await connection.execute("select setval('dataset_number', (select max(number) from dataset))")

    remembered = await remember(database, [*noise, *records])
    assert remembered >= 2  # those of other tests of this file are there, too
    assert await remember(database, records) == remembered

    new = Tracked(name=f"{run}-new", receipt=f"{run}-new")
    await catalogue.submit(third, new)
    await catalogue.submit(second)
    await catalogue.answers()
    again = dict(catalogue.numbers[-3:])
    assert {name: again[name] for name in (second.name, third.name)} == {
        name: told[name] for name in (second.name, third.name)
    }
    assert again[new.name] not in told.values()
