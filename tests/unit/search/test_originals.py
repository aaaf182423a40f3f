"""What is known of a refused record beside the event that tells of it."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.search.projections.rejections.original import RejectedSubject, subject_of_rejected
from shared.events.rejection import Origin, Rejection
from tests.builders.search.records import IDENTITIES, dataset_id

PATH = "/data/visitor/mx1111/run_1"
NOWHERE = RejectedSubject(None, None, None)


def rejection(topic: str, path: str | None = None, subject: UUID | None = None) -> Rejection:
    return Rejection(
        receipt_id=None,
        dataset_id=subject,
        path=path,
        producer=None,
        stage="validator",
        code="dataset_invalid",
        message="it cannot be used",
        origin=Origin(topic=topic, partition=0, offset=0, timestamp_ms=0),
        headers={},
        key_base64=None,
        value_base64=None,
        rejected_at=datetime(2024, 11, 30, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("event", "beamline"),
    [
        ({"submission": {"beamline": " ID30A-3 "}}, "id30a-3"),
        ({"submission": {"parameters": {"beamlineID": "id23-1"}}}, "id23-1"),
        ({"submission": {"beamline": "id1", "parameters": {"beamlineID": "id2"}}}, "id1"),
        ({"submission": {"beamline": "ID1"}, "dataset": {"beamline": "id2"}}, "id2"),
        ({"investigation": {"beamline": "id1"}}, "id1"),
        ({"sample": {"beamline": "id1"}}, "id1"),
        ({"submission": {"beamline": 30}}, None),
        ({"submission": {"beamline": ""}}, None),
        ({"submission": {"beamline": "x" * 256}}, None),
        ({"submission": {"beamline": "id\x001"}}, "id␀1"),
        ({"submission": [{"beamline": "id1"}]}, None),
        ({"submission": None}, None),
        ([1], None),
        ("text", None),
    ],
)
def test_a_record_tells_its_beamline_where_it_can_be_read(event: object, beamline: str | None) -> None:
    told = subject_of_rejected(rejection("dataset.submitted", "said", None), json.dumps(event).encode(), IDENTITIES)
    assert told == RejectedSubject(None, "said", beamline)


@pytest.mark.parametrize("value", [None, b"", b"{", b"\xff\xfe", b"[" * 100_000])
@pytest.mark.parametrize("topic", ["dataset.submitted", "stomp:icatIngest"])
def test_of_what_cannot_be_read_nothing_is_known(topic: str, value: bytes | None) -> None:
    assert subject_of_rejected(rejection(topic), value, IDENTITIES) == NOWHERE


@pytest.mark.parametrize(
    ("frame", "known"),
    [
        (f"<tns:dataset><tns:location>{PATH}/</tns:location>", RejectedSubject(dataset_id(PATH), PATH, None)),
        (f"<dataset><location >\n {PATH} </location >&nonsense", RejectedSubject(dataset_id(PATH), PATH, None)),
        (f"<t:location>{PATH}</t:place>", RejectedSubject(dataset_id(PATH), PATH, None)),
        ("<location>a&lt;b</location>", RejectedSubject(None, "a<b", None)),
        (f"<location>{PATH}</location><location>{PATH}</location>", RejectedSubject(dataset_id(PATH), PATH, None)),
        (f"<location>{PATH}</location><location>/data/b</location>", NOWHERE),
        ("<instrument>ID1</instrument><location> </location>", RejectedSubject(None, None, "id1")),
        (
            f"<t:instrument>ID1</t:instrument><t:datafile><t:location>{PATH}</t:location>",
            RejectedSubject(None, None, "id1"),
        ),
    ],
)
def test_a_frame_tells_dataset_and_beamline_also_where_it_is_broken(frame: str, known: RejectedSubject) -> None:
    assert subject_of_rejected(rejection("stomp:icatIngest"), frame.encode(), IDENTITIES) == known


def test_what_the_event_tells_stands() -> None:
    frame = b"<location>/data/other</location>"
    told = subject_of_rejected(rejection("stomp:icatIngest", PATH, dataset_id(PATH)), frame, IDENTITIES)
    assert told == RejectedSubject(dataset_id(PATH), PATH, None)
