import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from shared.events.codes import Code, Poison
from shared.events.dataset import DatasetSubmitted
from shared.events.headers import derived_headers, fingerprint, headers_of, producer_of
from shared.events.record import Headers, Record
from shared.events.sections import Producer, Section
from shared.events.topics import HEADROOM_BYTES, LINKED, SUBMITTED, VALIDATED, Topic
from shared.events.wire import Received, SubmissionId, examine, read, splice

HEADERS = headers_of(SUBMITTED, receipt_id="r-1", source="/producers/test", time="2026-11-24T00:00:00Z")
GOOD = b'{"submission":{"name":"n","path":"/data/a","proposal":"p","parameters":{"a":%b}}}'


def record(value: bytes | None, headers: Headers = HEADERS) -> Record:
    return Record("dataset.submitted", 0, 7, 0, b"key", value, headers)


def test_an_event_is_read_with_what_its_headers_say() -> None:
    received = read(record(GOOD % b'"1.0"'), SUBMITTED, DatasetSubmitted)
    assert received.event.submission.parameters == {"a": "1.0"}
    assert (received.receipt_id, received.source) == ("r-1", "/producers/test")


@pytest.mark.parametrize("text", [b'"NaNO3"', b'"Infinity War"', b'"\\\\u0000"'])
def test_texts_that_only_look_like_poison_pass(text: bytes) -> None:
    assert read(record(GOOD % text), SUBMITTED, DatasetSubmitted).event.submission.name == "n"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, Code.NULL_VALUE),
        (b"", Code.NOT_JSON),
        (b"{", Code.NOT_JSON),
        (b"[" * 5000, Code.NOT_JSON),
        (GOOD % (b"[" * 300 + b"]" * 300), Code.NOT_JSON),
        (GOOD % b'"\\ud800"', Code.NOT_JSON),
        (b"\xff\xfe", Code.NOT_UTF8),
        (GOOD % b'"\xe9"', Code.NOT_UTF8),
        (GOOD % b"NaN", Code.NOT_FINITE),
        (GOOD % b"-Infinity", Code.NOT_FINITE),
        (GOOD % b'"a\\u0000b"', Code.NUL_CHARACTER),
        (GOOD % b'[{"\\u0000":1}]', Code.NUL_CHARACTER),
        (b"[]", Code.SHAPE_INVALID),
        (b"{}", Code.SHAPE_INVALID),
        (b'{"submission":{"name":1}}', Code.SHAPE_INVALID),
        (GOOD % (b'"' + b"x" * SUBMITTED.max_bytes + b'"'), Code.TOO_LARGE),
    ],
)
def test_poison_has_a_reason(value: bytes | None, code: Code) -> None:
    with pytest.raises(Poison) as poison:
        read(record(value), SUBMITTED, DatasetSubmitted)
    assert poison.value.refusal.code == code
    assert poison.value.refusal.message


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("ce_id", b"", Code.HEADER_INVALID),
        ("ce_id", b"\xff", Code.HEADER_INVALID),
        ("ce_id", b"a\x00b", Code.HEADER_INVALID),
        ("ce_id", b"x" * 300, Code.HEADER_INVALID),
        ("other", b"\xff", Code.HEADER_INVALID),
        ("ce_type", b"beamcat.dataset.submitted.v99", Code.UNKNOWN_VERSION),
    ],
)
def test_a_bad_header_is_poison(name: str, value: bytes, code: Code) -> None:
    headers = (*((key, kept) for key, kept in HEADERS if key != name), (name, value))
    with pytest.raises(Poison) as poison:
        read(record(GOOD % b"1", headers), SUBMITTED, DatasetSubmitted)
    assert poison.value.refusal.code == code


def test_a_section_is_added_and_every_other_byte_stays() -> None:
    original = b'{"submission": {"n": 1.50, "later": "field"} }\n'
    spliced = splice(record(original), {"one": Producer(software="mxcube"), "two": {"value": 0.1}}).value
    assert spliced.startswith(original.rstrip()[:-1])
    assert json.loads(spliced) == {
        "submission": {"n": 1.5, "later": "field"},
        "one": {"software": "mxcube", "version": None, "machine": None},
        "two": {"value": 0.1},
    }


