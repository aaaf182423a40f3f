"""What became of the files of datasets. Pure: which numbers datasets have comes in.

Topics have no order among each other, so every report is kept, and it is shown once a dataset has its number. A report
on a number that no dataset has yet is rejected as well, so that its sender hears of it.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from services.search.projections.facts import Law, Noted, first
from services.search.projections.order import said_of
from shared.events.codes import Code, Refusal
from shared.events.report import DatasetReported
from shared.events.wire import Received


class ReportRow(NamedTuple):
    """What became of a dataset's files, in the order of the table's columns. The id follows from all of the event."""

    event_id: str
    dataset_number: int
    about: str
    level: str
    message: str | None
    at: datetime


REPORTS = Law(ReportRow, key=lambda row: row.event_id, stands=first(lambda row: row.event_id))


def note_reported(
    events: Sequence[Received[DatasetReported]], known: Collection[int], _now: datetime
) -> Sequence[Noted | Refusal]:
    """Refuse reports on a number that no dataset has. Clients get numbers from search itself, so they are known."""
    return [Noted() if event.event.report.dataset_number in known else _unknown(event) for event in events]


def reports_of(events: Iterable[Received[Any]]) -> list[ReportRow]:
    """The reports among events of one topic, refused or not."""
    return [_row(event) for event in events if isinstance(event.event, DatasetReported)]


def numbers_of(events: Iterable[Received[Any]]) -> list[int]:
    """The dataset numbers of the reports among events of one topic."""
    return [event.event.report.dataset_number for event in events if isinstance(event.event, DatasetReported)]


def _row(event: Received[DatasetReported]) -> ReportRow:
    said, identity = event.event.report, said_of(event.source, event.receipt_id, event.record.value or b"")
    return ReportRow(str(identity), said.dataset_number, said.about, said.level, said.message, said.at)


def _unknown(event: Received[DatasetReported]) -> Refusal:
    said = event.event.report
    words = f"no catalogued dataset has the number {said.dataset_number}, whose {said.about} is reported"
    return Refusal(Code.DATASET_NUMBER_UNKNOWN, f"{words}; correct the datasetId")
