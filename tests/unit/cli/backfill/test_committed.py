"""A line of an export is known by its members."""

import pytest

from clients.cli.backfill.committed import submissions_in
from clients.cli.backfill.item import NotConvertible
from tests.unit.cli.backfill.documents import committed

PLAIN = {"name": "x", "path": "/data/1"}


def test_a_submission_stays_as_it_is_without_its_receipt() -> None:
    assert submissions_in({**PLAIN, "receipt_id": "r"}) == [PLAIN]


def test_an_event_of_a_submission_has_it_inside() -> None:
    assert submissions_in({"submission": PLAIN}) == [PLAIN]
    assert submissions_in({"place": "line 1", "receipt_id": "r", "state": "rejected", "submission": PLAIN}) == [PLAIN]


def test_a_committed_dataset_keeps_its_words_files_counts_and_investigation() -> None:
    [said] = submissions_in(committed(1, file_count=2, files=[{"path": "a.h5", "size_bytes": 1}], sequence_index=3))
    assert said["parameters"] == {"MX_flux": "1.2e11", "definition": "MX"}
    assert (said["file_count"], said["files"], said["sequence_index"]) == (2, [{"path": "a.h5", "size_bytes": 1}], 3)
    assert (said["proposal"], said["investigation_id"]) == ("MX-1111", "4711")


def test_an_investigation_keeps_the_name_that_its_producer_used() -> None:
    investigation = {"facility_id": "4711", "proposal_name": None, "named": "12"}
    [said] = submissions_in(committed(1, investigation=investigation))
    assert (said["proposal"], said["investigation_id"]) == ("mx1111", "12")


def test_nothing_follows_from_a_commit_that_changed_nothing() -> None:
    assert submissions_in({"commit": {"outcome": "unchanged"}, "document": None}) == []


@pytest.mark.parametrize("document", [1, [], {}, {"parts": [{}]}, {"parameters": {"a": 1}}])
def test_a_document_that_lacks_something_is_a_fault(document: object) -> None:
    with pytest.raises(NotConvertible, match="export it again"):
        submissions_in({"commit": {}, "document": document})
