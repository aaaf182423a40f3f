"""How much may wait: no source fills the memory, nor makes its neighbours pay for looking through it. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from services.linker.inputs.submissions import LinkerView
from services.linker.known import Known
from shared.events.codes import Code, Refusal
from shared.events.wire import Received, SubmissionId

MOST_AWAITED = 100_000
"""Inputs that the submissions of one source may await together, unless a setting says otherwise."""
MOST_IN_LINE = 1000
"""Submissions of one dataset that one source may have waiting behind each other."""


@dataclass
class _Room:
    """What is taken, and grows while a batch is looked through."""

    awaited: Counter[str]
    in_line: Counter[tuple[str, UUID]] = field(default_factory=Counter)
    lines: set[UUID] = field(default_factory=set)

    def join(self, source: str, dataset_id: UUID) -> None:
        """One more submission of the dataset waits."""
        self.in_line[source, dataset_id] += 1
        self.lines.add(dataset_id)

    def refusal(self, event: Received[LinkerView], missing: int, most_awaited: int) -> Refusal | None:
        """Why it cannot wait; takes the room if it can."""
        source, dataset_id = event.source, event.event.dataset.dataset_id
        in_line = self.in_line[source, dataset_id]
        if in_line >= MOST_IN_LINE:
            message = f"{in_line} submissions of {event.event.dataset.path} wait, as many as may"
            return Refusal.because(Code.TOO_MUCH_WAITS, message, "submit the inputs that they wait for first")
        if missing and self.awaited[source] + missing > most_awaited:
            message = (
                f"it would wait for {missing} inputs, and submissions of {source} wait for"
                f" {self.awaited[source]} already; {most_awaited} may be awaited at the same time"
            )
            return Refusal.because(Code.TOO_MUCH_WAITS, message, "submit the inputs first, then this again")
        self.awaited[source] += missing
        self.join(source, dataset_id)
        return None


def over_limit(
    events: Sequence[Received[LinkerView]], known: Known, awaited: Mapping[str, int], most_awaited: int
) -> dict[SubmissionId, Refusal]:
    """Of a batch, what there is no room for if it has to wait; `awaited` says how many inputs each source awaits.

    It is decided before anything is locked for a submission, and once: the same is known to whoever loads and decides.
    """
    room = _Room(Counter(awaited))
    answered = set()
    for held in known.held:
        answered.add(held.id)
        room.join(held.id.source, held.dataset_id)
    refusals: dict[SubmissionId, Refusal] = {}
    for event in events:
        submission = event.submission(event.event.dataset.dataset_id)
        missing = len(known.missing(event.event.dataset))
        waits = missing or submission.dataset_id in room.lines
        if not waits or submission in answered:
            continue
        if refusal := room.refusal(event, missing, most_awaited):
            refusals[submission] = refusal
    return refusals


def waiting_sources(events: Sequence[Received[LinkerView]], known: Known) -> set[str]:
    """The sources of a batch of which something would wait for inputs."""
    return {event.source for event in events if known.missing(event.event.dataset)}
