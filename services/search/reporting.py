"""What became of the files of datasets. Pure: which numbers datasets have comes in."""

from collections.abc import Collection, Sequence
from datetime import datetime

from services.search.model import Noted, ReportRow
from shared.events import DatasetReported
from shared.rejections import Code, Refusal
from shared.wire import Received


def note_reported(
    events: Sequence[Received[DatasetReported]], known: Collection[int], _now: datetime
) -> Sequence[Noted | Refusal]:
    """Keep what is reported of a number that a dataset has. Clients have it from search itself, so it is known."""
    return [_noted(event) if event.event.report.dataset_number in known else _unknown(event) for event in events]


def keep_reported(
    events: Sequence[Received[DatasetReported]], _known: Collection[int], _now: datetime
) -> Sequence[Noted]:
    """For a rebuild, in which a report may come before its dataset: what the live service refused shows nowhere."""
    return [_noted(event) for event in events]


def _noted(event: Received[DatasetReported]) -> Noted:
    said = event.event.report
    name = event.submission(None).key  # two sources, or two reports, may have one id
    return Noted(report=ReportRow(name, said.dataset_number, said.about, said.level, said.message, said.at))


def _unknown(event: Received[DatasetReported]) -> Refusal:
    said = event.event.report
    words = f"no catalogued dataset has the number {said.dataset_number}, whose {said.about} is reported"
    return Refusal(Code.DATASET_NUMBER_UNKNOWN, f"{words}; correct the datasetId")
