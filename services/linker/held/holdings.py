"""What is kept of a submission that could not go straight on, and what becomes of it when its time has come: pure."""

from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.linker.handler import Linker, add_ancestry
from services.linker.inputs.lineage import Node
from services.linker.inputs.near import Near, near_misses
from services.linker.inputs.submissions import STAGE, HeldSubmission, HeldSummary, LinkerView, State
from services.linker.known import Known
from shared.events import notes
from shared.events.codes import Code, Poison, Refusal
from shared.events.dataset import DatasetFacts, Links
from shared.events.headers import derived_headers, trace_of
from shared.events.record import Message
from shared.events.rejection_message import first_reading, rejection_message
from shared.events.subject import subject_of
from shared.events.topics import LINKED, VALIDATED
from shared.events.wire import Received, SubmissionId, read, splice
from shared.stages.outcomes import Outcome, Passed, Waiting

MOST_TOLD = 20
"""Of the inputs that never came, those that a rejection names."""


def submissions_of(events: Iterable[Received[LinkerView]]) -> list[SubmissionId]:
    """Which submissions a batch is about."""
    return [event.submission(event.event.dataset.dataset_id) for event in events]


def holdings_of(
    events: Sequence[Received[LinkerView]], outcomes: Sequence[Outcome], known: Known
) -> list[HeldSubmission]:
    """What has to be kept of a decided batch: everything that did not pass and is not kept already."""
    kept = {held.id for held in known.held}
    return [
        _holding(event, outcome, known)
        for event, submission, outcome in zip(events, submissions_of(events), outcomes, strict=True)
        if not isinstance(outcome, Passed) and submission not in kept
    ]


def _holding(event: Received[LinkerView], outcome: Outcome, known: Known) -> HeldSubmission:
    dataset = event.event.dataset
    missing = known.missing(dataset)
    submission = HeldSummary(
        id=event.submission(dataset.dataset_id),
        dataset_id=dataset.dataset_id,
        path=dataset.path,
        state=State.WAITING if missing else State.RELEASED,
        since=event.record.at,
        waits_for=tuple(declared.path for declared in missing),
    )
    inputs = frozenset(declared.dataset_id for declared in dataset.inputs)
    holding = HeldSubmission(
        submission,
        inputs,
        tuple(declared.dataset_id for declared in missing),
        event.record,
        dataset.kind in known.demands.complete,
        dataset.kind in known.demands.accepted,
    )
    match outcome:
        case Refusal():
            return holding.refused(outcome)
        case Waiting(pending):
            return replace(holding, summary=replace(submission, since=pending.since, deadline=pending.deadline))
        case _:
            return holding


def readmitted(events: Sequence[Received[LinkerView]], outcomes: Sequence[Outcome], known: Known) -> dict[UUID, int]:
    """The datasets that were rejected before and are under way again, since which submission (in milliseconds).

    Who comes now may wait for them.
    """
    return {
        event.event.dataset.dataset_id: first_reading(event.record).timestamp_ms
        for event, outcome in zip(events, outcomes, strict=True)
        if not isinstance(outcome, Refusal) and event.event.dataset.dataset_id in known.rejected
    }


def passed_of(
    events: Iterable[Received[LinkerView]], outcomes: Iterable[Outcome]
) -> Iterator[tuple[SubmissionId, DatasetFacts]]:
    """What goes straight on, of a decided batch."""
    for event, outcome in zip(events, outcomes, strict=True):
        if isinstance(outcome, Passed):
            dataset = event.event.dataset
            yield event.submission(dataset.dataset_id), dataset


def new_links(passed: Iterable[tuple[SubmissionId, DatasetFacts]], known: Known) -> dict[UUID, frozenset[UUID]]:
    """The inputs that updates under way bring to catalogued datasets.

    Remembered at once, so that no second update closes a circle before the catalogue has told of the first. What the
    catalogue has answered before is not under way.
    """
    added: dict[UUID, frozenset[UUID]] = {}
    for submission, dataset in passed:
        if submission.key not in known.answered and known.brings_links(dataset):
            inputs = frozenset(declared.dataset_id for declared in dataset.inputs)
            added[dataset.dataset_id] = added.get(dataset.dataset_id, frozenset()) | inputs
    return added


