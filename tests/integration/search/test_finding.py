from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from tests.builders.search.records import NOON, Topics, dataset_id, investigation
from tests.integration.search.asking import Asking, asking
from tests.integration.search.conftest import PostgresWorld

pytestmark = pytest.mark.integration


WRITINGS = ["MX-1111", "mx1111", "MX1111", "mx 1111", "Mx_1111", "mx-11 11"]


@pytest.mark.parametrize("written", WRITINGS)
async def test_a_proposal_is_found_in_any_writing_and_shown_as_its_user_office_writes_it(
    world: PostgresWorld, written: str
) -> None:
    topics = Topics()
    await world.note(
        topics.committed("/data/one", {"MX_flux": 1.0}),
        topics.committed("/data/two", {"MX_flux": 2.0}, proposal="mx-1111"),
        topics.committed("/data/three", proposal="ihls0042"),
        topics.registered(investigation(42, proposal_name="MX-1111")),
    )
    async with asking(world.database) as ask:
        for sort in ("start", "MX_flux"):
            answer = await ask.get("/datasets", proposal=written, facets="proposal", sort=sort)
            assert [row["proposal"] for row in answer["datasets"]] == ["MX-1111"] * 2
            assert answer["facets"] == {"proposal": [{"value": "MX-1111", "count": 2}]}
        table = await ask.client.get("/datasets", params={"proposal": written, "format": "csv"})
        assert table.text.count("MX-1111") == 2


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("MX-1111", ["two", "one"]),
        ("mx1111 two", ["two"]),
        ("MX_1111", ["two", "one"]),
        ("mx 1111", ["two", "one"]),
        ("1111", ["two", "one"]),
        ("IH-LS-0042", ["three"]),
        ("ihls-00", ["three"]),
        ("MX-1112", []),
    ],
)
async def test_words_find_a_proposal_in_any_writing(world: PostgresWorld, words: str, found: list[str]) -> None:
    topics = Topics()
    proposals = {"one": "mx1111", "two": "mx1111", "three": "ihls0042"}
    for hours, (name, proposal) in enumerate(proposals.items()):
        await world.note(topics.committed(f"/data/{name}", proposal=proposal, start=NOON + timedelta(hours=hours)))
    async with asking(world.database) as ask:
        assert await ask.names(q=words) == found


@pytest_asyncio.fixture
async def ask(world: PostgresWorld) -> AsyncIterator[Asking]:
    """A small catalogue: two collections, their integration, and a mask."""
    topics = Topics()
    await world.note(
        topics.committed(
            "/data/visitor/mx1111/RAW_DATA/Fus_RAC1b/run_1",
            {"MX_flux": 1e12, "MX_resolution": 1.5, "MX_scanType": "OSC", "MX_label": "0012", "MX_motors": [1.0, 12.5]},
            sample="Fus_RAC1b",
        ),
        topics.committed(
            "/data/visitor/mx1111/RAW_DATA/Fus_RAC1b/run_2",
            {
                "MX_flux": 2e12,
                "MX_resolution": 2.5,
                "MX_scanType": "helical",
                "MX_label": 12,
                "MX_axes": ["kappa", "phi"],
            },
            sample="Fus_RAC1b",
            start=NOON + timedelta(hours=1),
            complete=False,
        ),
        topics.committed(
            "/data/visitor/mx1111/PROCESSED_DATA/autoPROC",
            {"Process_program": "autoPROC 1.0_beta", "MX_resolution": 1.6, "MX_anomalous": True},
            ["/data/visitor/mx1111/RAW_DATA/Fus_RAC1b/run_1", "/data/visitor/mx1111/RAW_DATA/Fus_RAC1b/run_2"],
            kind="integration",
            start=NOON + timedelta(hours=2),
            sample="Fus_RAC1b",
        ),
        topics.committed(
            "/data/visitor/hg22/RAW_DATA/mask/xrf",
            {
                "Note": "gold; leaf, fine",
                "Odd": 'a "b" \\c{x}',
                "None": "NULL",
                "Empty": ["", "}", "1e5"],
                "MX_flux": 5e10,
            },
            technique="XRF",
            proposal="HG22",
            beamline="id21",
            kind="map",
            start=NOON + timedelta(days=1),
        ),
    )
    async with asking(world.database) as ask:
        yield ask


