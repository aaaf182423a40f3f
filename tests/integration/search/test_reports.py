"""What became of a dataset's files, as search tells it."""

from datetime import timedelta

import pytest

from tests.builders.search.records import NOON, Topics, dataset_id
from tests.integration.search.asking import asking
from tests.integration.search.conftest import PostgresWorld

pytestmark = pytest.mark.integration

PATH = "/data/visitor/mx1111/run_1"


async def test_a_dataset_shows_what_became_of_its_files_newest_first(world: PostgresWorld) -> None:
    topics = Topics()
    await world.note(topics.committed(PATH, number=42), topics.committed("/data/other", number=43))
    await world.note(
        topics.reported(42, "one", message="on tape"),
        topics.reported(43, "of another"),
        topics.reported(42, "two", about="restoration", level="error", at=NOON + timedelta(days=1)),
    )
    async with asking(world.database) as ask:
        reports = (await ask.get(f"/datasets/{dataset_id(PATH)}/reports"))["reports"]
        assert [(each["about"], each["level"], each["message"]) for each in reports] == [
            ("restoration", "error", None),
            ("archiving", "info", "on tape"),
        ]
        newest = await ask.get(f"/datasets/{dataset_id(PATH)}/reports", limit=1)
        assert newest["reports"] == reports[:1]


async def test_a_number_stays_with_the_dataset_through_its_revisions(world: PostgresWorld) -> None:
    topics = Topics()
    await world.note(topics.committed(PATH, number=42))
    await world.note(topics.committed(PATH, revision=2, number=42))
    assert await world.value("select number from dataset where revision = 2") == 42
