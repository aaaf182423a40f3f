"""Rejections: which are found, which are resolved by what came later, and what they add up to."""

import json
import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest

from services.search.projections.rejections import statements
from shared.events.rejection import Origin
from shared.events.rejection_message import identified
from shared.events.sections import Finding
from shared.events.topics import SUBMITTED
from tests.builders.search.arrivals import arriving
from tests.builders.search.records import MXCUBE, NOON, Topics, dataset_id
from tests.builders.seeds import seed_of_run
from tests.integration.search.asking import Asking, asking
from tests.integration.search.conftest import PostgresWorld, emptied

pytestmark = pytest.mark.integration

PATH = "/data/visitor/mx1111/run_1"
FRAME = b"""<?xml version="1.0"?><tns:dataset xmlns:tns="http://www.esrf.fr/icat" complete="true">
<tns:instrument>ID30A-3</tns:instrument><tns:location>%b</tns:location>
<tns:datafile><tns:location>/data/other</tns:location></tns:datafile></tns:dataset>"""


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def finding(code: str) -> Finding:
    return Finding.error(code, "it is wrong", "mend it")


async def found(ask: Asking, **fields: Any) -> list[str]:
    """The messages of the rejections that a question finds, over all its pages."""
    messages: list[str] = []
    while True:
        answer = await ask.get("/rejections", **fields)
        messages += [rejection["message"] for rejection in answer["rejections"]]
        if answer["next"] is None:
            return messages
        fields["cursor"] = answer["next"]


async def test_rejections_are_found_by_finding_path_beamline_and_time(world: PostgresWorld) -> None:
    topics = Topics()
    said = json.dumps({"submission": {"path": PATH, "beamline": " ID30A-3"}}).encode()
    as_parameter = json.dumps({"submission": {"parameters": {"beamlineID": "id23-1"}}}).encode()
    both = [finding("start_invalid"), finding("unit_unknown")]
    await world.note(
        topics.rejected("a", PATH, offset=0, message="a", value=said, findings=both),
        topics.rejected("b", None, offset=1, message="b", value=as_parameter, findings=[finding("start_invalid")]),
        topics.rejected("c", "run_01", offset=2, message="c", value=b"\xff"),
        topics.rejected(
            "d", None, offset=3, message="d", topic="stomp:icatIngest", value=FRAME % b"/data/visitor/mx1111/run_1/"
        ),
        topics.rejected("e", None, offset=4, message="e", topic="stomp:icatIngest", value=FRAME % b"a &amp; b"),
        topics.rejected("f", None, offset=5, message="f", topic="stomp:icatIngest", value=None),
    )
    async with asking(world.database) as ask:
        questions: list[tuple[dict[str, Any], list[str]]] = [
            ({"finding": "start_invalid"}, ["b", "a"]),
            ({"finding": "unit_unknown"}, ["a"]),
            ({"finding": "unit"}, []),
            ({"path": f"{PATH}/"}, ["d", "a"]),
            ({"path": "run_01"}, ["c"]),
            ({"path": "a & b"}, ["e"]),
            ({"path": "/data/other"}, []),
            ({"beamline": "Id30a-3"}, ["e", "d", "a"]),
            ({"beamline": "id23-1"}, ["b"]),
            ({"since": after(3).isoformat(), "until": after(4).isoformat()}, ["e", "d"]),
            ({"until": "2024-11-30", "code": "dataset_invalid", "beamline": "id23-1"}, ["b"]),
            ({"until": "2024-11-29"}, []),
        ]
        for fields, wanted in questions:
            assert await found(ask, **fields) == wanted, fields
        listed = (await ask.get("/rejections", path=PATH))["rejections"]
        assert [each["dataset_id"] for each in listed] == [str(dataset_id(PATH))] * 2
        assert [each["beamline"] for each in listed] == ["id30a-3"] * 2
        assert listed[1]["findings"] == ["start_invalid", "unit_unknown"]
        shown = await ask.get(f"/rejections/{listed[1]['rejection_id']}")
        assert [each["code"] for each in shown["findings"]] == ["start_invalid", "unit_unknown"]
        assert shown["resolved"] is None
        refused = await ask.get("/rejections", 422, until="once", since="x", state="shut", cursor="y")
        assert "state" in {error["field"] for error in refused["errors"]}
        refused = await ask.get("/rejections/summary", 422, until="once", since="x")
        assert [error["field"] for error in refused["errors"]] == ["since", "until"]


