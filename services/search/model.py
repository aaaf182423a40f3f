"""What search remembers, as plain values: a receipt's state, a dataset's entry in the index, a kept rejection."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

from services.search.icat_plus.model import Declared, InvestigationRow, LogbookRow, SampleRow
from shared.events.wire import SubmissionId
from shared.stages.outcomes import Learned


class Rank(IntEnum):
    """How far a submission has come; of two reports the one of higher rank stands, in whatever order they arrive.

    Committed is above rejected: the same is refused, and taken after a defect was mended; never the other way round.
    """

    IN_FLIGHT = 0
    PENDING = 1
    REJECTED = 2
    COMMITTED = 3


class Waits(NamedTuple):
    """What is asked of a submission that waits, in the order of the table's columns. `waits_for` are dataset ids."""

    since: datetime
    beamline: str | None
    proposal: str | None
    kind: str | None
    waits_for: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is known of one submission.

    `word` orders reports of equal rank, by what they say: when it was committed (a microsecond), when the refused
    submission was written (a millisecond), the offset of a pending one (all of one dataset are in one partition).
    Of equal words the lesser answer stands. `answer` is the JSON object that a producer gets, apart from what is kept
    in columns. `heard_at` is when Kafka took the first report of it, which no producer can choose. `waits` is there
    while it is pending, and in no other state.
    """

    submission: SubmissionId
    path: str | None
    submitted_at: datetime | None
    heard_at: datetime
    rank: Rank
    word: int
    answer: str
    waits: Waits | None = None

    def merged(self, other: "Receipt") -> "Receipt":
        """Both reports together: commutative, associative and idempotent, so order and repetition do not matter."""
        lesser, greater = sorted((self, other), key=lambda receipt: (receipt.answer, receipt.path or ""))
        last = greater if (greater.rank, greater.word) > (lesser.rank, lesser.word) else lesser
        times = [time for time in (self.submitted_at, other.submitted_at) if time is not None]
        heard_at = min(self.heard_at, other.heard_at)
        return replace(last, submitted_at=min(times, default=None), heard_at=heard_at)


class ContextRow(NamedTuple):
    """What many datasets have in common and are counted by, in the order of the table's columns."""

    context: int
    technique: str
    kind: str
    beamline: str
    proposal: str
    type: str
    sample: str | None


class FindingSetRow(NamedTuple):
    """Codes of findings, in order, each once. The id follows from them."""

    finding_set: int
    codes: tuple[str, ...]


class DatasetRow(NamedTuple):
    """What lists, facets and sorting need of a dataset, in the order of the table's columns."""

    dataset_id: UUID
    revision: int
    path: str
    name: str
    type: str
    kind: str
    technique: str
    proposal: str
    beamline: str
    sample: str | None
    started: datetime
    ended: datetime | None
    complete: bool
    submitted_at: datetime
    committed_at: datetime
    file_count: int | None
    volume_bytes: int | None
    context: int
    finding_set: int
    number: int | None
    investigation_id: UUID


class ParameterKey(NamedTuple):
    """A canonical parameter name; `many` where the value is a list, whose elements are entries of their own."""

    name: str
    many: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One revision of a dataset, ready for the index."""

    row: DatasetRow
    context: ContextRow
    findings: FindingSetRow
    numbers: list[tuple[ParameterKey, float]]
    texts: list[tuple[ParameterKey, str]]
    words: str
    inputs: list[tuple[UUID, str]]


class RevisionRow(NamedTuple):
    """One revision as it was committed, in the order of the table's columns. `body` is the compressed event.

    One number is given twice only by a catalogue that was put back from an old backup: what was committed last stands.
    """

    dataset_id: UUID
    revision: int
    receipt_id: str
    outcome: str
    submitted_at: datetime
    committed_at: datetime
    body: bytes


class RejectionRow(NamedTuple):
    """A record that was not taken, in the order of the table's columns; everything needed to send it again.

    `submission` is the key of what was refused, if it was a submission; `heard_at` is when Kafka took it first.
    `finding_codes` is an array as PostgreSQL writes it.
    """

    rejection_id: UUID
    receipt_id: str | None
    dataset_id: UUID | None
    path: str | None
    producer: str | None
    stage: str
    code: str
    message: str
    findings: str
    topic: str
    partition: int
    record_offset: int
    timestamp_ms: int
    headers: str
    key: bytes | None
    value: bytes | None
    rejected_at: datetime
    submission: str | None
    heard_at: datetime
    beamline: str | None
    finding_codes: str

    @property
    def order(self) -> tuple[datetime, str, str]:
        """Of one rejection that was told several times, the first telling stands."""
        return self.rejected_at, self.code, self.message


class ReportRow(NamedTuple):
    """What became of a dataset's files, in the order of the table's columns. The id follows from all of the event."""

    event_id: str
    dataset_number: int
    about: str
    level: str
    message: str | None
    at: datetime


class ActivityRow(NamedTuple):
    """Something that a watcher is told, in the order of the table's columns. The id follows from what happened.

    Where the event lies in Kafka orders what is told: a partition is noted from its beginning to its end.
    """

    activity_id: UUID
    topic: str
    partition: int
    record_offset: int
    timestamp_ms: int
    at: datetime
    state: str
    dataset_id: UUID | None
    path: str | None
    name: str | None
    kind: str | None
    beamline: str | None
    proposal: str | None
    code: str | None
    message: str | None
    revision: int | None
    receipt_id: str | None
    rejection_id: UUID | None

    @property
    def order(self) -> tuple[int, str, int, int]:
        """Of one happening that was told several times, the first telling stands."""
        return self.timestamp_ms, self.topic, self.partition, self.record_offset


@dataclass(frozen=True)
class Noted(Learned):
    """What one event adds to the read model."""

    receipt: Receipt | None = None
    entry: Entry | None = None
    revision: RevisionRow | None = None
    rejection: RejectionRow | None = None
    investigation: InvestigationRow | None = None
    sample: SampleRow | None = None
    logbook: LogbookRow | None = None
    declared: Declared | None = None
    activity: ActivityRow | None = None
