"""Parameters are asked for under every name and in every unit that the vocabulary knows."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.builders.search.records import Topics
from tests.integration.search.asking import Asking, asking
from tests.integration.search.conftest import PostgresWorld

pytestmark = pytest.mark.integration


@pytest_asyncio.fixture
async def ask(world: PostgresWorld) -> AsyncIterator[Asking]:
    """A near and a far detector; the start of an axis under today's name and under the one of earlier days."""
    topics = Topics()
    await world.note(
        topics.committed("/data/near", {"MX_detectorDistance": 150.0, "MX_axis_start": 10.0}),
        topics.committed("/data/far", {"MX_detectorDistance": 400.0, "MX_oscillationStart": 20.0}),
    )
    async with asking(world.database) as ask:
        yield ask


QUERIES: list[tuple[dict[str, str], list[str]]] = [
    ({"parameters": "MX_detectorDistance~gt~15 cm"}, ["far"]),
    ({"parameters": "MX_detectorDistance~gteq~15 cm"}, ["far", "near"]),
    ({"parameters": "mx_DETECTORdistance~lt~0.2m"}, ["near"]),
    ({"parameters": "MX_detectorDistance~eq~15 cm"}, ["near"]),
    ({"parameters": "MX_detectorDistance~in~0.4 m;1 m"}, ["far"]),
    ({"parameters": "MX_detectorDistance~gt~10 cm,mx_detectordistance~lt~200"}, ["near"]),
    ({"parameters": "MX_oscillationStart~gteq~10"}, ["far", "near"]),
    ({"parameters": "MX_axis_start~gteq~10,mx_oscillationSTART~lt~20"}, ["near"]),
    ({"parameters": "MX_aperture"}, []),
    ({"sort": "MX_aperture"}, []),
]


async def test_names_and_units_lead_to_the_canonical_ones(ask: Asking) -> None:
    assert [(fields, sorted(await ask.names(**fields))) for fields, _ in QUERIES] == QUERIES


async def test_an_alias_sorts_as_the_parameter_it_stands_for(ask: Asking) -> None:
    assert await ask.names(sort="mx_detectordistance") == ["far", "near"]


async def test_a_unit_of_another_quantity_is_refused_with_those_that_are_taken(ask: Asking) -> None:
    for operator in ("gt", "eq"):
        refusal = await ask.refusal(parameters=f"MX_detectorDistance~{operator}~15 kg")
        assert "has the unit 'kg', which does not fit it" in refusal
        assert "one of m, cm, mm" in refusal


async def test_a_name_that_neither_a_dataset_nor_the_vocabulary_has_is_refused_with_a_suggestion(ask: Asking) -> None:
    assert "did you mean MX_flux?" in await ask.refusal(parameters="MX_fluks~gt~1")
    assert "did you mean MX_detectorDistance?" in await ask.refusal(parameters="MX_detectorDistanse~gt~1")