async def test_a_rejection_is_resolved_by_a_later_submission_of_its_dataset(world: PostgresWorld) -> None:
    """Later by Kafka's clock: what was handed in before and catalogued after it resolves nothing."""
    topics = Topics()
    await world.note(
        topics.submitted("before", PATH, taken=after(1)),
        topics.rejected("refused", PATH, taken=after(2), offset=2, rejected_at=after(3)),
        topics.committed(PATH, revision=1, receipt="before", told=after(9)),
        topics.submitted("moved", PATH, taken=after(4), by="/beamcat/linker"),
        topics.committed(PATH, revision=2, receipt="moved", by="/beamcat/linker", told=after(9)),
        topics.submitted("another", f"{PATH}-other", taken=after(5)),
        topics.committed(f"{PATH}-other", receipt="another", told=after(9)),
    )
    async with asking(world.database) as ask:
        (rejection,) = (await ask.get("/rejections", state="open"))["rejections"]
        shown = f"/rejections/{rejection['rejection_id']}"
        assert rejection["resolved"] is (await ask.get(shown))["resolved"] is None
        assert await found(ask, state="resolved") == []
        await world.note(
            topics.submitted("corrected", PATH, taken=after(6)),
            topics.unchanged(PATH, "corrected", 2, told=after(9)),
            topics.submitted("once more", PATH, taken=after(7)),
            topics.committed(PATH, revision=3, receipt="once more", told=after(9)),
        )
        (rejection,) = (await ask.get("/rejections", state="resolved"))["rejections"]
        assert rejection["resolved"] == (await ask.get(shown))["resolved"]
        assert rejection["resolved"] == {
            "dataset_id": str(dataset_id(PATH)),
            "revision": 2,
            "committed_at": after(2).isoformat().replace("+00:00", "Z"),
        }
        assert await found(ask, state="open") == []


async def test_a_correction_under_another_path_resolves_what_it_names(world: PostgresWorld) -> None:
    """Its receipt has the id of the rejection, and nobody but the producer of that can say so."""
    topics = Topics()
    await world.note(
        topics.rejected("a", "run_01", offset=1, message="mine"),
        topics.rejected("b", "run_02", offset=2, message="another's", by="/producers/other"),
        topics.rejected("c", None, offset=3, message="nobody's", producer=None),
    )
    async with asking(world.database) as ask:
        for rejection in (await ask.get("/rejections"))["rejections"]:
            path = f"/data/{rejection['message']}"
            receipt = rejection["rejection_id"]
            await world.note(topics.submitted(receipt, path, by=MXCUBE), topics.committed(path, receipt=receipt))
        assert await found(ask, state="resolved") == ["mine"]
        assert await found(ask, state="open") == ["nobody's", "another's"]


async def test_the_same_submission_taken_at_last_resolves_its_rejections(world: PostgresWorld) -> None:
    """As after a defect was mended, or when an input came: its receipt says committed as well."""
    topics = Topics()
    await world.note(
        *(topics.rejected("r", PATH, taken=after(n), offset=n, message=f"try {n}") for n in (1, 2)),
        topics.rejected("r", PATH, taken=after(2), offset=3, message="other words", words="other"),
        topics.submitted("r", PATH, taken=after(1)),
        topics.committed(PATH, receipt="r", told=after(9)),
    )
    async with asking(world.database) as ask:
        assert await found(ask, state="resolved") == ["try 2", "try 1"]
        assert await found(ask, state="open") == ["other words"]


@dataclass(frozen=True)
class Said:
    """A submission that chance made, and what became of it."""

    receipt: str
    path: str
    by: str
    words: str
    second: int
    is_rejected: bool
    is_taken: bool

    @property
    def identity(self) -> tuple[str, ...]:
        return self.by, self.receipt, self.path, self.words


def history(chance: random.Random, count: int) -> tuple[Topics, dict[str, bool]]:
    """Submissions of few datasets at few moments, and which rejections, by message, are resolved: by a plain model."""
    topics, told = Topics(), list[Said]()
    refused: dict[str, Said] = {}
    for n in range(count):
        path, by = f"/data/{chance.randrange(6)}", chance.choice([MXCUBE, MXCUBE, "/producers/b", "/beamcat/linker"])
        receipt = chance.choice([f"r{chance.randrange(3)}", *refused])
        is_rejected, is_taken = chance.random() < 0.5, chance.random() < 0.35
        said = Said(receipt, path, by, str(chance.randrange(2)), chance.randrange(6), is_rejected, is_taken)
        told.append(said)
        topics.submitted(said.receipt, path, taken=after(said.second), by=by, words=said.words)
        if said.is_rejected:
            facts: dict[str, Any] = {"taken": after(said.second), "offset": n, "rejected_at": after(n), "by": by}
            origin = Origin(
                topic=SUBMITTED.name, partition=0, offset=n, timestamp_ms=int(after(said.second).timestamp() * 1000)
            )
            identity = str(identified("validator", origin, said.receipt))
            refused[identity] = said
            facts |= {"code": chance.choice(["dataset_invalid", "input_missing"]), "words": said.words}
            for _ in range(chance.randrange(1, 3)):
                topics.rejected(said.receipt, path, message=identity, told=after(9), **facts)
        if said.is_taken and chance.random() < 0.5:
            topics.unchanged(path, said.receipt, 1, by=by, words=said.words, told=after(9))
        elif said.is_taken:
            topics.committed(path, revision=n + 1, receipt=said.receipt, by=by, words=said.words, told=after(9))
    return topics, {identity: resolved(identity, said, told) for identity, said in refused.items()}


