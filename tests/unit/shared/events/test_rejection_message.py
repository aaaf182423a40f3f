import base64
import json
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.codes import Code, Refusal
from shared.events.record import Record
from shared.events.rejection import DatasetRejected, Origin
from shared.events.rejection_message import first_reading, rejection_message
from shared.events.sections import Finding
from shared.events.subject import subject_of
from shared.events.topics import MOST_EVENT_BYTES, REJECTED
from shared.events.wire import read
from tests.builders.submissions import IDENTITIES

NOW = datetime(2026, 11, 24, tzinfo=UTC)
REFUSED = Refusal(Code.NOT_JSON, "no")


def rejected(record: Record, refusal: Refusal = REFUSED) -> DatasetRejected:
    """The rejection as its reader gets it: it must not be poison itself, or it would be rejected for ever."""
    message = rejection_message("tester", record, refusal, NOW, subject_of(record, IDENTITIES))
    again = Record(message.topic, 0, 0, 0, message.key, message.value, message.headers)
    return read(again, REJECTED, DatasetRejected).event


@pytest.mark.parametrize("receipt", [b"", b"\xff", b"a\x00b", b"x" * 300, "\u2028".encode()])
def test_a_receipt_that_no_header_can_hold_does_not_poison_the_rejection(receipt: bytes) -> None:
    record = Record("dataset.submitted", 3, 7, 0, None, b"{}", (("ce_id", receipt),))
    assert rejected(record).rejection.origin.offset == 7


@pytest.mark.parametrize("path", ["\x00", "\ud800", "/data/\x00\udfff"])
def test_a_path_that_no_text_can_hold_does_not_stop_the_rejection(path: str) -> None:
    record = Record("dataset.submitted", 0, 0, 0, None, json.dumps({"submission": {"path": path}}).encode(), ())
    assert rejected(record).rejection.path


@given(
    value=st.none() | st.binary(max_size=200),
    key=st.none() | st.binary(max_size=40),
    headers=st.lists(st.tuples(st.text(max_size=10), st.binary(max_size=30)), max_size=4),
    words=st.text(max_size=50),
)
def test_whatever_the_record_its_rejection_can_be_read_and_has_its_bytes(
    value: bytes | None, key: bytes | None, headers: list[tuple[str, bytes]], words: str
) -> None:
    record = Record("dataset.submitted", 0, 0, 0, key, value, tuple(headers))
    rejection = rejected(record, Refusal(Code.NOT_JSON, words)).rejection
    assert rejection.value_base64 == (None if value is None else base64.b64encode(value).decode())
    assert rejection.key_base64 == (None if key is None else base64.b64encode(key).decode())


def test_of_a_value_that_no_topic_could_hold_hash_length_head_and_tail_are_kept() -> None:
    value = b"head" + bytes(MOST_EVENT_BYTES) + b"tail"
    rejection = rejected(Record("dataset.submitted", 0, 0, 0, b"key", value, ())).rejection
    assert rejection.value_base64 is None
    excerpt = rejection.value_excerpt
    assert excerpt is not None
    assert (excerpt.byte_count, excerpt.sha256) == (len(value), sha256(value).hexdigest())
    assert base64.b64decode(excerpt.head_base64) == value[: 64 * 1024]
    assert base64.b64decode(excerpt.tail_base64) == value[-64 * 1024 :]
    [finding] = rejection.findings
    assert finding.code == "original_not_kept"
    assert f"only the first and last 65536 of the event's {len(value)} bytes are kept" in finding.message


def test_a_rejection_fits_its_topic_whatever_is_said_in_it() -> None:
    """Control characters are six bytes each in JSON."""
    long = "\x01" * 10**6
    refusal = Refusal(Code.DATASET_INVALID, long, [Finding.error("c", long, long, value=long)] * 200)
    record = Record(
        "s",
        0,
        0,
        0,
        b"k" * 8 * 10**6,
        b"\x01" * MOST_EVENT_BYTES,
        tuple((f"h{n}{long}", b"\x01" * 10**5) for n in range(99)),
    )
    message = rejection_message("tester", record, refusal, NOW)
    assert message.size <= REJECTED.max_bytes
    assert rejected(record, refusal).rejection.value_base64 is not None


@pytest.mark.parametrize("origin", [b"", b"dataset.submitted", b"dataset.submitted/0/x/1", b"\xff/0/1/2"])
def test_where_no_stage_says_where_a_submission_was_first_read_it_is_the_record_itself(origin: bytes) -> None:
    record = Record("dataset.validated", 3, 7, 11, None, b"{}", (("ce_origin", origin),))
    assert first_reading(record) == Origin(topic="dataset.validated", partition=3, offset=7, timestamp_ms=11)
