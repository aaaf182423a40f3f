"""What became of the files of datasets. Pure: which numbers datasets have comes in.

Topics know no order among each other, so every report is kept, and it is shown once a dataset has its number. One on a
number that no dataset has yet is rejected as well: whoever says so is told.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from services.search.model import Noted, ReportRow
from services.search.order import said_of
from shared.events.codes import Code, Refusal
from shared.events.report import DatasetReported
from shared.events.wire import Received


def note_reported(
    events: Sequence[Received[DatasetReported]], known: Collection[int], _now: datetime
) -> Sequence[Noted | Refusal]:
    """Refuse what is reported of a number that no dataset has. Clients have it from search itself, so it is known."""
    return [Noted() if event.event.report.dataset_number in known else _unknown(event) for event in events]


def reports_in(events: Sequence[Received[Any]]) -> list[ReportRow]:
    """The reports among events of one topic, whatever is said of them, in the order of their ids."""
    return sorted({_row(event) for event in events if isinstance(event.event, DatasetReported)})


def _row(event: Received[DatasetReported]) -> ReportRow:
    said, identity = event.event.report, said_of(event.source, event.receipt_id, event.record.value or b"")
    return ReportRow(str(identity), said.dataset_number, said.about, said.level, said.message, said.at)


def _unknown(event: Received[DatasetReported]) -> Refusal:
    said = event.event.report
    words = f"no catalogued dataset has the number {said.dataset_number}, whose {said.about} is reported"
    return Refusal(Code.DATASET_NUMBER_UNKNOWN, f"{words}; correct the datasetId")
