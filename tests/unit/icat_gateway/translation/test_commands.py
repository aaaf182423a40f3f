"""Updates, reports on files, and investigations that are started or looked at anew."""

import base64
import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from shared.events.investigation import InvestigationAnnounced, RescheduledInvestigation, StartedInvestigation
from shared.events.report import DatasetReported, Report
from shared.events.sections import Producer
from shared.events.topics import INVESTIGATIONS, REPORTS, SUBMITTED
from tests.builders.icat_messages import (
    IDENTITIES,
    NOW,
    PEER,
    RAW,
    an_investigation,
    an_update,
    receipt_of,
    received,
    rejected,
    taken,
    translated,
)

UPDATES, FILES, ARCHIVE, RESCHEDULE = (
    *("icatUpdateDatasetMetadata", "icatDataFiles", "icatArchiveRestoreStatus"),
    "rescheduleInvestigation",
)

NO_TIME = an_investigation(beamline="b", proposal="a", start_datetime="2024-11-30T09:00:00").replace(
    b"2024-11-30T09:00:00", b"soon"
)


def an_archive_status(**changes: object) -> bytes:
    said = {"datasetId": 42, "type": "restoration", "level": "info", "message": "restored"}
    return json.dumps(said | changes).encode()


def report(body: bytes, queue: str) -> Report:
    (message,) = translated(body, queue)
    assert (message.topic, message.key) == (REPORTS.name, b"42")
    return DatasetReported.model_validate_json(message.value).report


def test_an_update_is_one_submission_a_path_that_names_who_asked() -> None:
    messages = translated(an_update(RAW, RAW + "_2", RAW), UPDATES)
    first, second = (received(message).event.submission for message in messages)
    assert (first.path, second.path) == (RAW, RAW + "_2")
    assert first.mode == "update"
    assert first.parameters == {"Sample_name": "Rac1"}
    assert (first.proposal, first.beamline) == ("mx1111", "id30a-3")
    assert first.producer == Producer(software=UPDATES, machine=PEER)
    assert {message.topic for message in messages} == {SUBMITTED.name}
    assert messages[0].key == str(IDENTITIES.dataset(RAW)).encode()
    assert receipt_of(messages[0]) != receipt_of(messages[1])


@pytest.mark.parametrize(
    ("said", "paths"),
    [
        (RAW, [RAW]),
        (f"{RAW},{RAW}_2", [RAW, f"{RAW}_2"]),
        (f" {RAW} , {RAW}_2,", [RAW, f"{RAW}_2"]),
        ("/data/one, with a comma,/data/two", ["/data/one, with a comma", "/data/two"]),
        ("/data/one, /data/two , ", ["/data/one", "/data/two"]),
        (list(f"{RAW},{RAW}_2"), [RAW, f"{RAW}_2"]),
        ([RAW], [RAW]),
        ("run_01", ["run_01"]),
    ],
)
def test_the_paths_of_an_update_are_a_list_or_a_text(said: str | list[str], paths: list[str]) -> None:
    messages = translated(an_update(datasetPaths=said), UPDATES)
    assert [received(message).event.submission.path for message in messages] == paths


def test_an_update_back_to_the_old_value_is_another_one_but_sent_from_the_spool_again_it_is_the_same() -> None:
    (first,) = translated(an_update(), UPDATES, at=taken(1))
    (from_the_spool,) = translated(an_update(), UPDATES, at=taken(1))
    (later,) = translated(an_update(), UPDATES, at=taken(3))
    assert receipt_of(first) == receipt_of(from_the_spool) != receipt_of(later)


def test_an_archive_status_is_a_report() -> None:
    assert report(an_archive_status(), ARCHIVE) == Report(
        dataset_number=42,
        about="restoration",
        level="info",
        message="restored",
        at=NOW,
        producer=Producer(machine=PEER),
    )
    assert report(an_archive_status(type="archiving", level="error", message=None), ARCHIVE).level == "error"


def test_added_files_are_a_report() -> None:
    assert report(b'{"datasetId": 42}', FILES) == Report(
        dataset_number=42, about="files_added", at=NOW, producer=Producer(machine=PEER)
    )


@pytest.mark.parametrize("start", ["2024-11-30T09:00:00+01:00", "2024-11-30T09:00:00"])
def test_a_started_investigation_takes_the_facilitys_zone_where_it_names_none(start: str) -> None:
    (message,) = translated(an_investigation(beamline="ID30A-3", proposal="MX1111", start_datetime=start))
    event = InvestigationAnnounced.model_validate_json(message.value).investigation
    assert event == StartedInvestigation(
        happening="started",
        proposal="mx1111",
        beamline="id30a-3",
        start=datetime(2024, 11, 30, 9, tzinfo=ZoneInfo("Europe/Paris")),
        producer=Producer(machine=PEER),
    )
    assert (message.topic, message.key) == (INVESTIGATIONS.name, b"mx1111")


