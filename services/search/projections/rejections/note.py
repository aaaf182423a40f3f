"""A rejected record, with everything that is needed to send it again. Pure."""

import base64
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from pydantic_core import to_json

from services.search.projections.facts import Law, first
from services.search.projections.rejections.original import RejectedSubject
from shared.events.codes import Code, Poison
from shared.events.record import time_of
from shared.events.rejection import Rejection
from shared.events.rejection_message import rejection_id
from shared.events.wire import SubmissionId
from shared.foundation.arrays import array, quoted

LONGEST_CODE = 100
"""The characters of a finding's code that are searched. The length of an index key is limited."""


class RejectionRow(NamedTuple):
    """A rejected record, in the order of the table's columns.

    `submission` is the key of the record if it was a submission. `heard_at` is when Kafka first took it.
    `finding_codes` is an array in PostgreSQL's notation.
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
        """The first of several reports of one rejection stands."""
        return self.rejected_at, self.code, self.message


REJECTIONS = Law(RejectionRow, key=lambda row: row.rejection_id, stands=first(lambda row: row.order))


def rejection_of(
    rejection: Rejection, submission: SubmissionId | None, subject: RejectedSubject, value: bytes | None
) -> RejectionRow:
    """The row of a rejected record, which may be a submission. `value` is the original."""
    origin = rejection.origin
    return RejectionRow(
        rejection_id(rejection),
        rejection.receipt_id,
        subject.dataset_id,
        subject.path,
        rejection.producer,
        rejection.stage,
        rejection.code,
        rejection.message,
        to_json(rejection.findings).decode(),
        origin.topic,
        origin.partition,
        origin.offset,
        origin.timestamp_ms,
        to_json(rejection.headers).decode(),
        decoded(rejection.key_base64),
        value,
        rejection.rejected_at,
        None if submission is None else submission.key,
        time_of((rejection.submitted or origin).timestamp_ms),
        subject.beamline,
        array(map(quoted, sorted({finding.code[:LONGEST_CODE] for finding in rejection.findings}))),
    )


def decoded(encoded: str | None) -> bytes | None:
    """The bytes that were rejected.

    Raises:
        Poison: they are not valid base64.
    """
    try:
        return None if encoded is None else base64.b64decode(encoded)
    except ValueError as error:
        raise Poison(Code.SHAPE_INVALID, f"the bytes that were rejected are not valid base64: {error}") from error
