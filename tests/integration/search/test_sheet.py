"""A page as CSV."""

import csv
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.builders.search.records import Topics, dataset_id
from tests.integration.search.asking import Asking, asking
from tests.integration.search.conftest import PostgresWorld

pytestmark = pytest.mark.integration

HEADER = ["id", "path", "name", "technique", "kind", "sample", "proposal", "start"]


@pytest_asyncio.fixture
async def ask(world: PostgresWorld) -> AsyncIterator[Asking]:
    """More datasets than a page is fetched at once, and one that spreadsheets stumble over."""
    topics = Topics()
    await world.note(
        *(topics.committed(f"/data/{n:02}", {"MX_flux": float(n)}) for n in range(60)),
        topics.committed(
            "/data/odd",
            {"Note": 'one, "two"\nthree', "MX_anomalous": True, "MX_motors": [1.0, 2.5], "mx_FLUX": 7},
            name="a, b",
            sample="Fus",
        ),
    )
    async with asking(world.database) as ask:
        yield ask


async def table(ask: Asking, query: str) -> list[list[str]]:
    response = await ask.client.get(f"/datasets?format=csv&{query}")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/csv")
    return list(csv.reader(response.text.splitlines(keepends=True)))


async def test_a_page_is_a_table_with_the_columns_that_were_asked_for(ask: Asking) -> None:
    columns = "Note,MX_anomalous,MX_motors,mx_flux,MX_flux,MX_aperture"
    header, row = await table(ask, f"path=/data/odd&columns={columns}")
    assert header == [*HEADER, "Note", "MX_anomalous", "MX_motors", "MX_flux", "MX_aperture"]
    facts = [str(dataset_id("/data/odd")), "/data/odd", "a, b", "MX", "datacollection", "Fus", "mx1111"]
    assert row == [*facts, "2024-11-30T12:00:00Z", 'one, "two"\nthree', "true", "[1.0,2.5]", "7", ""]


async def test_the_pages_of_a_table_lead_to_each_other(ask: Asking) -> None:
    response = await ask.client.get("/datasets?format=csv&limit=55&sort=name&order=asc&q=data&columns=MX_flux")
    first = list(csv.reader(response.text.splitlines()))[1:]
    following = response.headers["link"].removeprefix("<?").removesuffix('>; rel="next"')
    last = await ask.client.get(f"/datasets?{following}")
    rows = first + list(csv.reader(last.text.splitlines()[:6]))[1:]
    assert [row[2] for row in rows] == [f"{n:02}" for n in range(60)]
    assert [float(row[-1]) for row in rows] == list(range(60))
    assert "link" not in last.headers


async def test_what_a_dataset_is_may_be_a_column_too(ask: Asking) -> None:
    columns = "Beamline,MX_flux,revision,type,end"
    header, row = await table(ask, f"path=/data/odd&columns={columns}")
    assert header == [*HEADER, "beamline", "MX_flux", "revision", "type", "end"]
    assert row[len(HEADER) :] == ["id30a-3", "7", "1", "raw", ""]
    [dataset] = (await ask.get("/datasets", path="/data/odd", columns=columns))["datasets"]
    assert (dataset["beamline"], dataset["parameters"]) == ("id30a-3", {"MX_flux": 7})


async def test_the_datasets_of_a_page_in_json_have_the_values_that_were_asked_for(ask: Asking) -> None:
    fields: dict[str, Any] = {
        "columns": "mx_FLUX,Note,MX_aperture,name",
        "sort": "name",
        "order": "asc",
        "limit": 55,
        "count": "true",
    }
    first = await ask.get("/datasets", **fields)
    last = await ask.get("/datasets", **fields, cursor=first["next"])
    assert (first["count"], last["next"]) == (61, None)
    rows = {row["name"]: row["parameters"] for row in [*first["datasets"], *last["datasets"]]}
    odd = {"MX_flux": 7, "Note": 'one, "two"\nthree', "MX_aperture": None}
    numbered = {f"{n:02}": {"MX_flux": float(n), "Note": None, "MX_aperture": None} for n in range(60)}
    assert rows == {"a, b": odd, **numbered}
    without = await ask.get("/datasets", sort="name", order="asc", limit=55)
    assert [row | {"parameters": rows[row["name"]]} for row in without["datasets"]] == first["datasets"]
    assert await ask.get("/datasets", path="/data/nowhere", columns="Note") == {"datasets": [], "next": None}


async def test_nothing_found_is_a_header_alone(ask: Asking) -> None:
    assert await table(ask, "path=/data/nowhere") == [HEADER]


CURES = [
    ({"format": "xls"}, "format: 'xls' is not one of json, csv"),
    ({"format": "csv", "facets": "kind"}, "facets: not available with format=csv; ask for it in another request"),
    ({"format": "csv", "count": "true"}, "count: not available with format=csv; ask for it in another request"),
    ({"columns": "MX_fluks"}, "columns: no dataset has a parameter 'MX_fluks'; did you mean"),
    ({"format": "csv", "columns": "MX_fluks"}, "columns: no dataset has a parameter 'MX_fluks'; did you mean"),
    ({"columns": "beemline"}, "did you mean beamline?"),
    (
        {"format": "csv", "columns": ",".join(f"c{n}" for n in range(101))},
        "columns: has 101 entries; at most 100 are allowed",
    ),
]


async def test_what_a_table_cannot_hold_is_refused_with_its_cure(ask: Asking) -> None:
    assert [cure for fields, cure in CURES if cure not in await ask.refusal(**fields)] == []


async def test_no_cell_is_a_formula_and_a_negative_number_stays_one(world: PostgresWorld) -> None:
    evil = '=HYPERLINK("x","y")'
    parameters = {"Note": evil, "MX_flux": -5.0, "Other": "-2+3"}
    await world.note(Topics().committed("/data/evil", parameters, name=evil, sample="@SUM(A1)"))
    async with asking(world.database) as ask:
        _, row = await table(ask, "path=/data/evil&columns=Note,MX_flux,Other")
    assert (row[2], row[5], row[-3:]) == (f"'{evil}", "'@SUM(A1)", [f"'{evil}", "-5.0", "'-2+3"])
