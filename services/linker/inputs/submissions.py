"""A submission as the linker reads it, and as it is held while it cannot go on."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.events.codes import Refusal
from shared.events.dataset import DatasetFacts
from shared.events.record import Record
from shared.events.rejection_message import first_reading
from shared.events.sections import Section
from shared.events.wire import SubmissionId

STAGE = "linker"


class LinkerView(Section):
    """All of a validated dataset that its links depend on."""

    dataset: DatasetFacts


class State(StrEnum):
    """What became of a submission that could not go straight on."""

    WAITING = "waiting"
    """Inputs are missing."""
    RELEASED = "released"
    """Its own inputs are there; it goes on as soon as nothing of the same dataset waits before it."""
    EXPIRED = "expired"
    """Its inputs did not come in time, or one was rejected; the world is about to hear of it."""
    REFUSED = "refused"
    """The last word: kept so that a replay is answered the same."""


@dataclass(frozen=True, slots=True)
class HeldSummary:
    """A submission that was not sent straight on, as far as later ones need to know."""

    id: SubmissionId
    dataset_id: UUID
    path: str
    state: State
    since: datetime
    waits_for: tuple[str, ...] = ()
    deadline: datetime | None = None
    refusal: Refusal | None = None
    unnamed: int = 0
    """How many more it waits for, where not all are named."""
    kept_as: str | None = None
    """The key under which a version kept it that knew it by its receipt alone."""

    @property
    def key(self) -> str:
        """By which it is kept."""
        return self.kept_as or self.id.key


@dataclass(frozen=True, slots=True)
class HeldSubmission:
    """A held submission whole: what later ones need to know of it, and the record to send on."""

    summary: HeldSummary
    inputs: frozenset[UUID]
    missing: tuple[UUID, ...]
    record: Record
    awaits_completion: bool = False
    """An input that is committed but not complete does not end the waiting."""
    ends_with_inputs: bool = False
    """An input that is rejected ends the waiting."""

    def refused(self, refusal: Refusal) -> "HeldSubmission":
        """Its tombstone: no more than is needed to answer a replay."""
        refusal = replace(refusal, submitted=first_reading(self.record))
        return HeldSubmission(
            replace(self.summary, state=State.REFUSED, refusal=refusal, waits_for=(), deadline=None),
            frozenset(),
            (),
            replace(self.record, value=None, headers=()),
        )
