"""What the log says of events that an operator asks about, and how it is written."""

import io
import json
import logging
from datetime import UTC, datetime
from uuid import UUID

import pytest

from shared.events import notes
from shared.events.codes import Code, Refusal
from shared.events.pending import Pending
from shared.events.record import Record
from shared.events.rejection_message import rejection_message
from shared.events.subject import Subject
from shared.events.topics import SUBMITTED
from shared.runtime.logs import FORMAT, LIBRARIES, MOST_CHARACTERS, JsonFormatter, LimitedHandler, TextFormatter, set_up

NOW = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
DATASET = UUID(int=7)
TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
HEADERS = (("ce_id", b"receipt-1"), ("ce_source", b"/producers/id29"), ("traceparent", TRACE))


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the logger of notes writes, as JSON."""
    stream = io.StringIO()
    handler = LimitedHandler(stream)
    handler.setFormatter(JsonFormatter("linker"))
    logger = logging.Logger("shared.events.notes")  # noqa: LOG001  of this test alone
    logger.addHandler(handler)
    monkeypatch.setattr(notes, "logger", logger)
    return stream


def lines(log: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def rejection(path: str | None = "/data/x", words: str = "no start") -> notes.Note:
    record = Record(SUBMITTED.name, 2, 30, 1_800_000_000_000, None, b"{}", HEADERS)
    subject = Subject(dataset_id=DATASET, path=path)
    message = rejection_message("validator", record, Refusal(Code.SHAPE_INVALID, words), NOW, subject)
    assert message.note is not None
    return message.note


def waiting(*paths: str) -> notes.Note:
    said = Pending(receipt_id="r", dataset_id=DATASET, path="/data/y", waits_for=[*paths], since=NOW, deadline=NOW)
    return notes.pending(said, "/producers/id29", TRACE)


def test_a_rejection_is_one_line_with_receipt_path_code_producer_and_trace(log: io.StringIO) -> None:
    notes.write([rejection()])
    [line] = lines(log)
    assert {name: line[name] for name in ("receipt", "path", "code", "producer", "stage", "trace_id", "level")} == {
        "receipt": "receipt-1",
        "path": "/data/x",
        "code": "shape_invalid",
        "producer": "/producers/id29",
        "stage": "validator",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "level": "WARNING",
    }
    told = "rejected: /data/x by validator: shape_invalid: no start (receipt receipt-1, producer /producers/id29)"
    assert line["message"] == told
    assert line["service"] == "linker"
    assert datetime.fromisoformat(line["time"]).tzinfo is not None


def test_a_rejection_without_a_path_names_where_it_was_read(log: io.StringIO) -> None:
    notes.write([rejection(path=None)])
    [line] = lines(log)
    assert line["message"].startswith("rejected: dataset.submitted/2/30 by validator: ")
    assert "path" not in line


def test_what_waits_and_what_goes_on_is_one_line_each(log: io.StringIO) -> None:
    notes.write(
        [
            waiting("/data/1", "/data/2", "/data/3", "/data/4"),
            notes.released("/data/y", "r", "/producers/id29", NOW, None),
        ]
    )
    pending, released = lines(log)
    assert pending["message"].startswith(
        "pending: /data/y waits until 2027-01-02T03:04:05+00:00 for /data/1, /data/2, /data/3 and 1 more (receipt r, "
    )
    assert pending["deadline"] == "2027-01-02T03:04:05+00:00"
    assert pending["level"] == released["level"] == "INFO"
    assert released["message"].startswith("released: /data/y, which waited since 2027-01-02T03:04:05+00:00 (receipt r")
    assert "trace_id" not in released


def test_a_flood_of_rejections_is_bounded_and_counted(log: io.StringIO) -> None:
    notes.write(rejection(words=f"reason {number}") for number in range(1000))
    assert len(lines(log)) <= 100


@pytest.mark.parametrize("evil", ["\x1b[2J", "line\nCRITICAL forged", "\u202eturned", "\r", "\x00", "\x9b"])
def test_what_a_producer_said_stays_on_its_line_and_is_not_obeyed(log: io.StringIO, evil: str) -> None:
    notes.write([rejection(path=f"/data/{evil}", words=evil)])
    assert len(log.getvalue().splitlines()) == 1
    assert log.getvalue().isascii()

    stream = io.StringIO()
    handler = LimitedHandler(stream)
    handler.setFormatter(TextFormatter(FORMAT))
    handler.emit(logging.LogRecord("x", logging.WARNING, "", 0, "rejected: %s", (evil,), None))
    written = stream.getvalue().removesuffix("\n")
    assert written.isprintable()
    assert len(written.splitlines()) == 1


@pytest.mark.parametrize("letter", ["x", "\x1b", "é", "\U0001f600"])
def test_a_long_line_of_json_is_cut_and_still_json(letter: str) -> None:
    record = logging.LogRecord("x", logging.ERROR, "", 0, "%s", (letter * 1_000_000,), None)
    record.about = {"path": letter * 1_000_000}
    line = JsonFormatter("linker").format(record)
    assert len(line) <= MOST_CHARACTERS
    assert "characters omitted" in json.loads(line)["message"]


def test_an_exception_is_a_field_of_its_line() -> None:
    error = OSError(28, "No space left on device")
    record = logging.LogRecord("x", logging.ERROR, "", 0, "it failed", None, (OSError, error, None))
    line = JsonFormatter("linker").format(record)
    assert "\n" not in line
    assert "No space left on device" in json.loads(line)["exception"]


def test_libraries_are_logged_from_warnings_on() -> None:
    set_up("DEBUG")
    for library in (*LIBRARIES, "aiokafka.consumer.group_coordinator", "uvicorn.error"):
        assert logging.getLogger(library).getEffectiveLevel() == logging.WARNING
