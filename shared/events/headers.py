"""The CloudEvents headers of records: their names, and how they are read, written and passed on from stage to stage."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from shared.events import members
from shared.events.codes import Code, Poison
from shared.events.members import Member
from shared.events.record import Headers, Record
from shared.events.topics import COMMITTED, LINKED, PENDING, REJECTED, SUBMITTED, TRACKED, VALIDATED, Topic

MOST_HEADER_CHARACTERS = 255
MOST_KEPT_HEADER_BYTES = 1024
"""The most bytes of a header that is passed on from stage to stage. Kafka's limits leave room for it."""

UNDECODED = "\N{REPLACEMENT CHARACTER}"
"""Replaces bytes that are not UTF-8 in the name of a header (`shared.kafka.records`)."""

INFLATES = f"{UNDECODED}inflates"
"""Replaces the headers of a record whose batch was not decompressed (`shared.kafka.records`). Its value says why."""

PRODUCER = "ce_producer"
"""Our extension attribute for who handed in the submission. `ce_source` names the last sender."""

ORIGIN = "ce_origin"
"""Our extension attribute for the record in which the submission was first read, as `origin_of` writes it."""

CONTENT = "ce_content"
"""Our extension attribute for the fingerprint of the submission that an event follows from."""

OF_RECEIPT = "ce_receipt"
"""Our extension attribute for the receipt of a rejected record, so that an edge service need not read the body."""

OURS = "/beamcat/"
"""The beginning of the source of every event that beamcat itself writes."""

FOLLOWING = frozenset(topic.name for topic in (VALIDATED, LINKED, TRACKED, COMMITTED, PENDING, REJECTED))
"""The topics of beamcat's own events about submissions. Only there may a header say whose submission it was."""

FINGERPRINT_CHARACTERS = 16


def is_plain(text: str) -> bool:
    """Whether a text can be the value of a CloudEvents header: not too long, no control characters."""
    return len(text) <= MOST_HEADER_CHARACTERS and text.isprintable()


def read_headers(record: Record) -> dict[str, str]:
    """The headers of a record as texts.

    Raises:
        Poison: one that every event needs is missing, or one is not readable.
    """
    headers: dict[str, str] = {}
    for name, value in record.headers:
        if name == INFLATES:
            raise Poison(Code.TOO_LARGE, value.decode(errors="replace"))
        if UNDECODED in name:
            raise Poison(Code.HEADER_INVALID, f"the name of the header {name} is not UTF-8")
        try:
            headers[name] = value.decode()
        except UnicodeDecodeError:
            raise Poison(Code.HEADER_INVALID, f"the header {name} is not UTF-8") from None
    for name in ("ce_id", "ce_type", "ce_source"):
        if not headers.get(name):
            raise Poison(Code.HEADER_INVALID, f"the header {name} is missing")
    for name in ("ce_id", "ce_type", "ce_source", PRODUCER, CONTENT):
        if not is_plain(headers.get(name, "")):
            raise Poison(
                Code.HEADER_INVALID,
                f"the header {name} has over {MOST_HEADER_CHARACTERS} characters or a control character",
            )
    return headers


def headers_of(  # noqa: PLR0913  # a header each
    topic: Topic,
    *,
    receipt_id: str,
    source: str,
    time: str,
    traceparent: bytes | None = None,
    places: Iterable[Member] = (),
    producer: bytes | None = None,
    origin: bytes | None = None,
    content: str = "",
) -> Headers:
    """The CloudEvents 1.0 headers of an event (Kafka binding, binary mode), its W3C trace and where its members lie.

    `producer` and `content` are the source and the fingerprint of the submission that the event follows from, `origin`
    is where it was first read.
    """
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", receipt_id.encode()),
        ("ce_type", topic.type.encode()),
        ("ce_source", source.encode()),
        ("ce_time", time.encode()),
        ("content-type", b"application/json"),
    ]
    if producer is not None:
        headers.append((PRODUCER, producer))
    if origin is not None:
        headers.append((ORIGIN, origin))
    if content:
        headers.append((CONTENT, content.encode()))
    if traceparent is not None:
        headers.append(("traceparent", traceparent))
    if places := tuple(places):
        headers.append((members.HEADER, members.written(places)))
    return tuple(headers)


def derived_headers(
    topic: Topic, record: Record, receipt_id: str, stage: str, now: datetime, places: Iterable[Member] = ()
) -> Headers:
    """The headers of an event that a stage derives from a record."""
    return headers_of(
        topic,
        receipt_id=receipt_id,
        source=f"/beamcat/{stage}",
        time=_time_of(now),
        traceparent=trace_of(record),
        places=places,
        producer=producer_of(record),
        origin=origin_of(record),
        content=content_of(record),
    )


@lru_cache(maxsize=1)
def _time_of(now: datetime) -> str:
    """The time in ISO 8601. All events of a batch have the same one."""
    return now.isoformat()


def producer_of(record: Record) -> bytes | None:
    """Who handed in the submission that a record follows from, as the stage before wrote; else its source."""
    headers = dict(record.headers)
    source = headers.get("ce_source")
    is_ours = source is not None and follows(record, source.decode(errors="replace"))
    found = (headers.get(PRODUCER) or source) if is_ours else source
    return found if found is None else found[:MOST_KEPT_HEADER_BYTES]


def content_of(record: Record) -> str:
    """The fingerprint of the submission that a record follows from; empty if the stage before wrote none."""
    if record.topic in FOLLOWING:
        return next((value.decode(errors="replace") for name, value in record.headers if name == CONTENT), "")
    return fingerprint(record.value)


def fingerprint(value: bytes | None) -> str:
    """A hash of the words of a submission, which tells it from other submissions."""
    return sha256(value or b"").hexdigest()[:FINGERPRINT_CHARACTERS]


def follows(record: Record, source: str) -> bool:
    """Whether a record is an event of beamcat about a submission."""
    return record.topic in FOLLOWING and source.startswith(OURS)


def origin_of(record: Record) -> bytes:
    """The record in which the submission was first read from which a record follows: topic, partition, offset and time.

    It is taken from the header of the stage before. The same header from a producer is ignored.
    """
    if record.topic != SUBMITTED.name:
        for name, value in record.headers:
            if name == ORIGIN:
                return value[:MOST_KEPT_HEADER_BYTES]
    return b"%b/%d/%d/%d" % (record.topic.encode(), record.partition, record.offset, record.timestamp_ms)


def trace_of(record: Record) -> bytes | None:
    """The W3C `traceparent` of a record; None if it is absent or too long."""
    trace = next((value for name, value in record.headers if name == "traceparent"), None)
    return trace if trace is None or len(trace) <= MOST_KEPT_HEADER_BYTES else None
