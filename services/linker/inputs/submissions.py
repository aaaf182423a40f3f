"""A submission as the linker reads it, and as the linker holds it while it cannot go on."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.events.codes import Refusal
from shared.events.dataset import DatasetFacts
from shared.events.record import Record
from shared.events.rejection_message import first_reading
from shared.events.structs import PlainView
from shared.events.wire import SubmissionId

STAGE = "linker"


class LinkerView(PlainView):
    """The part of a validated dataset that its links depend on."""

    dataset: DatasetFacts


class State(StrEnum):
    """The state of a submission that could not go straight on."""

    WAITING = "waiting"
    """Inputs are missing."""
    RELEASED = "released"
    """Its inputs are there. It goes on as soon as no submission of the same dataset waits before it."""
    EXPIRED = "expired"
    """Its inputs did not come in time, or one was rejected. It is about to be rejected."""
    REFUSED = "refused"
    """It was rejected. It is kept so that the same submission gets the same answer again."""


@dataclass(frozen=True, slots=True)
class HeldSummary:
    """A held submission without its record: as much as later submissions need to know."""

    id: SubmissionId
    dataset_id: UUID
    path: str
    state: State
    since: datetime
    waits_for: tuple[str, ...] = ()
    deadline: datetime | None = None
    refusal: Refusal | None = None
    unnamed: int = 0
    """How many more inputs it waits for than `waits_for` names."""
    kept_as: str | None = None
    """The key under which an older version saved it, which knew submissions by their receipt alone."""

    @property
    def key(self) -> str:
        """The key under which it is saved."""
        return self.kept_as or self.id.key


@dataclass(frozen=True, slots=True)
class HeldSubmission:
    """A held submission with the record to send on."""

    summary: HeldSummary
    inputs: frozenset[UUID]
    missing: tuple[UUID, ...]
    record: Record
    awaits_completion: bool = False
    """Whether it goes on waiting for an input that is committed but not complete."""
    ends_with_inputs: bool = False
    """Whether a rejected input ends the waiting."""

    def refused(self, refusal: Refusal) -> "HeldSubmission":
        """Its tombstone: as much as is needed to answer the same submission again."""
        refusal = replace(refusal, submitted=first_reading(self.record))
        return HeldSubmission(
            replace(self.summary, state=State.REFUSED, refusal=refusal, waits_for=(), deadline=None),
            frozenset(),
            (),
            replace(self.record, value=None, headers=()),
        )
