"""The state of a submission as one event reports it. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import to_json

from services.search.projections.facts import Law
from services.search.projections.order import microsecond
from shared.events.dataset import Commit
from shared.events.headers import PRODUCER, content_of
from shared.events.identity import Identities
from shared.events.pending import DatasetPending, NearPaths, Pending
from shared.events.record import Record, time_of
from shared.events.rejection import Rejection
from shared.events.subject import subject_of
from shared.events.topics import SUBMITTED
from shared.events.wire import Received, SubmissionId

NOBODY = "?"
"""The source of a record that names none. No producer has this name."""


class Rank(IntEnum):
    """The state of a submission. The report of the higher rank stands, in whatever order reports arrive.

    Committed is above rejected: a submission may be rejected and, after a defect was fixed, committed. The reverse
    never happens.
    """

    IN_FLIGHT = 0
    PENDING = 1
    REJECTED = 2
    COMMITTED = 3


class PendingDetails(NamedTuple):
    """The details of a waiting submission, in the order of the table's columns. `waits_for` are dataset ids."""

    since: datetime
    beamline: str | None
    proposal: str | None
    kind: str | None
    waits_for: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """The state of one submission.

    `word` orders reports of equal rank. It is the microsecond of a commit, the millisecond at which a rejected
    submission was written, or the offset of a pending report (all reports on one dataset are in one partition). If
    words are equal, the lesser answer stands. `answer` is the JSON object that a producer gets, without the fields that
    are columns. `heard_at` is when Kafka took the first report, which no producer can choose. `waits` is set only while
    the submission is pending.
    """

    submission: SubmissionId
    path: str | None
    submitted_at: datetime | None
    heard_at: datetime
    rank: Rank
    word: int
    answer: str
    waits: PendingDetails | None = None

    def merged(self, other: "Receipt") -> "Receipt":
        """Both reports merged: commutative, associative and idempotent, so order and repetition do not matter."""
        lesser, greater = sorted((self, other), key=lambda receipt: (receipt.answer, receipt.path or ""))
        last = greater if (greater.rank, greater.word) > (lesser.rank, lesser.word) else lesser
        times = [time for time in (self.submitted_at, other.submitted_at) if time is not None]
        heard_at = min(self.heard_at, other.heard_at)
        return replace(last, submitted_at=min(times, default=None), heard_at=heard_at)


RECEIPTS = Law(Receipt, key=lambda receipt: receipt.submission.key, stands=Receipt.merged)


def in_flight(event: Received[Any], identities: Identities) -> Receipt:
    """The receipt of a submission in flight. It belongs to the dataset whose path it names."""
    subject = subject_of(event.record, identities)
    return Receipt(
        event.submission(subject.dataset_id),
        subject.path,
        event.said_at,
        event.record.at,
        Rank.IN_FLIGHT,
        0,
        '{"state":"in_flight"}',
    )


def pending(event: Received[DatasetPending], identities: Identities) -> Receipt:
    """The receipt of a submission that waits for inputs. A later report on the topic replaces an earlier one."""
    said = event.event.pending
    answer = _answer(
        state="pending",
        waits_for=said.waits_for,
        waits_for_count=said.waits_for_count or len(said.waits_for),
        since=said.since,
        deadline=said.deadline,
        findings=said.findings,
        name=said.name,
        near=_near(said),
    )
    inputs = tuple(identities.dataset(path) for path in said.waits_for)
    waits = PendingDetails(said.since, said.beamline, said.proposal, said.kind, inputs)
    submission = _reported(event.record, said.receipt_id, said.dataset_id)
    return Receipt(submission, said.path, None, event.record.at, Rank.PENDING, event.record.offset, answer, waits)


def _near(said: Pending) -> list[NearPaths]:
    """The paths that may be meant. An event of an older version lacks them, but its findings may name one."""
    named = [(each.value, each.expected) for each in said.findings if not said.near]
    return [*said.near, *(NearPaths(path=path, near=[near]) for path, near in named if path and near)]


def committed(commit: Commit, record: Record) -> Receipt:
    """The receipt of a committed submission, or of one that changed nothing."""
    answer = _answer(
        state="unchanged" if commit.outcome == "unchanged" else "committed",
        revision=commit.revision,
        outcome=commit.outcome,
        committed_at=commit.committed_at,
    )
    submission = _reported(record, commit.receipt_id, commit.dataset_id)
    word = microsecond(commit.committed_at)
    return Receipt(submission, commit.path, commit.submitted_at, record.at, Rank.COMMITTED, word, answer)


def rejected(rejection: Rejection, submission: SubmissionId, rejection_id: UUID, record: Record) -> Receipt:
    """The receipt of a rejected submission.

    The answer begins with its time. Texts are compared from their beginning, so the first of two reports stands.
    """
    first = rejection.submitted or rejection.origin
    answer = _answer(
        state="rejected",
        rejected_at=rejection.rejected_at,
        code=rejection.code,
        message=rejection.message,
        findings=rejection.findings,
        stage=rejection.stage,
        rejection_id=rejection_id,
    )
    submitted_at = time_of(first.timestamp_ms) if first.topic == SUBMITTED.name else None
    word = first.timestamp_ms
    return Receipt(submission, rejection.path, submitted_at, record.at, Rank.REJECTED, word, answer)


def refused_submission(rejection: Rejection, record: Record) -> SubmissionId | None:
    """The submission that was refused, if the record was a submission."""
    if rejection.receipt_id is None:
        return None
    return SubmissionId(rejection.producer or NOBODY, rejection.receipt_id, rejection.dataset_id, content_of(record))


def _reported(record: Record, receipt_id: str, dataset_id: UUID) -> SubmissionId:
    """The submission that a stage reports on. It has no source if an older version reported it without one."""
    source = dict(record.headers).get(PRODUCER, b"").decode()
    return SubmissionId(source, receipt_id, dataset_id, content_of(record))


def _answer(**fields: object) -> str:
    return to_json(fields).decode()
