"""What has no canonical value is shown and found as it was said, and is no number anywhere."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.builders.search.records import Kept, Topics, dataset_id
from tests.integration.search.asking import Asking, asking
from tests.integration.search.conftest import PostgresWorld

pytestmark = pytest.mark.integration


@pytest_asyncio.fixture
async def ask(world: PostgresWorld) -> AsyncIterator[Asking]:
    """Two apertures, a sentinel, and a word."""
    topics = Topics()
    await world.note(
        topics.committed("/data/small", {"MX_aperture": 15.0}),
        topics.committed("/data/large", {"MX_aperture": 50.0}),
        topics.committed("/data/sentinel", {"MX_aperture": Kept("-9999")}),
        topics.committed("/data/out", {"MX_aperture": Kept("OUT"), "MX_motors_value": Kept("0.12 None 3.4")}),
    )
    async with asking(world.database) as ask:
        yield ask


QUERIES: list[tuple[dict[str, str], list[str]]] = [
    ({"parameters": "MX_aperture~lt~1e9"}, ["large", "small"]),
    ({"parameters": "MX_aperture~lteq~-9999"}, []),
    ({"parameters": "MX_aperture~gt~-1e9 um"}, ["large", "small"]),
    ({"parameters": "MX_motors_value~gt~0"}, []),
    ({"parameters": "MX_aperture"}, ["large", "out", "sentinel", "small"]),
    ({"parameters": "MX_aperture~eq~OUT"}, ["out"]),
    ({"parameters": "MX_aperture~eq~-9999"}, ["sentinel"]),
    ({"parameters": "MX_aperture~eq~-9999.0"}, []),
    ({"parameters": "MX_aperture~like~out"}, ["out"]),
    ({"q": "none"}, ["out"]),
]


async def test_numbers_are_compared_with_numbers_alone_and_words_with_what_was_said(ask: Asking) -> None:
    assert [(fields, sorted(await ask.names(**fields))) for fields, _ in QUERIES] == QUERIES


async def test_what_has_no_value_has_no_place_in_the_order_of_a_number(ask: Asking) -> None:
    assert await ask.names(sort="MX_aperture", order="asc") == ["small", "large"]


async def test_a_dataset_shows_what_was_said(ask: Asking) -> None:
    answer = (await ask.client.get(f"/datasets/{dataset_id('/data/out')}")).json()
    assert answer["document"]["parameters"]["MX_aperture"] == {"original": "OUT"}


async def test_a_cell_of_a_sheet_is_empty_where_there_is_no_value(ask: Asking) -> None:
    response = await ask.client.get("/datasets?format=csv&columns=MX_aperture&sort=name&order=asc")
    cells = [line.rpartition(",")[2] for line in response.text.splitlines()[1:]]
    assert cells == ["50.0", "", "", "15.0"]