QUERIES: list[tuple[dict[str, str], list[str]]] = [
    ({}, ["xrf", "autoPROC", "run_2", "run_1"]),
    ({"order": "asc"}, ["run_1", "run_2", "autoPROC", "xrf"]),
    ({"limit": "1"}, ["xrf", "autoPROC", "run_2", "run_1"]),
    ({"sort": "name", "order": "asc"}, ["autoPROC", "run_1", "run_2", "xrf"]),
    ({"sort": "MX_resolution", "order": "asc"}, ["run_1", "autoPROC", "run_2"]),
    ({"sort": "mx_FLUX"}, ["run_2", "run_1", "xrf"]),
    ({"sort": "MX_flux", "order": "asc", "limit": "1"}, ["xrf", "run_1", "run_2"]),
    ({"type": "raw", "technique": "mx"}, ["run_2", "run_1"]),
    ({"type": "processed"}, ["autoPROC"]),
    ({"proposal": "hg22"}, ["xrf"]),
    ({"beamline": "id21,id30A-3", "kind": "map,integration"}, ["xrf", "autoPROC"]),
    ({"sample": "fus_rac1B", "complete": "false"}, ["run_2"]),
    ({"startDate": "2024-11-30T14:00:00+01:00"}, ["xrf", "autoPROC", "run_2"]),
    ({"endDate": "2024-11-30"}, ["autoPROC", "run_2", "run_1"]),
    ({"startDate": "2024-12-01"}, ["xrf"]),
    ({"path": "/data/visitor//mx1111/PROCESSED_DATA/autoPROC/"}, ["autoPROC"]),
    ({"path": "/data/nowhere"}, []),
    ({"q": "rac1b auto"}, ["autoPROC"]),
    ({"q": "FUS_rac1b osc"}, ["run_1"]),
    ({"q": "mask gold"}, ["xrf"]),
    ({"q": "gold silver"}, []),
    ({"parameters": "MX_flux~gt~1e12"}, ["run_2"]),
    ({"parameters": "MX_flux~gteq~1e12"}, ["run_2", "run_1"]),
    ({"parameters": "mx_FLUX~lt~1e12"}, ["xrf"]),
    ({"parameters": "MX_resolution~lteq~1.6,MX_flux~gt~0"}, ["run_1"]),
    ({"parameters": "MX_resolution~gt~1.5,MX_resolution~lt~2.5"}, ["autoPROC"]),
    ({"parameters": "MX_resolution~gt~3,MX_resolution~lt~2"}, []),
    ({"parameters": "MX_resolution~eq~1.50"}, ["run_1"]),
    ({"parameters": "MX_label~eq~12"}, ["run_2"]),
    ({"parameters": "MX_label~eq~0012"}, ["run_2", "run_1"]),
    ({"parameters": "MX_scanType~in~OSC;helical"}, ["run_2", "run_1"]),
    ({"parameters": "MX_scanType~eq~osc"}, []),
    ({"parameters": "MX_scanType~like~HELI"}, ["run_2"]),
    ({"parameters": "Process_program~like~autoPROC*beta"}, ["autoPROC"]),
    ({"parameters": "Process_program~like~1_0"}, []),
    ({"parameters": "Process_program~like~PROC 1.0_B"}, ["autoPROC"]),
    ({"parameters": "Process_program~like~PROC 1.0-B"}, []),
    ({"parameters": "Note~eq~gold; leaf\\, fine"}, ["xrf"]),
    ({"parameters": "Note~in~nothing;gold\\; leaf\\, fine"}, ["xrf"]),
    ({"parameters": 'Odd~eq~a "b" \\c{x}'}, ["xrf"]),
    ({"parameters": 'Odd~like~"B" \\C'}, ["xrf"]),
    ({"parameters": "None~eq~NULL,Empty~eq~},Empty~eq~1e5"}, ["xrf"]),
    ({"parameters": "MX_motors~gt~12"}, ["run_1"]),
    ({"parameters": "MX_motors~eq~1"}, ["run_1"]),
    ({"parameters": "MX_motors~gt~0"}, ["run_1"]),
    ({"parameters": "MX_motors"}, ["run_1"]),
    ({"parameters": "MX_axes~eq~phi"}, ["run_2"]),
    ({"parameters": "MX_anomalous~eq~true"}, ["autoPROC"]),
    ({"parameters": "MX_label"}, ["run_2", "run_1"]),
    ({"parameters": "MX_label,MX_motors"}, ["run_1"]),
    ({"parameters": "MX_resolution<=1.6 A"}, ["autoPROC", "run_1"]),
    ({"parameters": "1.5 < MX_resolution < 2.5"}, ["autoPROC"]),
    ({"parameters": "MX_flux>=1e12,MX_scanType = helical"}, ["run_2"]),
    ({"parameters": "MX_scanType != OSC"}, ["run_2"]),
    ({"parameters": "MX_flux!=1e12"}, ["xrf", "run_2"]),
    ({"parameters": "MX_motors!=1"}, []),
    ({"parameters": "MX_motors~neq~3,MX_flux"}, ["run_1"]),
    ({"parameters": 'Note = "gold; leaf, fine"'}, ["xrf"]),
    ({"q": "MX_resolution<2"}, ["autoPROC", "run_1"]),
    ({"q": "run MX_resolution < 2"}, ["run_1"]),
    ({"q": "MX_scanType=helical"}, ["run_2"]),
    ({"parameters": "MX_resolution", "q": "run", "technique": "MX", "sort": "MX_resolution"}, ["run_2", "run_1"]),
]


