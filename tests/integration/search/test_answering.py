"""Receipts, rejections, and queries of random catalogues against a plain model of them."""

import base64
import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest

from services.search.index import conditions, pages, seals
from services.search.index.seals import FAN_IN, Seals
from services.search.index.tables import SEALED_TIER
from shared.access.tokens import create_token
from shared.events.record import Record
from shared.events.sections import Finding
from shared.runtime.backoff import Backoff
from tests.builders.search.records import MXCUBE, NOON, Topics, dataset_id
from tests.builders.seeds import seed_of_run
from tests.integration.search.asking import Asking, asking
from tests.integration.search.conftest import PostgresWorld

pytestmark = pytest.mark.integration

PATH = "/data/visitor/mx1111/run_1"


async def test_a_receipt_tells_how_far_a_submission_has_come(world: PostgresWorld) -> None:
    topics = Topics()
    await world.note(
        *(topics.submitted(f"r{n}", PATH, NOON - timedelta(seconds=10 + n)) for n in range(5)),
        topics.pending(
            "r1", PATH, ["/data/missing"], [Finding.warning("input_near_miss", "it is at /data/MISSING", "")]
        ),
        topics.committed(PATH, receipt="r2"),
        topics.unchanged(PATH, "r3"),
        topics.rejected("r4", PATH, message="MX_flux: 'many' is no number"),
    )
    async with asking(world.database) as ask:
        in_flight, pending, committed, unchanged, rejected = [await ask.get(f"/receipts/r{n}") for n in range(5)]
        assert (in_flight["state"], in_flight["age_seconds"]) == ("in_flight", 10)
        assert (pending["state"], pending["waits_for"], pending["age_seconds"]) == ("pending", ["/data/missing"], 11)
        assert [finding["message"] for finding in pending["findings"]] == ["it is at /data/MISSING"]
        assert (committed["state"], committed["revision"]) == ("committed", 1)
        assert (unchanged["state"], unchanged["revision"]) == ("unchanged", 1)
        assert (rejected["state"], rejected["message"]) == ("rejected", "MX_flux: 'many' is no number")
        assert (await ask.get(f"/rejections/{rejected['rejection_id']}"))["receipt_id"] == "r4"
        assert "no such receipt" in (await ask.get("/receipts/unheard", 404))["detail"]
        by_path = await ask.get("/receipts", path=f"{PATH}/")
        assert [receipt["receipt_id"] for receipt in by_path["receipts"]] == ["r0", "r1", "r2", "r3", "r4"]
        assert by_path == await ask.get("/receipts", dataset_id=str(dataset_id(PATH)))
        assert "either path or dataset_id" in (await ask.get("/receipts", 422))["detail"]


async def test_of_several_submissions_under_one_id_the_one_that_is_meant_is_answered(
    world: PostgresWorld, tmp_path: Path
) -> None:
    topics = Topics()
    other, first = f"{PATH}-other", NOON - timedelta(minutes=1)
    await world.note(
        topics.submitted("r", PATH, by="/producers/stranger", taken=first),
        topics.submitted("r", PATH),
        topics.submitted("r", other),
        topics.committed(PATH, receipt="r"),
        *(topics.submitted("r", f"/data/{n}", by="/producers/stranger", taken=first) for n in range(150)),
    )
    token = create_token(tmp_path / "tokens.json", "mxcube", ["*"])
    async with asking(world.database, tmp_path / "tokens.json") as ask:
        unasked = await ask.get("/receipts/r")
        assert (unasked["state"], len(unasked["others"])) == ("in_flight", 100)
        for choice in ({"source": MXCUBE, "path": f"{PATH}/"}, {"source": MXCUBE, "dataset_id": str(dataset_id(PATH))}):
            answer = await ask.get("/receipts/r", 200, **choice)
            assert (answer["state"], answer["path"], "others" in answer) == ("committed", PATH, False)
        assert (await ask.get("/receipts/r", source=MXCUBE, path=other))["state"] == "in_flight"
        await ask.get("/receipts/r", 404, source="/producers/unheard")
        await ask.get("/receipts/r", 404, path="/data/unheard")
        assert "not absolute" in (await ask.get("/receipts/r", 422, path="run_1"))["detail"]
        ask.client.headers["Authorization"] = f"Bearer {token}"
        assert (await ask.get("/receipts/r", path=PATH))["state"] == "committed"
        assert {each["source"] for each in (await ask.get("/receipts/r"))["others"]} >= {MXCUBE}
        ask.client.headers["Authorization"] = "Bearer unknown"
        assert (await ask.get("/receipts/r"))["state"] == "in_flight"