@pytest.mark.parametrize("timestamp_ms", [-(2**63), -1, 2**53, 2**63 - 1])
@pytest.mark.parametrize("time", [None, "yesterday", "2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00"])
def test_a_record_has_a_time_that_can_be_stored_whatever_its_writer_said(timestamp_ms: int, time: str | None) -> None:
    record = Record("t", 0, 0, timestamp_ms, None, None, ())
    assert Received(Producer(), record, "r", "s", time).said_at.tzinfo is UTC
    said = Received(Producer(), record, "r", "s", "2026-01-01T01:00:00+01:00")
    assert said.said_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_what_a_header_says_of_members_is_looked_at_once_a_record_tripped_a_stage() -> None:
    event = {"submission": {"name": "n", "path": "/data/n", "proposal": "p"}}
    value = json.dumps(event).encode()
    for said in (f"submission 1 {len(value) + 5}", "submission 3 20", "parameters 1 20"):
        lying = Record(SUBMITTED.name, 0, 0, 0, None, value, (("members", said.encode()),))
        with pytest.raises(Poison, match="the header members says that") as poison:
            examine(lying, SUBMITTED)
        assert poison.value.refusal.code == Code.HEADER_INVALID
    true = Record(SUBMITTED.name, 0, 0, 0, None, value, (("members", b"submission 1 %d" % (len(value) - 1)),))
    examine(true, SUBMITTED)
    with pytest.raises(Poison, match=r"submission\.path"):
        examine(replace(true, value=value.replace(b"path", b"past"), headers=()), SUBMITTED)


def from_a_stage(before: Record, topic: Topic = VALIDATED) -> Record:
    """What a stage said of a record, as the next one reads it."""
    headers = derived_headers(topic, before, "r", "validator", datetime(2026, 11, 24, tzinfo=UTC))
    return Record(topic.name, 0, 7, 0, before.key, before.value, headers)


def handed_in(value: bytes = b'{"submission":{}}', *more: tuple[str, bytes], source: str = "/producers/a") -> Record:
    headers = headers_of(SUBMITTED, receipt_id="r", source=source, time="2026-11-24T00:00:00Z")
    return Record(SUBMITTED.name, 0, 0, 0, b"k", value, (*headers, *more))


def submission_of(it: Record, topic: Topic) -> SubmissionId:
    return read(it, topic, Section).submission(None)


def test_a_submission_is_the_same_one_on_every_topic() -> None:
    validated = from_a_stage(handed_in())
    said = submission_of(handed_in(), SUBMITTED)
    assert said.source == "/producers/a"
    assert submission_of(validated, VALIDATED) == submission_of(from_a_stage(validated, LINKED), LINKED) == said


def test_other_words_or_another_source_or_dataset_make_another_submission() -> None:
    said = submission_of(handed_in(), SUBMITTED)
    others = [
        submission_of(handed_in(b'{"submission":{} }'), SUBMITTED),
        submission_of(handed_in(source="/producers/b"), SUBMITTED),
        said._replace(dataset_id=UUID(int=1)),
        said._replace(receipt_id="s"),
        said._replace(source="/producers/a1:r", receipt_id=""),
    ]
    assert len({said, *others}) == len({each.key for each in (said, *others)}) == 6


def test_who_hands_something_in_cannot_do_so_in_the_name_of_another() -> None:
    forged = (("ce_producer", b"/producers/victim"), ("ce_content", b"0" * 16))
    said = submission_of(handed_in(b"{}", *forged, source="/beamcat/validator"), SUBMITTED)
    assert said == ("/beamcat/validator", "r", None, fingerprint(b"{}"))
    assert producer_of(handed_in(b"{}", *forged, source="/beamcat/validator")) == b"/beamcat/validator"


@pytest.mark.parametrize("name", ["ce_producer", "ce_content"])
def test_a_control_character_in_what_a_stage_says_of_a_submission_is_poison(name: str) -> None:
    validated = from_a_stage(handed_in())
    headers = tuple((each, b"a\x00" if each == name else value) for each, value in validated.headers)
    with pytest.raises(Poison, match=name):
        submission_of(replace(validated, headers=headers), VALIDATED)


def test_a_header_that_goes_on_with_an_event_leaves_room_for_it() -> None:
    """Else Kafka would take no event that a stage makes of it, however often the stage tries."""
    headers = (("ce_source", b"/beamcat/x"), ("ce_producer", b"p" * 10**6), ("traceparent", b"0" * 10**6))
    record = Record(SUBMITTED.name, 0, 0, 0, b"k", b"{}", headers)
    derived = derived_headers(SUBMITTED, record, "r", "validator", datetime(2026, 11, 24, tzinfo=UTC))
    assert sum(len(name) + len(value) for name, value in derived) < HEADROOM_BYTES // 2