def resolved(rejection_id: str, refused: Said, told: list[Said]) -> bool:
    taken = {said.identity for said in told if said.is_taken}
    first = {identity: min(said.second for said in told if said.identity == identity) for identity in taken}
    return (
        refused.identity in taken
        or any(
            path == refused.path and not by.startswith("/beamcat/") and first[by, receipt, path, words] > refused.second
            for by, receipt, path, words in taken
        )
        or any(receipt == rejection_id and by == refused.by for by, receipt, _, _ in taken)
    )


async def test_what_is_resolved_follows_from_the_events_in_any_order(
    world: PostgresWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "MOST_WALKED", 3)
    seed = seed_of_run()
    chance = random.Random(seed)
    states = Counter[bool]()
    for _ in range(8):
        topics, model = history(chance, 25)
        states.update(model.values())
        world = await emptied(world.database)
        for batch in arriving(chance, topics.records):
            await world.note(*batch)
        async with asking(world.database) as ask:
            everything = await found(ask, limit="4")
            assert sorted(everything) == sorted(model)
            for state, wanted in (("open", False), ("resolved", True)):
                listed = await found(ask, state=state, limit=chance.choice(["1", "2", "50"]))
                assert listed == [one for one in everything if model[one] is wanted], state
            await _check_summary(ask, model)
    assert min(states[True], states[False]) > 10, "chance made too few of a state"


async def _check_summary(ask: Asking, model: dict[str, bool]) -> None:
    listed = (await ask.get("/rejections", limit="500"))["rejections"]
    for fields in ({}, {"code": "input_missing"}, {"state": "open"}, {"producer": MXCUBE, "state": "resolved"}):
        wanted: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for each in listed:
            state = "resolved" if model[each["message"]] else "open"
            if all((each | {"state": state})[name] == value for name, value in fields.items()):
                wanted.setdefault((each["code"], each["producer"]), []).append(each)
        answer = await ask.get("/rejections/summary", 200, **fields)
        assert answer["complete"] is True
        groups = {(group.pop("code"), group.pop("producer")): group for group in answer["groups"]}
        assert groups == {
            key: {
                "count": len(those),
                "open": sum(not model[each["message"]] for each in those),
                "first": those[-1]["rejected_at"],
                "last": those[0]["rejected_at"],
                "rejection_id": those[0]["rejection_id"],
            }
            for key, those in wanted.items()
        }, fields


async def test_what_was_noted_before_is_found_by_its_findings_and_resolved_by_what_came_later(
    world: PostgresWorld,
) -> None:
    """The migration learns what it can; the version before fills none of the columns."""
    topics = Topics()
    await world.note(
        topics.rejected("r", PATH, taken=after(2), findings=[finding("b"), finding("a"), finding("b")], message="old"),
        topics.submitted("s", PATH, taken=after(3)),
        topics.committed(PATH, receipt="s", told=after(9)),
    )
    async with asking(world.database) as ask:
        told = await ask.get("/rejections")
        async with world.database.connection() as connection:
            await connection.execute(
                "update rejection set submission = null, heard_at = null, beamline = null, finding_codes = null"
            )
            assert await found(ask, state="open") == ["old"]
            assert (await ask.get("/rejections"))["rejections"][0]["findings"] == []
            await connection.execute(import_module("services.search.migrations.0014_resolving").LEARN)
        assert await ask.get("/rejections") == told
        assert await found(ask, state="resolved", finding="a") == ["old"]


async def test_a_summary_counts_so_far_back_and_so_many(world: PostgresWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    topics = Topics()
    early = NOON - timedelta(days=31)
    await world.note(
        *(topics.rejected(f"r{n}", None, offset=n, by=f"/producers/{n}") for n in range(6)),
        topics.rejected("early", None, offset=7, rejected_at=early, code="not_json"),
    )
    async with asking(world.database) as ask:
        lately = await ask.get("/rejections/summary")
        assert (len(lately["groups"]), lately["complete"]) == (6, True)
        assert datetime.fromisoformat(lately["since"]) == NOON - timedelta(days=30)
        longer = await ask.get("/rejections/summary", since=early.isoformat())
        assert {group["code"] for group in longer["groups"]} == {"dataset_invalid", "not_json"}
        monkeypatch.setattr(statements, "MOST_COUNTED", 4)
        newest = await ask.get("/rejections/summary")
        assert (len(newest["groups"]), newest["complete"]) == (4, False)
        assert datetime.fromisoformat(newest["since"]) == after(2)
        monkeypatch.undo()
        monkeypatch.setattr(statements, "MOST_GROUPS", 5)
        many = await ask.get("/rejections/summary")
        assert (len(many["groups"]), many["complete"]) == (5, False)
        none = await ask.get("/rejections/summary", code="unheard")
        assert (none["groups"], none["complete"]) == ([], True)
