"""Where files are, as follows from what was reported and asked."""

from datetime import timedelta
from typing import Any

import pytest

from services.archive.whereabouts import whereabouts
from tests.builders.search.records import NOON

ARCHIVED = ("archiving", "info", None)
RESTORED = ("restoration", "info", None)
FAILED = ("restoration", "error", "the tape is torn")
ASKED = ("restoration_requested", "info", "Ann <ann@facility.example>")
ASKED_BY_BOB = ("restoration_requested", "info", "Bob")

Said = tuple[str, str, str | None]


def reports(*said: Said, number: int = 42) -> list[dict[str, Any]]:
    return [
        {
            "dataset_number": number,
            "about": about,
            "level": level,
            "message": message,
            "at": NOON + timedelta(hours=hour),
        }
        for hour, (about, level, message) in enumerate(said)
    ]


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ([], "ONLINE"),
        ([ARCHIVED], "ARCHIVED"),
        ([("archiving", "error", None)], "ONLINE"),
        ([("archiving", "warning", None)], "ONLINE"),
        ([ARCHIVED, RESTORED], "ONLINE"),
        ([ARCHIVED, RESTORED, ARCHIVED], "ARCHIVED"),
        ([ARCHIVED, ("restoration", "warning", None)], "ARCHIVED"),
        ([ARCHIVED, FAILED], "ARCHIVED"),
        ([ARCHIVED, ASKED], "RESTORING"),
        ([ASKED, ARCHIVED], "RESTORING"),
        ([ARCHIVED, ASKED, ("restoration", "warning", "slow")], "RESTORING"),
        ([ARCHIVED, ASKED, RESTORED], "ONLINE"),
        ([ARCHIVED, ASKED, FAILED], "ARCHIVED"),
        ([ASKED, FAILED], "ONLINE"),
        ([ARCHIVED, ASKED, FAILED, ASKED], "RESTORING"),
        ([ARCHIVED, ("files_added", "info", None)], "ARCHIVED"),
    ],
)
def test_the_state_follows_from_what_was_reported_and_asked(said: list[Said], state: str) -> None:
    assert whereabouts(reports(*said))[42].state == state


def test_each_dataset_has_a_state_of_its_own() -> None:
    known = whereabouts([*reports(ARCHIVED), *reports(ARCHIVED, ASKED, number=43)])
    assert [known[number].state for number in (42, 43, 44)] == ["ARCHIVED", "RESTORING", "ONLINE"]


def test_each_requester_is_named_once_until_the_archive_answers() -> None:
    asked = [ARCHIVED, ASKED, ASKED_BY_BOB, ASKED]
    requests = whereabouts(reports(*asked))[42].requests
    assert [request.requester for request in requests] == ["Ann <ann@facility.example>", "Bob"]
    assert [request.at for request in requests] == [NOON + timedelta(hours=1), NOON + timedelta(hours=2)]
    assert whereabouts(reports(*asked, RESTORED))[42].requests == ()
