"""The final verdict on held submissions, and the messages that say it: pure."""

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.linker.handler import Linker, add_ancestry
from services.linker.inputs.lineage import Node
from services.linker.inputs.near import Near, near_misses
from services.linker.inputs.submissions import STAGE, HeldSubmission, LinkerView, State
from services.linker.known import Known
from shared.events import notes
from shared.events.codes import Code, Poison, Refusal
from shared.events.dataset import DatasetFacts, Links
from shared.events.headers import derived_headers, trace_of
from shared.events.record import Message
from shared.events.rejection_message import rejection_message
from shared.events.subject import subject_of
from shared.events.topics import LINKED, VALIDATED
from shared.events.wire import read, splice

MOST_QUOTED = 20
"""How many of the inputs that never came a rejection names."""


@dataclass(frozen=True, slots=True)
class OpenedSubmission:
    """A held submission and the dataset in its record.

    A record that an older version wrote and this one cannot read has a refusal instead, so it does not block others.
    """

    submission: HeldSubmission
    dataset: DatasetFacts | None
    refusal: Refusal | None = None


def open_submission(submission: HeldSubmission) -> OpenedSubmission:
    """Read the record as the stage read it."""
    try:
        return OpenedSubmission(submission, read(submission.record, VALIDATED, LinkerView).event.dataset)
    except Poison as poison:
        return OpenedSubmission(submission, None, poison.refusal)


@dataclass(frozen=True, slots=True)
class Settled:
    """A held submission that was linked or refused, and the message that says so."""

    submission: HeldSubmission
    message: Message
    passed: DatasetFacts | None = None
    refusal: Refusal | None = None


def settle(linker: Linker, opened: Iterable[OpenedSubmission], known: Known, now: datetime) -> list[Settled]:
    """The final verdict on submissions that have no submission of the same dataset waiting before them, oldest first.

    Released submissions are judged again: the kinds of their inputs, cycles and the investigation are known only now.
    """
    ancestry = dict(known.ancestry)
    settled = []
    for each in opened:
        verdict = _final_verdict(linker, each, known, ancestry)
        if isinstance(verdict, Links):
            message = _linked(each.submission, verdict, now)
            if len(message.value) <= LINKED.max_bytes:
                settled.append(Settled(each.submission, message, passed=each.dataset))
                continue
            verdict = Refusal(
                Code.TOO_LARGE,
                f"with its links the event has {len(message.value)} bytes, {LINKED.name} takes {LINKED.max_bytes}",
            )
        record = each.submission.record
        message = rejection_message(STAGE, record, verdict, now, subject_of(record, linker.identities))
        settled.append(Settled(each.submission, message, refusal=verdict))
    return settled


def _final_verdict(
    linker: Linker, opened: OpenedSubmission, known: Known, ancestry: MutableMapping[UUID, Node]
) -> Links | Refusal:
    summary, dataset = opened.submission.summary, opened.dataset
    if dataset is None:
        return opened.refusal or Refusal(Code.INTERNAL_ERROR, "the held record cannot be read")
    if summary.state is State.EXPIRED:
        return summary.refusal or _expiry(opened.submission, dataset, known.near)
    is_repeated = known.repeats(summary.id, dataset)
    verdict = linker.judge(dataset, known, ancestry, is_repeated=is_repeated)
    if verdict.refusal is None and not is_repeated:
        add_ancestry(ancestry, dataset)
    return verdict.refusal or verdict.links


def _expiry(submission: HeldSubmission, dataset: DatasetFacts, near: Near) -> Refusal:
    missing = set(submission.missing)
    paths = [declared.path for declared in dataset.inputs if declared.dataset_id in missing]
    more = f" and {len(paths) - MOST_QUOTED} more" if len(paths) > MOST_QUOTED else ""
    wanted = "catalogued and complete" if submission.awaits_completion else "catalogued"
    since, deadline = submission.summary.since, submission.summary.deadline
    hints = "".join(f"; {finding.sentence}" for finding in near_misses(dataset.path, paths, near))
    return Refusal(
        Code.INPUT_MISSING,
        f"{len(paths)} of {len(dataset.inputs)} inputs were not {wanted} between {since:%Y-%m-%d %H:%M} and"
        f" {deadline:%Y-%m-%d %H:%M} UTC: {', '.join(paths[:MOST_QUOTED])}{more}{hints}",
    )


def _linked(submission: HeldSubmission, links: Links, now: datetime) -> Message:
    """The event that the stage would have sent if no input had been missing."""
    record, summary = submission.record, submission.summary
    receipt_id = dict(record.headers)["ce_id"].decode()
    spliced = splice(record, {"links": links})
    headers = derived_headers(LINKED, record, receipt_id, STAGE, now, spliced.members)
    note = notes.released(summary.path, receipt_id, summary.id.source, summary.since, trace_of(record))
    return Message(LINKED.name, record.key, spliced.value, headers, note)
