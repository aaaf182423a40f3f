"""Many receipts are asked in one question, answered as each alone, in pages that no report can make too large."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from shared.access.tokens import create_token
from shared.events.sections import Finding
from tests.builders.search.records import MXCUBE, NOON, Topics
from tests.integration.search.asking import Asking, asking
from tests.integration.search.conftest import PostgresWorld

pytestmark = pytest.mark.integration

PATH = "/data/visitor/mx1111/run_1"
MEBIBYTE = 1024 * 1024
WARNING = Finding.warning("parameter_unknown", "MX_flx is in no vocabulary", "send MX_flux")


async def test_many_receipts_are_answered_each_as_alone_in_the_order_asked(world: PostgresWorld) -> None:
    topics = Topics()
    await world.note(
        topics.submitted("flying", f"{PATH}-0"),
        topics.pending("waits", f"{PATH}-1", ["/data/missing"]),
        topics.committed(f"{PATH}-2", receipt="kept", findings=[WARNING]),
        topics.unchanged(f"{PATH}-2", "again"),
        topics.rejected("refused", f"{PATH}-3"),
    )
    async with asking(world.database) as ask:
        ids = ["refused", "unheard", "kept", "again", "waits", "kept", "flying", ""]
        answer = await ask.get("/receipts", ids=", ".join(ids))
        told = [receipt["receipt_id"] for receipt in answer["receipts"]]
        assert told == ["refused", "kept", "again", "waits", "flying"]
        assert answer["receipts"] == [await ask.get(f"/receipts/{receipt_id}") for receipt_id in told]
        assert (answer["unknown"], answer["next"]) == (["unheard"], None)
        warnings = {receipt["receipt_id"]: receipt.get("warnings") for receipt in answer["receipts"]}
        code = [WARNING.code]
        assert warnings == {"refused": None, "kept": code, "again": code, "waits": None, "flying": None}


async def test_of_several_under_one_id_the_askers_own_is_answered(world: PostgresWorld, tmp_path: Path) -> None:
    topics = Topics()
    before = NOON - timedelta(minutes=1)
    await world.note(
        topics.submitted("r", "/data/theirs", by="/producers/stranger", taken=before), topics.submitted("r", PATH)
    )
    token = create_token(tmp_path / "tokens.json", "mxcube", ["*"])
    async with asking(world.database, tmp_path / "tokens.json") as ask:
        [first] = (await ask.get("/receipts", ids="r"))["receipts"]
        assert first["path"] == "/data/theirs"
        ask.client.headers["Authorization"] = f"Bearer {token}"
        [own] = (await ask.get("/receipts", ids="r"))["receipts"]
        assert own["path"] == PATH
        assert [other["source"] for other in own["others"]] == ["/producers/stranger"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"ids": ""}, "ids: has 0 receipt ids; give 1 to 500"),
        ({"ids": ","}, "ids: has 0 receipt ids"),
        ({"ids": ",".join(map(str, range(501)))}, "ids: has 501 receipt ids; give 1 to 500"),
        ({"ids": "r", "path": PATH}, "either path or dataset_id or ids"),
        ({"ids": "r", "limit": 501}, "limit"),
        ({"ids": "r", "source": MXCUBE}, "source: no such field"),
    ],
)
async def test_what_cannot_be_meant_is_refused(world: PostgresWorld, fields: dict[str, Any], told: str) -> None:
    async with asking(world.database) as ask:
        assert told in (await ask.get("/receipts", 422, **fields))["detail"]


async def test_five_hundred_receipts_are_read_by_one_statement(
    world: PostgresWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics = Topics()
    await world.note(*(topics.submitted(f"r{n}", f"{PATH}-{n}") for n in range(500)))
    statements: list[str] = []
    fetch = asyncpg.Connection.fetch

    async def counted(connection: Any, statement: str, *arguments: Any, **options: Any) -> Any:
        statements.append(statement)
        return await fetch(connection, statement, *arguments, **options)

    monkeypatch.setattr(asyncpg.Connection, "fetch", counted)
    async with asking(world.database) as ask:
        answer = await ask.get("/receipts", ids=",".join(f"r{n}" for n in range(500)))
    assert len(answer["receipts"]) == 500
    assert len(statements) == 1


async def paged(ask: Asking, ids: list[str], **fields: Any) -> list[list[str]]:
    """The receipts of each page, as `next` leads on."""
    pages: list[list[str]] = []
    skip: int | None = 0
    while skip is not None:
        response = await ask.client.get("/receipts", params={"ids": ",".join(ids), "skip": skip, **fields})
        assert response.status_code == 200, response.text[:300]
        assert len(response.content) < 16 * MEBIBYTE
        answer = json.loads(response.content)
        pages.append([receipt["receipt_id"] for receipt in answer["receipts"]] + answer["unknown"])
        skip = answer["next"]
    return pages


async def test_receipts_that_no_answer_can_hold_are_told_on_several_pages(world: PostgresWorld) -> None:
    topics = Topics()
    large = [topics.rejected(f"r{n}", f"{PATH}-{n}", offset=n, message="m" * MEBIBYTE) for n in range(12)]
    await world.note(*large)
    ids = ["unheard", *(f"r{n}" for n in range(12)), "never"]
    async with asking(world.database) as ask:
        pages = await paged(ask, ids)
        assert sorted(receipt for page in pages for receipt in page) == sorted(ids)
        assert 3 <= len(pages) <= 4
        assert [len(page) for page in await paged(ask, ids[:5], limit=2)] == [2, 2, 1]


async def test_however_much_was_made_under_one_id_its_answer_and_the_next_are_told(world: PostgresWorld) -> None:
    topics = Topics()
    strangers = range(30)
    for n in strangers:
        await world.note(
            topics.rejected("r", f"/data/{n}", offset=n, message="m" * MEBIBYTE, by=f"/producers/stranger-{n}")
        )
    await world.note(topics.submitted("next", PATH))
    async with asking(world.database) as ask:
        assert await paged(ask, ["r", "next"]) == [["r"], ["next"]]
        response = await ask.client.get("/receipts/r")
        assert MEBIBYTE < len(response.content) < 8 * MEBIBYTE