@pytest.mark.parametrize("number", ["123", 123])
def test_a_rescheduled_investigation_is_named_by_its_id_and_measured_from_the_moment_that_the_client_says(
    number: str | int,
) -> None:
    said = an_investigation(beamline="", proposal="", investigation_id=number, start_datetime="2024-11-30T09:00:00Z")
    (message,) = translated(said, RESCHEDULE)
    event = InvestigationAnnounced.model_validate_json(message.value).investigation
    assert event == RescheduledInvestigation(
        happening="rescheduled",
        facility_id="123",
        at=datetime(2024, 11, 30, 9, tzinfo=UTC),
        producer=Producer(machine=PEER),
    )


def test_a_rescheduling_that_says_no_moment_happens_when_it_arrives() -> None:
    body = b"<investigation><investigationId>123</investigationId></investigation>"
    (message,) = translated(body, RESCHEDULE)
    event = InvestigationAnnounced.model_validate_json(message.value).investigation
    assert isinstance(event, RescheduledInvestigation)
    assert event.at == NOW


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_a_time_outside_the_years_that_can_be_kept_is_refused(year: str) -> None:
    body = f"<investigation><investigationId>1</investigationId><startDate>{year}-01-01T00:00:00Z</startDate>"
    rejection = rejected(f"{body}</investigation>".encode(), RESCHEDULE)
    assert (rejection.code, "startDate" in rejection.message) == ("frame_invalid", True)


@pytest.mark.parametrize(
    ("queue", "body", "code", "words"),
    [
        (UPDATES, an_update(datasetPaths=[]), "frame_invalid", "datasetPaths: List should have at least 1 item"),
        (
            UPDATES,
            an_update(datasetPaths=""),
            "frame_invalid",
            "datasetPaths.0: String should have at least 1 character",
        ),
        (UPDATES, an_update(datasetPaths=[[]]), "frame_invalid", "datasetPaths.0"),
        (UPDATES, an_update(datasetPaths={"a": 1}), "frame_invalid", "datasetPaths"),
        (UPDATES, an_update(proposal=""), "frame_invalid", "proposal: String should have at least 1 character"),
        (UPDATES, b"{}", "frame_invalid", "metadataName: Field required"),
        (UPDATES, an_update()[:-2], "not_json", "line 1 column"),
        (UPDATES, b"<dataset/>", "not_json", "not JSON"),
        (UPDATES, b'{"proposal": "\\ud800"}', "not_json", "not JSON"),
        (UPDATES, b"[" * 100_000, "not_json", "not JSON"),
        (FILES, b'{"datasetId": "many"}', "frame_invalid", "datasetId"),
        (FILES, b'{"datasetId": -1}', "frame_invalid", "datasetId"),
        (FILES, b"[42]", "frame_invalid", "the body"),
        (ARCHIVE, b'{"datasetId": 42}', "frame_invalid", "type: Field required"),
        (ARCHIVE, an_archive_status(level="fatal"), "frame_invalid", "level"),
        ("icatIngest", an_investigation(beamline="", proposal="mx1111"), "frame_invalid", "has no instrument"),
        ("icatIngest", b"<investigation/>", "frame_invalid", "has no experiment"),
        (
            "icatIngest",
            NO_TIME,
            "frame_invalid",
            "startDate = 'soon' is not a time",
        ),
        (RESCHEDULE, an_investigation(beamline="x", proposal="y"), "frame_invalid", "has no investigationId"),
        (RESCHEDULE, b"<dataset/>", "frame_invalid", "root element is dataset; rescheduleInvestigation accepts"),
        ("icatIngets", b"<dataset/>", "queue_unknown", "the queue 'icatIngets' does not exist"),
    ],
)
def test_what_cannot_be_translated_says_why(queue: str, body: bytes, code: str, words: str) -> None:
    rejection = rejected(body, queue)
    assert rejection.code == code
    assert words in rejection.message


def test_a_rejection_keeps_the_frame_and_is_one_however_often_it_is_said() -> None:
    one, again = (rejected(b"<a>\xff", headers={"persistent": "true"}) for _ in range(2))
    other = rejected(b"<b>\xff")
    assert base64.b64decode(one.value_base64 or "") == b"<a>\xff"
    assert one.headers["persistent"] == "true"
    assert (one.origin.topic, one.producer, one.stage) == ("stomp:icatIngest", f"/icat/{PEER}", "icat_gateway")
    assert one.receipt_id == again.receipt_id != other.receipt_id
    assert one.origin.offset == again.origin.offset != other.origin.offset