async def test_what_an_older_version_noted_by_its_receipt_is_answered(world: PostgresWorld) -> None:
    """The older version fills neither receipt nor source nor content nor the time."""
    topics = Topics()
    await world.note(topics.submitted("r", PATH))
    async with world.database.connection() as connection:
        await connection.execute(
            "update receipt set receipt_id = receipt, receipt = null, source = '', content = '', heard_at = null"
        )
    async with asking(world.database) as ask:
        assert (await ask.get("/receipts/r"))["state"] == "in_flight"
        await world.note(topics.committed(PATH, receipt="r"))
        answer = await ask.get("/receipts/r")
        assert (answer["state"], "others" in answer) == ("committed", False)
        assert [each["state"] for each in (await ask.get("/receipts", path=PATH))["receipts"]] == ["committed"]


async def test_rejections_are_listed_newest_first_and_shown_with_the_original_bytes(world: PostgresWorld) -> None:
    topics = Topics()
    await world.note(
        *(topics.rejected(f"r{n}", PATH, value=b"\xff%d" % n, offset=n, stage=f"stage{n % 2}") for n in range(5))
    )
    await world.note(topics.rejected(None, code="not_json", offset=9, producer=None, value=None))
    async with asking(world.database) as ask:

        async def receipts(**fields: str) -> list[str | None]:
            return [one["receipt_id"] for one in (await ask.get("/rejections", 200, **fields))["rejections"]]

        assert await receipts() == [None, "r4", "r3", "r2", "r1", "r0"]
        assert await receipts(code="not_json") == [None]
        assert await receipts(stage="stage1", producer="/producers/mxcube") == ["r3", "r1"]
        assert await receipts(since=(NOON + timedelta(seconds=4)).isoformat()) == [None, "r4"]
        first = await ask.get("/rejections", limit="4")
        assert await receipts(cursor=first["next"]) == ["r1", "r0"]
        shown = await ask.get(f"/rejections/{first['rejections'][1]['rejection_id']}")
        assert base64.b64decode(shown["value_base64"]) == b"\xff4"
        assert shown["offset"] == first["rejections"][1]["offset"] == 4
        assert shown["value_text"] is None
        for field in ("code", "stage", "producer", "receipt_id"):
            assert "NUL" in (await ask.get("/rejections", 422, **{field: "a\x00b"}))["detail"]
        refused = await ask.get("/rejections", 422, since="once", cursor="x")
        assert [error["field"] for error in refused["errors"]] == ["since", "cursor"]
        await ask.get(f"/rejections/{uuid4()}", 404)


