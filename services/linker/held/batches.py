"""What the store saves of a batch after the handler has decided it: pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from services.linker.inputs.submissions import HeldSubmission, HeldSummary, LinkerView, State
from services.linker.known import Known
from shared.events.codes import Refusal
from shared.events.dataset import DatasetFacts
from shared.events.rejection_message import first_reading
from shared.events.wire import Received, SubmissionId
from shared.stages.outcomes import Outcome, Passed, Waiting


def submissions_of(events: Iterable[Received[LinkerView]]) -> list[SubmissionId]:
    """The identities of the submissions in a batch."""
    return [event.submission(event.event.dataset.dataset_id) for event in events]


def submissions_to_hold(
    events: Sequence[Received[LinkerView]], outcomes: Sequence[Outcome], known: Known
) -> list[HeldSubmission]:
    """The submissions that did not pass and are not held already."""
    held = {summary.id for summary in known.held}
    return [
        _held(event, outcome, known)
        for event, outcome in zip(events, outcomes, strict=True)
        if not isinstance(outcome, Passed) and event.submission(event.event.dataset.dataset_id) not in held
    ]


def _held(event: Received[LinkerView], outcome: Outcome, known: Known) -> HeldSubmission:
    dataset = event.event.dataset
    missing = known.missing(dataset)
    summary = HeldSummary(
        id=event.submission(dataset.dataset_id),
        dataset_id=dataset.dataset_id,
        path=dataset.path,
        state=State.WAITING if missing else State.RELEASED,
        since=event.record.at,
        waits_for=tuple(declared.path for declared in missing),
    )
    inputs = frozenset(declared.dataset_id for declared in dataset.inputs)
    submission = HeldSubmission(
        summary,
        inputs,
        tuple(declared.dataset_id for declared in missing),
        event.record,
        dataset.kind in known.demands.complete,
        dataset.kind in known.demands.accepted,
    )
    match outcome:
        case Refusal():
            return submission.refused(outcome)
        case Waiting(pending):
            return replace(submission, summary=replace(summary, since=pending.since, deadline=pending.deadline))
        case _:
            return submission


def readmitted(events: Sequence[Received[LinkerView]], outcomes: Sequence[Outcome], known: Known) -> dict[UUID, int]:
    """The datasets that were rejected before and are accepted now, with the time of the submission in milliseconds.

    From now on, results may wait for them.
    """
    if not known.rejected:
        return {}
    return {
        event.event.dataset.dataset_id: first_reading(event.record).timestamp_ms
        for event, outcome in zip(events, outcomes, strict=True)
        if not isinstance(outcome, Refusal) and event.event.dataset.dataset_id in known.rejected
    }


def passed_updates(
    events: Iterable[Received[LinkerView]], outcomes: Iterable[Outcome], known: Known
) -> Iterator[tuple[SubmissionId, DatasetFacts]]:
    """The submissions of a decided batch that go straight on and bring links."""
    for event, outcome in zip(events, outcomes, strict=True):
        dataset = event.event.dataset
        if isinstance(outcome, Passed) and known.brings_links(dataset):
            yield event.submission(dataset.dataset_id), dataset


def new_links(passed: Iterable[tuple[SubmissionId, DatasetFacts]], known: Known) -> dict[UUID, frozenset[UUID]]:
    """The inputs that updates on their way to the catalogue add to catalogued datasets.

    They are saved at once, so a second update cannot close a cycle before the first one is committed. A submission
    that the catalogue has answered before is not on its way.
    """
    added: dict[UUID, frozenset[UUID]] = {}
    for submission, dataset in passed:
        if known.brings_links(dataset) and not known.repeats(submission, dataset):
            inputs = frozenset(declared.dataset_id for declared in dataset.inputs)
            added[dataset.dataset_id] = added.get(dataset.dataset_id, frozenset()) | inputs
    return added
