"""How much may wait, so that no source fills the memory or slows down the others: pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.linker.inputs.submissions import LinkerView
from services.linker.known import Known
from shared.events.codes import Code, Refusal
from shared.events.wire import Received, SubmissionId

MOST_AWAITED = 100_000
"""How many inputs the submissions of one source may await together, unless a setting says otherwise."""
MOST_IN_LINE = 1000
"""How many submissions of one dataset one source may have waiting."""


@dataclass
class _Usage:
    """How much waits already. It grows while a batch is checked."""

    awaited: Counter[str]
    queued: Counter[tuple[str, UUID]] = field(default_factory=Counter)
    datasets: set[UUID] = field(default_factory=set)

    def add(self, source: str, dataset_id: UUID) -> None:
        """Count one more waiting submission of the dataset."""
        self.queued[source, dataset_id] += 1
        self.datasets.add(dataset_id)

    def refusal(self, event: Received[LinkerView], missing: int, most_awaited: int) -> Refusal | None:
        """Why the submission cannot wait. If it can, it is counted."""
        source, dataset_id = event.source, event.event.dataset.dataset_id
        queued = self.queued[source, dataset_id]
        if queued >= MOST_IN_LINE:
            message = f"{queued} submissions of {event.event.dataset.path} wait already, which is the limit"
            return Refusal.because(Code.TOO_MUCH_WAITS, message, "submit the inputs that they wait for first")
        if missing and self.awaited[source] + missing > most_awaited:
            message = (
                f"it would wait for {missing} inputs, and submissions of {source} wait for"
                f" {self.awaited[source]} already; {most_awaited} may be awaited at the same time"
            )
            return Refusal.because(Code.TOO_MUCH_WAITS, message, "submit the inputs first, then this again")
        self.awaited[source] += missing
        self.add(source, dataset_id)
        return None


def over_limit(
    events: Sequence[Received[LinkerView]], known: Known, awaited: Mapping[str, int], most_awaited: int
) -> dict[SubmissionId, Refusal]:
    """The submissions of a batch that may not wait, and why. `awaited` says how many inputs each source awaits.

    This is decided once, before anything is locked for a submission. So loading and deciding agree about it.
    """
    usage = _Usage(Counter(awaited))
    answered = set()
    for held in known.held:
        answered.add(held.id)
        usage.add(held.id.source, held.dataset_id)
    refusals: dict[SubmissionId, Refusal] = {}
    for event in events:
        dataset = event.event.dataset
        missing = len(known.missing(dataset))
        if not missing and (not usage.datasets or dataset.dataset_id not in usage.datasets):
            continue
        submission = event.submission(dataset.dataset_id)
        if submission in answered:
            continue
        if refusal := usage.refusal(event, missing, most_awaited):
            refusals[submission] = refusal
    return refusals


def waiting_sources(events: Sequence[Received[LinkerView]], known: Known) -> set[str]:
    """The sources of those submissions in a batch that would wait for inputs."""
    return {event.source for event in events if known.missing(event.event.dataset)}
