"""What checks found is searchable."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.events.sections import Finding
from tests.builders.search.records import Topics
from tests.integration.search.asking import Asking, asking
from tests.integration.search.conftest import PostgresWorld

pytestmark = pytest.mark.integration


def finding(code: str) -> Finding:
    return Finding.warning(code, f"as {code} says", "mend it")


@pytest_asyncio.fixture
async def ask(world: PostgresWorld) -> AsyncIterator[Asking]:
    """One dataset without a finding, one with one, one with two of which one was found twice."""
    topics = Topics()
    unlikely, unknown = finding("value_implausible"), finding("parameter_unknown")
    await world.note(
        topics.committed("/data/fine"),
        topics.committed("/data/unlikely", findings=[unlikely]),
        topics.committed("/data/both", findings=[unlikely, unknown, unlikely]),
    )
    async with asking(world.database) as ask:
        yield ask


QUERIES: list[tuple[dict[str, object], set[str]]] = [
    ({"has_warnings": "true"}, {"unlikely", "both"}),
    ({"has_warnings": "false"}, {"fine"}),
    ({"finding": "value_implausible"}, {"unlikely", "both"}),
    ({"finding": "Parameter_Unknown"}, {"both"}),
    ({"finding": ["parameter_unknown", "value_implausible"]}, {"unlikely", "both"}),
    ({"finding": "never_found"}, set()),
    ({"finding": "value_implausible", "q": "unlikely"}, {"unlikely"}),
]


async def test_datasets_are_found_by_what_was_found_in_them(ask: Asking) -> None:
    assert [(fields, set(await ask.names(**fields))) for fields, _ in QUERIES] == QUERIES


async def test_a_row_names_what_was_found_each_code_once(ask: Asking) -> None:
    answer = await ask.get("/datasets")
    assert {row["name"]: sorted(row["findings"]) for row in answer["datasets"]} == {
        "fine": [],
        "unlikely": ["value_implausible"],
        "both": ["parameter_unknown", "value_implausible"],
    }


async def test_findings_are_counted_by_datasets_and_not_by_how_often_they_occur(ask: Asking) -> None:
    answer = await ask.get("/datasets", facets="finding,type", q="data")
    assert answer["facets"] == {
        "finding": [{"value": "value_implausible", "count": 2}, {"value": "parameter_unknown", "count": 1}],
        "type": [{"value": "raw", "count": 3}],
    }


async def test_a_revision_without_findings_takes_them_away(world: PostgresWorld) -> None:
    topics = Topics()
    await world.note(topics.committed("/data/a", findings=[finding("value_implausible")]))
    await world.note(topics.committed("/data/a", revision=2))
    async with asking(world.database) as ask:
        assert await ask.names(has_warnings="true") == await ask.names(finding="value_implausible") == []
        assert (await ask.get("/datasets", facets="finding"))["facets"] == {"finding": []}