async def test_random_queries_find_what_a_plain_model_finds_however_far_it_is_sealed(
    world: PostgresWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed = seed_of_run()
    chance = random.Random(seed)
    topics, model = Topics(), dict[str, dict[str, Any]]()
    sealing = Seals(world.database, Backoff())

    async def note(batches: int) -> None:
        for batch in range(batches):
            size = chance.choice([1, 1, 1, 20, 300]) if batch < FAN_IN else 1
            await world.note(*(_revision(chance, topics, model) for _ in range(size)))

    async def blocks(tier: int) -> int:
        return int(await world.value("select count(*) from number_block where tier = $1", tier))

    async def most_blocks(tier: int) -> int:
        """The most blocks of one parameter."""
        counts = "select count(*) as blocks from number_block where tier = $1 group by parameter_id"
        return int(await world.value(f"select coalesce(max(blocks), 0) from ({counts}) as each", tier))  # noqa: S608

    async with asking(world.database) as ask:

        async def agrees() -> None:
            asked = [_question(chance) for _ in range(6)]
            for most in MOST_READ:
                for (module, name), value in most.items():
                    monkeypatch.setattr(module, name, value)
                for fields, holds in asked:
                    await _check(
                        ask, fields, [values | {"path": path} for path, values in model.items() if holds(values)]
                    )

        await note(FAN_IN * FAN_IN + 3)
        assert await blocks(0) > FAN_IN * FAN_IN / 2
        await agrees()
        await sealing.seal()
        assert await blocks(0) < FAN_IN
        assert await blocks(1) > 0
        assert await blocks(2) > 0
        await agrees()
        monkeypatch.setattr(seals, "FAN_IN", 2)
        await sealing.seal()
        assert await blocks(SEALED_TIER) > 0
        assert await world.value("select count(*) from text_segment") > 0
        await agrees()
        await note(FAN_IN)
        assert await world.value("select count(*) from void") > 0
        await agrees()
        await world.value(
            "update number_block set tier = 3 where tier = $1", SEALED_TIER
        )  # as an older version leaves it
        await world.value("update text_block set tier = 3, folded = null where tier = $1", SEALED_TIER)
        await world.value("truncate number_segment, text_segment")
        await agrees()
        monkeypatch.setattr(seals, "MOST_BLOCKS", 5)
        await sealing.seal()
        assert await most_blocks(3) < 2
        await agrees()


MOST_READ: list[dict[tuple[ModuleType, str], int]] = [
    {(pages, "MOST_NEAREST"): 400, (pages, "MOST_FIRST"): 2000, (conditions, "MOST_SEGMENTS"): 2000},
    {(pages, "MOST_NEAREST"): 30, (pages, "MOST_FIRST"): 60, (conditions, "MOST_SEGMENTS"): 3},
    {(pages, "MOST_NEAREST"): 3, (pages, "MOST_FIRST"): 200, (pages, "MOST_CANDIDATES"): 5},
]
"""Bounds under which a question is answered by each of its steps."""


async def _check(ask: Asking, fields: dict[str, str], wanted: list[dict[str, Any]]) -> None:
    """Check the count, the facets and the pages of a question."""
    told = await ask.get("/datasets", 200, limit="1", count="true", facets="proposal", **fields)
    assert told["count"] == len(wanted), fields
    proposals = Counter(values["proposal"] for values in wanted)
    assert {each["value"]: each["count"] for each in told["facets"]["proposal"]} == proposals, fields
    names = await ask.names(limit="97", **fields)
    found = {values["path"].rsplit("/", 1)[1]: values for values in wanted}
    assert sorted(names) == sorted(found), fields
    if (by := fields.get("sort")) in ("x", "y"):
        order: list[float] = [found[name][by] for name in names]
        assert order == sorted(order, reverse=True), fields


def _revision(chance: random.Random, topics: Topics, model: dict[str, dict[str, Any]]) -> Record:
    """The next revision of some dataset, of which the model knows by now."""
    path = f"/data/{chance.randrange(2000)}"
    values = {
        "x": chance.randrange(-3, 40),
        "y": chance.random(),
        "l": chance.sample(range(40), 2),
        "t": chance.choice(["P 1", "p 21 twin", "C2", "é" * 150]),
    }
    revision = model.get(path, {"revision": 0})["revision"] + 1
    proposal = chance.choice(["mx1", "mx2", "mx3"])
    model[path] = {**values, "revision": revision, "proposal": proposal}
    return topics.committed(path, values, revision=revision, proposal=proposal)


def _question(chance: random.Random) -> tuple[dict[str, str], Any]:
    low, high = chance.randrange(40), chance.randrange(40)
    least, text = chance.random(), chance.choice(["P 1", "C2", "é" * 150])
    question: tuple[dict[str, str], Callable[[dict[str, Any]], bool]] = chance.choice(
        [
            ({"parameters": f"x~gteq~{low},x~lt~{high}"}, lambda v: low <= v["x"] < high),
            ({"parameters": f"x~gt~{low},y~lteq~{least}", "sort": "y"}, lambda v: v["x"] > low and v["y"] <= least),
            ({"parameters": f"x~in~{low};{high};nothing"}, lambda v: v["x"] in (low, high)),
            ({"parameters": f"x~neq~{low},y~gt~{least}", "sort": "x"}, lambda v: v["x"] != low and v["y"] > least),
            ({"parameters": f"l~gteq~{low}"}, lambda v: max(v["l"]) >= low),
            ({"parameters": f"t,y~lt~{least}", "sort": "committed_at"}, lambda v: v["y"] < least),
            ({"parameters": "t~like~TWIN"}, lambda v: v["t"] == "p 21 twin"),
            ({"parameters": "t~like~éé", "sort": "y"}, lambda v: v["t"] == "é" * 150),
            ({"parameters": f"t~eq~{text},y~gt~{least}", "sort": "name"}, lambda v: v["t"] == text and v["y"] > least),
            ({"parameters": f"t~like~p*1*,x~eq~{low}"}, lambda v: v["t"] in ("P 1", "p 21 twin") and v["x"] == low),
            ({"q": "twi P", "parameters": f"x~lt~{high}"}, lambda v: v["t"] == "p 21 twin" and v["x"] < high),
        ]
    )
    fields, holds = question
    proposals = chance.choice([None, ["mx2"], ["mx1", "mx3"]])
    if proposals is None:
        return fields, holds
    return fields | {"proposal": ",".join(proposals)}, lambda v: v["proposal"] in proposals and holds(v)


@pytest.mark.parametrize("most_blocks", [1, 3, 256])
async def test_pages_in_the_order_of_a_number_are_those_of_a_plain_model(
    most_blocks: int, world: PostgresWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_BLOCKS_FIRST", most_blocks)
    seed = seed_of_run()
    chance = random.Random(seed)
    topics, model = Topics(), dict[str, dict[str, Any]]()
    for _ in range(2 * FAN_IN + 3):
        await world.note(*(_revision(chance, topics, model) for _ in range(chance.choice([1, 1, 20, 300]))))
    async with asking(world.database) as ask:
        for sealed in (False, True):
            if sealed:
                await Seals(world.database, Backoff()).seal()
            for by, order, filters in product("xy", ("asc", "desc"), ({}, {"parameters": "x~gt~35"})):
                wanted = sorted(
                    (values[by], str(dataset_id(path)), path)
                    for path, values in model.items()
                    if not filters or values["x"] > 35
                )
                fields = {"sort": by, "order": order, "limit": str(chance.randrange(20, 300)), **filters}
                names = [path.rsplit("/", 1)[1] for _, _, path in (wanted if order == "asc" else reversed(wanted))]
                assert await ask.names(**fields) == names, fields


async def test_producers_are_told_with_what_became_of_what_they_sent(world: PostgresWorld) -> None:
    topics = Topics()
    early = NOON - timedelta(days=2)
    await world.note(
        *(topics.submitted(f"r{n}", PATH) for n in range(5)),
        topics.submitted("long ago", PATH, early),
        topics.pending("r1", PATH, ["/data/missing"]),
        topics.committed(PATH, receipt="r2"),
        topics.unchanged(PATH, "r3"),
        *(topics.rejected(f"bad{n}", PATH, offset=n, by="/producers/bad", message=f"fault {n}") for n in range(3)),
        topics.rejected(None, offset=9, by="/producers/silent", rejected_at=early),
        topics.rejected(None, offset=10, producer=None),
    )
    async with asking(world.database) as ask:
        found = {told.pop("producer"): told for told in (await ask.get("/producers"))["producers"]}
        assert next(iter(found)) == "/producers/bad"
        bad, other = found["/producers/bad"], found[MXCUBE]
        assert (bad["rejected"], bad["newest_rejection"]["message"]) == (3, "fault 2")
        assert bad["newest_rejection"]["code"] == "dataset_invalid"
        counts = ("committed", "unchanged", "pending", "in_flight", "rejected")
        assert [other[name] for name in counts] == [1, 1, 1, 2, 0]
        assert other["newest_rejection"] is None
        assert "/producers/silent" not in found
        longer = await ask.get("/producers", since=early.isoformat())
        assert {told["producer"] for told in longer["producers"]} >= {"/producers/silent", MXCUBE}
        assert "within the last 31 days" in (await ask.get("/producers", 422, since="2020-01-01"))["detail"]
