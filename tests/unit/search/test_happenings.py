"""What a watcher is told of a rejection: whose it is, as far as the original can be read."""

import json
from datetime import timedelta
from typing import Any

import pytest

from services.search.memory import MemoryReadModel
from services.search.projections.activity.note import KEPT, ActivityRow
from shared.events.rejection import Origin
from shared.events.topics import LINKED, REPORTS, SUBMITTED
from tests.builders.search.records import NOON, Topics
from tests.builders.search.world import Noting

FRAME = b"<tns:dataset><tns:investigation>MX-1111</tns:investigation><tns:instrument>ID30A-3</tns:instrument>"
OURS = ("id30a-3", "mx1111")


async def told_of(topics: Topics) -> list[ActivityRow]:
    model = MemoryReadModel()
    await Noting(model).note(*topics.records)
    return list(model.standing(ActivityRow).values())


def submission(**said: Any) -> bytes:
    return json.dumps({"submission": said}).encode()


@pytest.mark.parametrize(
    ("topic", "value", "whose"),
    [
        (SUBMITTED.name, submission(beamline="ID30A-3", proposal="MX 1111"), OURS),
        (SUBMITTED.name, submission(proposal="mx-1111", parameters={"beamlineID": "id30A-3"}), OURS),
        (SUBMITTED.name, submission(beamline=30, proposal=["mx1111"], parameters=3), (None, None)),
        (SUBMITTED.name, submission(beamline="id30a-3\x00" + "x" * 500), (None, None)),
        (SUBMITTED.name, b'{"submission": 3}', (None, None)),
        (SUBMITTED.name, b"[" * 100_000, (None, None)),
        (SUBMITTED.name, b"{", (None, None)),
        (SUBMITTED.name, None, (None, None)),
        (LINKED.name, b'{"dataset": {"beamline": "id30a-3", "proposal": "mx1111", "parameters": {}}}', OURS),
        ("stomp:icatIngest", FRAME, OURS),
        ("stomp:icatIngest", b"\xff" * 1000, (None, None)),
        (REPORTS.name, b'{"report": {}}', (None, None)),
    ],
)
async def test_whose_a_rejection_is_follows_from_the_original(
    topic: str, value: bytes | None, whose: tuple[str | None, str | None]
) -> None:
    topics = Topics()
    origin = Origin(topic=topic, partition=0, offset=0, timestamp_ms=0)
    topics.rejected("r", "/data/a", value=value, origin=origin)
    [row] = await told_of(topics)
    assert (row.state, row.code, row.beamline, row.proposal) == ("rejected", "dataset_invalid", *whose)


async def test_a_revision_a_waiting_and_a_rejection_are_told_and_nothing_else() -> None:
    topics = Topics()
    topics.submitted("r", "/data/a")
    topics.committed("/data/a")
    topics.unchanged("/data/a", "again")
    topics.pending("w", "/data/b", ["/data/x", "/data/y"], beamline="bm29")
    topics.pending("w", "/data/b", ["/data/x", "/data/y"], beamline="bm29")
    topics.rejected(None)
    told = sorted((row.state, row.path, row.beamline, row.message) for row in await told_of(topics))
    assert told == [
        ("committed", "/data/a", "id30a-3", None),
        ("pending", "/data/b", "bm29", "waits for /data/x and 1 more"),
        ("rejected", None, None, "MX_flux: 'many' is no number"),
    ]


async def test_what_happened_long_ago_is_not_told_when_a_topic_is_read_again() -> None:
    topics = Topics()
    before = NOON - KEPT - timedelta(seconds=1)
    topics.pending("w", "/data/b", ["/data/x"], since=before)
    topics.rejected("r", "/data/a", rejected_at=before)
    assert await told_of(topics) == []


async def test_of_one_rejection_that_is_told_twice_the_first_telling_stands() -> None:
    topics = Topics()
    first = topics.rejected("r", "/data/a")
    topics.rejected("r", "/data/a", rejected_at=NOON + timedelta(hours=1))
    topics.records.reverse()
    [row] = await told_of(topics)
    assert row.record_offset == first.offset
