"""What the linker learns from rejected datasets, which others may wait for: pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.linker.inputs.relationships import rejected_input
from shared.events.codes import Code, Refusal
from shared.events.rejection import Origin
from shared.events.sections import Section
from shared.events.topics import COMMITTED
from shared.events.wire import Received
from shared.stages.outcomes import Learned, Outcome

MOST_REASON_CHARACTERS = 500
"""How much of an input's rejection is quoted in the rejection of a result."""

HARMLESS = frozenset({Code.SEQUENCE_NOT_HIGHER, Code.NOTHING_TO_UPDATE, Code.UPDATE_ELSEWHERE})
"""Codes that refuse an addition to a dataset. The dataset itself stays as it is."""


class RejectionFacts(Section):
    """The part of a rejection that concerns datasets which wait for the rejected one."""

    dataset_id: UUID | None
    path: str | None
    code: str
    message: str
    origin: Origin
    submitted: Origin | None = None


class RejectedView(Section):
    """A rejection without the bytes that were rejected."""

    rejection: RejectionFacts


@dataclass(frozen=True)
class RejectedDataset(Learned):
    """A dataset that was rejected. `refusal` rejects the results of a kind that does not wait for a correction."""

    dataset_id: UUID
    path: str
    reason: str
    refusal: Refusal
    submitted_ms: int
    """When the refused submission was written."""

    @property
    def order(self) -> tuple[int, str]:
        """The highest of several rejections of a dataset counts: the one of the newest submission."""
        return self.submitted_ms, self.reason


def learn_rejections(events: Sequence[Received[RejectedView]], known: None, now: datetime) -> list[Outcome]:
    """One outcome for each rejection. Only the content names the dataset, and it must not be catalogued already."""
    del known, now
    return [_rejected(event.event.rejection) for event in events]


def _rejected(rejection: RejectionFacts) -> Outcome:
    path, code = rejection.path, rejection.code
    if rejection.dataset_id is None or path is None or code in HARMLESS or rejection.origin.topic == COMMITTED.name:
        return Learned()
    reason = f"{code}: {rejection.message[:MOST_REASON_CHARACTERS]}"
    first = rejection.submitted or rejection.origin
    return RejectedDataset(rejection.dataset_id, path, reason, rejected_input(path, reason), first.timestamp_ms)


def latest_rejections(outcomes: Iterable[Outcome]) -> dict[UUID, RejectedDataset]:
    """For each dataset, the rejection of the newest submission."""
    latest: dict[UUID, RejectedDataset] = {}
    for outcome in outcomes:
        if isinstance(outcome, RejectedDataset):
            before = latest.setdefault(outcome.dataset_id, outcome)
            if before.order < outcome.order:
                latest[outcome.dataset_id] = outcome
    return latest