async def test_every_query_finds_what_it_asks_for(ask: Asking) -> None:
    assert [(fields, await ask.names(**fields)) for fields, _ in QUERIES] == QUERIES


async def test_the_datasets_of_an_investigation_are_found_by_its_id(world: PostgresWorld) -> None:
    topics = Topics()
    first, second = investigation(1), investigation(2)
    await world.note(
        *(topics.committed(f"/data/run_{n}", {}, investigation=of) for n, of in enumerate((first, second, first)))
    )
    async with asking(world.database) as ask:
        assert sorted(await ask.names(investigation=str(first.investigation_id))) == ["run_0", "run_2"]
        both = f"{first.investigation_id},{second.investigation_id}"
        assert (await ask.get("/datasets", investigation=both, count="true"))["count"] == 3


async def test_a_sample_is_found_and_counted_whatever_the_spelling_of_its_name(world: PostgresWorld) -> None:
    topics = Topics()
    written = ["Lyso, nativé 1", "Lyso,\u00a0native\u0301  1", "LYSO, NATIVÉ 1", "Lyso"]
    await world.note(*(topics.committed(f"/data/run_{n}", {}, sample=name) for n, name in enumerate(written)))
    async with asking(world.database) as ask:
        for said in (r"Lyso\, nativé 1", "lyso\\,  NATIVE\u0301\u00a01"):
            assert sorted(await ask.names(sample=said)) == ["run_0", "run_1", "run_2"]
        assert len(await ask.names(sample=r"lyso,Lyso\, nativé 1")) == 4
        assert sorted(await ask.names(q="native\u0301")) == ["run_0", "run_1", "run_2"]
        answer = await ask.get("/datasets", facets="sample")
    counts = {entry["value"]: entry["count"] for entry in answer["facets"]["sample"]}
    assert counts == {"Lyso, nativé 1": 2, "LYSO, NATIVÉ 1": 1, "Lyso": 1}


CURES = [
    ({"parameters": "MX_fluks~gt~1"}, "did you mean MX_flux?"),
    ({"sort": "MX_resolutoin"}, "did you mean MX_resolution?"),
    (
        {"parameters": "MX_flux~above~1"},
        "'above' is not an operator; the operators are eq, like, gt, gteq, lt, lteq, in",
    ),
    ({"parameters": "MX_flux~gt~many"}, "gt compares numbers, and 'many' is not a number"),
    ({"proposals": "mx1111"}, "did you mean proposal?"),
    ({"sort": "MX_motors"}, "sort by a single number"),
    ({"limit": "0"}, "'0' is not a number of rows from 1 to 500"),
    ({"cursor": "bm8"}, "not a cursor; give `next` of the previous page"),
    ({"q": "~~~"}, "give words"),
    ({"startDate": "yesterday"}, "'yesterday' is not a time"),
    ({"path": "run_1"}, "not absolute"),
    ({"q": "a\x00b"}, "NUL"),
    ({"parameters": "flux>1"}, "did you mean MX_flux?"),
    ({"parameters": "MX_scanType like osc"}, "write MX_scanType~like~osc"),
    ({"parameters": "MX_flux~gt~2,5"}, "write a decimal point"),
    ({"parameters": "MX_flux~gte~1"}, "write MX_flux>=1 or MX_flux~gteq~1"),
    ({"q": "run MX_flux>many"}, "> compares numbers, and 'many' is not a number"),
    ({"sort": "kind"}, "you can also sort by start, name, committed_at"),
]


async def test_a_query_that_cannot_be_answered_names_the_field_and_the_cure(ask: Asking) -> None:
    for fields, cure in CURES:
        refusal = await ask.refusal(**fields)
        assert refusal.startswith(f"{next(iter(fields))}: ")
        assert cure in refusal


