"""What events say of themselves, whenever they were written."""

import pytest
from pydantic import ValidationError

from shared.events.investigation import Investigation
from shared.events.logbook import LogbookEntry
from shared.events.sections import Finding

PLANNED = {"facility_id": "77", "proposal": "mx1111", "beamline": "id30a1", "start": "2026-11-24T08:00:00Z"}
WRITTEN = {
    "entry_id": "11111111-1111-4111-8111-111111111111",
    "type": "attachment",
    "created_at": "2026-11-24T08:00:00Z",
    "received_at": "2026-11-24T08:00:00Z",
}


def test_a_finding_says_in_one_sentence_what_is_wrong_and_what_to_do() -> None:
    finding = Finding.error("start_missing", "the dataset names no start", "give start")
    assert finding.sentence == "the dataset names no start; give start"


def test_a_finding_from_before_there_were_cures_is_still_read() -> None:
    old = {"code": "start_missing", "severity": "error", "message": "the dataset names no start; give start"}
    finding = Finding.model_validate(old)
    assert (finding.cure, finding.sentence) == (None, old["message"])


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_an_investigation_is_planned_for_a_year_that_a_calendar_can_be_held_for(time: str) -> None:
    for field in ("start", "end"):
        with pytest.raises(ValidationError, match="is not within 1900 to 9998"):
            Investigation.model_validate(PLANNED | {field: time})


@pytest.mark.parametrize(
    ("field", "odd"), [("file_base64", "P1D"), ("file_base64", "é"), ("investigation_number", 2**63)]
)
def test_a_logbook_entry_can_be_kept(field: str, odd: object) -> None:
    LogbookEntry.model_validate(WRITTEN | {"file_base64": "aGFsbG8=", "investigation_number": 2**63 - 1})
    with pytest.raises(ValidationError, match=field):
        LogbookEntry.model_validate(WRITTEN | {field: odd})
