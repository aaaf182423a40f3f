import json
from datetime import UTC, datetime

import pytest

from shared.events import DatasetSubmitted, Producer
from shared.rejections import Code, Poison
from shared.topics import HEADROOM_BYTES, SUBMITTED
from shared.wire import Headers, Record, derived_headers, headers_of, read, splice

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


def test_a_header_that_goes_on_with_an_event_leaves_room_for_it() -> None:
    """Else Kafka would take no event that a stage makes of it, however often the stage tries."""
    headers = (("ce_source", b"/beamcat/x"), ("ce_producer", b"p" * 10**6), ("traceparent", b"0" * 10**6))
    record = Record(SUBMITTED.name, 0, 0, 0, b"k", b"{}", headers)
    derived = derived_headers(SUBMITTED, record, "r", "validator", datetime(2026, 11, 24, tzinfo=UTC))
    assert sum(len(name) + len(value) for name, value in derived) < HEADROOM_BYTES // 2