async def test_all_faults_of_a_query_are_told_at_once(ask: Asking) -> None:
    answer = await ask.get("/datasets", 422, limit="0", order="up", parameters="a~gt~b,c~d~e", complete="perhaps")
    assert [error["field"] for error in answer["errors"]] == ["limit", "order", "parameters", "complete"]


async def test_a_cursor_is_good_for_its_own_order_only(ask: Asking) -> None:
    following = (await ask.get("/datasets", limit="1"))["next"]
    assert "another sort or order" in await ask.refusal(cursor=following, order="asc")


async def test_facets_count_what_the_query_finds(ask: Asking) -> None:
    answer = await ask.get("/datasets", facets="technique,kind,sample", count="true", parameters="MX_flux", limit="1")
    assert answer["count"] == 3
    assert answer["facets"] == {
        "technique": [{"value": "MX", "count": 2}, {"value": "XRF", "count": 1}],
        "kind": [{"value": "datacollection", "count": 2}, {"value": "map", "count": 1}],
        "sample": [{"value": "Fus_RAC1b", "count": 2}],
    }


async def test_a_dataset_with_a_list_is_counted_once(ask: Asking) -> None:
    answer = await ask.get("/datasets", facets="type", count="true", parameters="MX_motors~gt~0")
    assert answer["count"] == 1
    assert answer["facets"] == {"type": [{"value": "raw", "count": 1}]}


async def test_a_dataset_is_shown_as_it_was_committed(ask: Asking) -> None:
    path = "/data/visitor/mx1111/PROCESSED_DATA/autoPROC"
    shown = await ask.get(f"/datasets/{dataset_id(path)}")
    assert shown["document"]["parameters"]["Process_program"]["original"] == "autoPROC 1.0_beta"
    assert shown["commit"]["revision"] == 1
    assert await ask.get("/datasets/by-path", path=path) == shown
    assert "no such dataset" in (await ask.get(f"/datasets/{dataset_id('/data/x')}", 404))["detail"]
    assert "no revision 99" in (await ask.get(f"/datasets/{dataset_id(path)}", 404, revision="99"))["detail"]


async def test_a_lineage_goes_up_and_down(ask: Asking) -> None:
    child = dataset_id("/data/visitor/mx1111/PROCESSED_DATA/autoPROC")
    parents = [dataset_id(f"/data/visitor/mx1111/RAW_DATA/Fus_RAC1b/run_{n}") for n in (1, 2)]
    up = await ask.get(f"/datasets/{child}/lineage", direction="up")
    assert {node["name"] for node in up["nodes"]} == {"autoPROC", "run_1", "run_2"}
    assert sorted(edge["parent"] for edge in up["edges"]) == sorted(map(str, parents))
    down = await ask.get(f"/datasets/{parents[0]}/lineage", direction="down", depth="1")
    assert down["edges"] == [{"child": str(child), "parent": str(parents[0])}]
    assert not down["truncated"]
    assert (await ask.get(f"/datasets/{parents[0]}/lineage", depth="0"))["truncated"]


async def test_the_history_says_what_each_revision_changed(world: PostgresWorld) -> None:
    topics = Topics()
    await world.note(
        topics.committed("/data/a", {"x": 1, "y": "old"}), topics.committed("/data/a", {"x": 1}, revision=2)
    )
    await world.note(topics.committed("/data/a", {"x": 2}, revision=3, name="renamed"))
    async with asking(world.database) as ask:
        url = f"/datasets/{dataset_id('/data/a')}/revisions"
        history = (await ask.get(url))["revisions"]
        assert [revision["revision"] for revision in history] == [3, 2, 1]
        assert [change["field"] for change in history[0]["changes"]] == ["name", "parameters.x"]
        assert history[1]["changes"] == [
            {"field": "parameters.y", "before": {"value": "old", "original": "old"}, "after": None}
        ]
        assert (await ask.get(url, limit="1", below="3"))["revisions"] == [history[1]]


async def test_a_replaced_revision_is_found_by_nothing_it_said(world: PostgresWorld) -> None:
    topics = Topics()
    await world.note(topics.committed("/data/a", {"x": 1, "t": "old"}))
    await world.note(topics.committed("/data/a", {"x": 2, "t": "new"}, revision=2))
    async with asking(world.database) as ask:
        assert (
            await ask.names(parameters="x~eq~1")
            == await ask.names(parameters="t~eq~old")
            == await ask.names(q="old")
            == []
        )
        assert (
            await ask.names(parameters="x~eq~2") == await ask.names(parameters="t~eq~new") == await ask.names(q="new")
        )


async def test_the_page_is_served(ask: Asking) -> None:
    response = await ask.client.get("/")
    assert "<title>beamcat" in response.text
