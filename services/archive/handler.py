"""The rows that an event adds to the reports. Pure: the known dataset numbers are an argument.

There is no order between topics, so every report is kept, and is shown once a dataset has its number. A report on a
number that no dataset has yet is also rejected, so that its sender learns of it.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from shared.events.codes import Code, Refusal
from shared.events.order import said_by
from shared.events.report import DatasetReported
from shared.events.wire import Received
from shared.stages.outcomes import Learned


class ReportRow(NamedTuple):
    """One report, in the order of the table's columns."""

    event_id: str
    dataset_number: int
    about: str
    level: str
    message: str | None
    at: datetime


def note(
    events: Sequence[Received[DatasetReported]], known: Collection[int], _now: datetime
) -> Sequence[Learned | Refusal]:
    """Refuse reports on a number that no dataset has. Clients get numbers from search, so search knows them."""
    return [Learned() if event.event.report.dataset_number in known else _unknown(event) for event in events]


def reports_in(events: Iterable[Received[Any]]) -> list[ReportRow]:
    """All reports, including rejected ones, ordered by id: so all replicas lock rows in the same order."""
    return sorted({_row(event) for event in events})


def _row(event: Received[DatasetReported]) -> ReportRow:
    said = event.event.report
    return ReportRow(str(said_by(event)), said.dataset_number, said.about, said.level, said.message, said.at)


def _unknown(event: Received[DatasetReported]) -> Refusal:
    said = event.event.report
    words = f"no catalogued dataset has the number {said.dataset_number}, on which {said.about} is reported"
    return Refusal(Code.DATASET_NUMBER_UNKNOWN, f"{words}; correct the datasetId")
