"""What ICAT's clients are told of files on tape, and what they say of them."""

from datetime import UTC, timedelta

import pytest
from pydantic_core import to_json

from services.archive.routes import whereabouts_answer
from services.archive.whereabouts import whereabouts
from services.icat_plus.neighbours.archive import Whereabouts
from services.icat_plus.tape import (
    Requester,
    Restored,
    access_answers,
    report_message,
    status_answer,
)
from shared.access.grants import Grant
from shared.events.report import DatasetReported
from tests.builders.search.records import NOON

ARCHIVED = ("archiving", "info", None)
RESTORED = ("restoration", "info", None)
ASKED = ("restoration_requested", "info", "Ann <ann@facility.example>")
ASKED_BY_BOB = ("restoration_requested", "info", "Bob")
HOUR = timedelta(hours=1)
GRANT = Grant(name="portal", token_sha256="0" * 64, beamlines=["*"])

Said = tuple[str, str, str | None]


def files_after(*said: Said) -> Whereabouts:
    """Where the files of a dataset are after these reports, as the archive answers."""
    reports = [
        {"dataset_number": 42, "about": about, "level": level, "message": message, "at": NOON + timedelta(hours=hour)}
        for hour, (about, level, message) in enumerate(said)
    ]
    return Whereabouts.model_validate_json(to_json(whereabouts_answer(42, whereabouts(reports)[42])))


def test_a_status_tells_who_asked_first_and_when_the_archive_spoke_last() -> None:
    from icat_plus_client.models.status import Status

    answer = status_answer(42, files_after(ARCHIVED, ASKED, ASKED_BY_BOB), UTC)
    status = Status.model_validate(answer)
    assert (status.id, status.status, status.created_by) == ("42", "RESTORING", "Ann <ann@facility.example>")
    assert (status.updated_at, status.created_at) == ("2024-11-30T12:00:00.000+00:00", "2024-11-30T13:00:00.000+00:00")


def test_everybody_who_asked_is_to_be_told_once() -> None:
    from icat_plus_client.models.datasetaccess import Datasetaccess

    files = files_after(ARCHIVED, ASKED, ASKED_BY_BOB, ASKED)
    told = [Datasetaccess.model_validate(answer) for answer in access_answers(42, files, "info", UTC)]
    assert [(one.name, one.dataset_id) for one in told] == [("Ann <ann@facility.example>", 42), ("Bob", 42)]
    assert access_answers(42, files_after(ARCHIVED, ASKED, RESTORED), "info", UTC) == []


@pytest.mark.parametrize(
    ("body", "described"),
    [
        ({"name": "Ann", "email": "ann@facility.example"}, "Ann <ann@facility.example>"),
        ({"email": "ann@facility.example"}, "<ann@facility.example>"),
        ({"name": "Ann"}, "Ann"),
        ({}, "portal"),
    ],
)
def test_a_request_says_who_asks(body: dict[str, str], described: str) -> None:
    message = report_message(42, Requester.model_validate(body), GRANT, NOON)
    report = DatasetReported.model_validate_json(message.value).report
    assert (report.about, report.message, report.producer.software) == ("restoration_requested", described, "portal")


def test_a_name_cannot_add_a_line_to_a_mail() -> None:
    with pytest.raises(ValueError, match="pattern"):
        Requester(email="ann@facility.example\r\nBcc: all@facility.example")


def test_two_reports_in_the_same_words_are_two() -> None:
    first, second = (report_message(42, Restored(), GRANT, NOON) for _ in range(2))
    assert dict(first.headers)["ce_id"] != dict(second.headers)["ce_id"]