@dataclass(frozen=True, slots=True)
class Opened:
    """A holding whose record was read again; a record of another version than ours is refused, not in the way."""

    holding: HeldSubmission
    dataset: DatasetFacts | None
    refusal: Refusal | None = None


def open_holding(holding: HeldSubmission) -> Opened:
    """Read the kept record as the stage read it."""
    try:
        return Opened(holding, read(holding.record, VALIDATED, LinkerView).event.dataset)
    except Poison as poison:
        return Opened(holding, None, poison.refusal)


@dataclass(frozen=True, slots=True)
class Settled:
    """A holding that has come to its end, and what is said of it: linked if there is no refusal."""

    holding: HeldSubmission
    message: Message
    passed: DatasetFacts | None = None
    refusal: Refusal | None = None


def settle(linker: Linker, opened: Iterable[Opened], known: Known, now: datetime) -> list[Settled]:
    """The last word on holdings that nothing of the same dataset waits before, oldest first.

    What was released is judged again: the kinds of its inputs, circles and the investigation are known only now.
    """
    ancestry = dict(known.ancestry)
    settled = []
    for each in opened:
        verdict = _last_word(linker, each, known, ancestry)
        if isinstance(verdict, Links):
            message = _linked(each.holding, verdict, now)
            if len(message.value) <= LINKED.max_bytes:
                settled.append(Settled(each.holding, message, passed=each.dataset))
                continue
            verdict = Refusal(
                Code.TOO_LARGE,
                f"with its links the event has {len(message.value)} bytes, {LINKED.name} takes {LINKED.max_bytes}",
            )
        record = each.holding.record
        message = rejection_message(STAGE, record, verdict, now, subject_of(record, linker.identities))
        settled.append(Settled(each.holding, message, refusal=verdict))
    return settled


def _last_word(linker: Linker, opened: Opened, known: Known, ancestry: MutableMapping[UUID, Node]) -> Links | Refusal:
    submission, dataset = opened.holding.summary, opened.dataset
    if dataset is None:
        return opened.refusal or Refusal(Code.INTERNAL_ERROR, "the held record cannot be read")
    if submission.state is State.EXPIRED:
        return submission.refusal or _expiry(opened.holding, dataset, known.near)
    is_repeated = submission.id.key in known.answered
    verdict = linker.judge(dataset, known, ancestry, is_repeated=is_repeated)
    if verdict.refusal is None and not is_repeated:
        add_ancestry(ancestry, dataset)
    return verdict.refusal or verdict.links


def _expiry(holding: HeldSubmission, dataset: DatasetFacts, near: Near) -> Refusal:
    missing = set(holding.missing)
    paths = [declared.path for declared in dataset.inputs if declared.dataset_id in missing]
    more = f" and {len(paths) - MOST_TOLD} more" if len(paths) > MOST_TOLD else ""
    wanted = "catalogued and complete" if holding.awaits_completion else "catalogued"
    since, deadline = holding.summary.since, holding.summary.deadline
    told = "".join(f"; {finding.sentence}" for finding in near_misses(dataset.path, paths, near))
    return Refusal(
        Code.INPUT_MISSING,
        f"{len(paths)} of {len(dataset.inputs)} inputs were not {wanted} between {since:%Y-%m-%d %H:%M} and"
        f" {deadline:%Y-%m-%d %H:%M} UTC: {', '.join(paths[:MOST_TOLD])}{more}{told}",
    )


def _linked(holding: HeldSubmission, links: Links, now: datetime) -> Message:
    """The event as the stage's runner would have sent it, had nothing been missing."""
    record, submission = holding.record, holding.summary
    receipt_id = dict(record.headers)["ce_id"].decode()
    spliced = splice(record, {"links": links})
    headers = derived_headers(LINKED, record, receipt_id, STAGE, now, spliced.members)
    note = notes.released(submission.path, receipt_id, submission.id.source, submission.since, trace_of(record))
    return Message(LINKED.name, record.key, spliced.value, headers, note)
