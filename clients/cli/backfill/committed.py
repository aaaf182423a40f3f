"""Submissions from what another beamcat says of its datasets. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from clients.cli.backfill.item import NotConvertible, Submission
from clients.cli.catalogue.resubmission import said_again

Event = Mapping[str, Any]

BESIDE = ("sequence_index", "files", "file_count", "volume_bytes")
"""Fields of a document that decide nothing about the dataset, and are submitted as they are."""
OF_PARTS = ("start", "end", "file_count", "volume_bytes")


def submissions_in(line: Event) -> Sequence[Submission]:
    """The submissions in one line: a submission, or an event of a beamcat that has one or follows from one.

    - a submission, as for `beamcat submit`; its own `receipt_id` is ignored, because receipts follow from the source;
    - an event with the member `submission`: `dataset.submitted`, or a line that a backfill has written about a
      rejection;
    - `dataset.committed`; an `unchanged` commit has no document, and nothing follows from it;
    - a line of `GET /documents` of search.

    Raises:
        NotConvertible: it is none of these.
    """
    if isinstance(submission := line.get("submission"), dict):
        return [submission]
    if "commit" in line:
        return _of_document(line.get("document"))
    if isinstance(document := line.get("document"), dict) and isinstance(event := document.get("event"), dict):
        return _of_document(event.get("document"))
    return [{name: said for name, said in line.items() if name != "receipt_id"}]


def _of_document(document: Any) -> Sequence[Submission]:  # noqa: ANN401  whatever JSON it is
    if document is None:
        return []
    try:
        return _submissions(document)
    except (KeyError, TypeError, AttributeError) as error:
        raise NotConvertible(f"is no document of a committed dataset ({error!r}); export it again") from None


def _submissions(document: Event) -> Sequence[Submission]:
    parts: Sequence[Event] = document.get("parts") or ()
    if not parts:
        return [_whole(document)]
    own = {said["name"] for part in parts for said in part["said"]}
    common = {name: said for name, said in document["parameters"].items() if name not in own}
    return [
        _whole({**document, **_part(part, common)}) | ({"mode": "merge", "files": []} if number else {})
        for number, part in enumerate(parts)
    ]


def _part(part: Event, common: Mapping[str, Event]) -> Event:
    """The fields of a document in which one of its parts differs from it."""
    said = {each["name"]: {name: each[name] for name in each if name != "name"} for each in part["said"]}
    return {name: part[name] for name in OF_PARTS} | {"parameters": {**common, **said}}


def _whole(document: Event) -> Submission:
    """The submission of a document: beside what decides whether it is accepted, also its files and their counts."""
    investigation = document["investigation"]
    beside = {name: document[name] for name in BESIDE if document.get(name) is not None}
    return (
        said_again(document)
        | beside
        | {
            name: said
            for name, said in (
                ("proposal", investigation.get("proposal_name")),
                ("investigation_id", investigation.get("named")),
            )
            if said
        }
    )
