"""Decides which revision of its dataset an event makes. Pure: the catalogued state and the time are arguments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic_core import from_json, to_json

from services.catalog_writer.documents import (
    CatalogDocument,
    CatalogView,
    document_of,
    merged,
    same_content,
    updated,
    written,
)
from services.catalog_writer.parts import joined
from services.catalog_writer.replacement import in_place_of, says_the_same
from shared.events.codes import Code, Refusal
from shared.events.dataset import Commit, DatasetFacts
from shared.events.topics import COMMITTED
from shared.events.wire import Received, SubmissionId, member
from shared.stages.outcomes import Learned, Outcome
from shared.vocabulary.combining import Combining


@dataclass(frozen=True, slots=True)
class CurrentRevision:
    """The current revision of a dataset."""

    revision: int
    document: CatalogDocument

    @classmethod
    def read(cls, payload: bytes) -> Self:
        """The revision in a committed event, which must have a document."""
        event = from_json(payload)
        document = event["document"] | {"parameters": to_json(event["document"]["parameters"])}
        return cls(event["commit"]["revision"], CatalogDocument.model_validate(document))


@dataclass(frozen=True, slots=True)
class CatalogState:
    """The catalogued revisions of a batch's datasets, and the earlier answers to its submissions."""

    datasets: Mapping[UUID, CurrentRevision]
    answered: Mapping[SubmissionId, Refusal | None]
    numbers: Mapping[UUID, int]
    """The number of every dataset of the batch: its present one, or the one that it gets if it is catalogued now."""


@dataclass(frozen=True)
class Answered(Learned):
    """The catalogue accepts the submission. `payload` is the committed event; its outcome may be `unchanged`."""

    commit: Commit
    submission: SubmissionId
    payload: bytes


@dataclass(frozen=True)
class Revised(Answered):
    """The submission makes a new revision."""

    document: CatalogDocument


@dataclass(frozen=True)
class AnsweredBefore(Learned):
    """The same submission again. Its answer was published, or is still in the outbox."""


def commit(
    rules: Combining, events: Sequence[Received[CatalogView]], known: CatalogState, now: datetime
) -> Sequence[Outcome]:
    """One outcome for each event. Each event sees the revisions that earlier events of the batch made."""
    catalogued = dict(known.datasets)
    answered = dict(known.answered)
    outcomes: list[Outcome] = []
    for event in events:
        dataset_id = event.event.dataset.dataset_id
        submission = event.submission(dataset_id)
        if submission in answered:
            outcomes.append(answered[submission] or AnsweredBefore())
            continue
        outcome = _settle(event, known.numbers[dataset_id], catalogued.get(dataset_id), rules, now)
        if isinstance(outcome, Revised):
            catalogued[dataset_id] = CurrentRevision(outcome.commit.revision, outcome.document)
        answered[submission] = outcome if isinstance(outcome, Refusal) else None
        outcomes.append(outcome)
    return outcomes


def _settle(
    event: Received[CatalogView], number: int, current: CurrentRevision | None, rules: Combining, now: datetime
) -> Answered | Refusal:
    document = document_of(event.event, member(event.record, "parameters"), now)
    facts = event.event.dataset
    if facts.mode == "update" and (objection := _update_objection(facts, current)):
        return objection
    if current is None:
        return _revised(event, _commit(event, number, 1, "created", now), document)
    adds = facts.adds_to(complete=current.document.complete)
    is_overtaken = facts.revision is not None and facts.revision != current.revision
    document = _next(current, document, facts, rules, now)
    if is_overtaken or (same_content if adds else says_the_same)(current.document, document):
        unchanged = _commit(event, number, current.revision, "unchanged", now)
        return Answered(unchanged, event.submission(facts.dataset_id), written(unchanged, None))
    index, catalogued = facts.sequence_index, current.document.sequence_index
    if index is not None and catalogued is not None and index <= catalogued:
        return Refusal(
            Code.SEQUENCE_NOT_HIGHER,
            f"{document.path} is catalogued with sequence_index {catalogued} (revision {current.revision}), and this "
            f"submission has {index}: if the catalogued one is newer, do nothing; else raise the index and resubmit",
        )
    revised = _commit(event, number, current.revision + 1, "merged" if adds else "replaced", now)
    return _revised(event, revised, document)


def _next(
    current: CurrentRevision, document: CatalogDocument, facts: DatasetFacts, rules: Combining, now: datetime
) -> CatalogDocument:
    before = current.document
    if not facts.adds_to(complete=before.complete):
        return in_place_of(before, current.revision, document, now)
    is_update = facts.mode == "update"
    both = (
        updated(before, document, names_sample=facts.sample_name is not None) if is_update else merged(before, document)
    )
    return joined(both, before, document, rules, is_update=is_update)


def _update_objection(facts: DatasetFacts, current: CurrentRevision | None) -> Refusal | None:
    """The reason to refuse an update: it may change only a catalogued dataset, and only one of its own session.

    A dataset that waits in the linker arrives here before its updates. So a dataset that is not here was never sent.
    """
    if current is None:
        words = f"no dataset is catalogued at {facts.path}, so nothing can be updated; submit the dataset first"
        return Refusal(Code.NOTHING_TO_UPDATE, words)
    said, catalogued = ((each.proposal, each.beamline) for each in (facts, current.document))
    if said != catalogued:
        words = f"{facts.path} is catalogued for {' on '.join(catalogued)}, and the update is for {' on '.join(said)}"
        return Refusal(Code.UPDATE_ELSEWHERE, words)
    return None


def _commit(
    event: Received[CatalogView],
    number: int,
    revision: int,
    outcome: Literal["created", "replaced", "merged", "unchanged"],
    now: datetime,
) -> Commit:
    facts = event.event.dataset
    return Commit(
        receipt_id=event.receipt_id,
        dataset_id=facts.dataset_id,
        number=number,
        path=facts.path,
        revision=revision,
        outcome=outcome,
        submitted_at=facts.submitted_at,
        committed_at=now,
    )


def _revised(event: Received[CatalogView], commit: Commit, document: CatalogDocument) -> Revised | Refusal:
    payload = written(commit, document)
    if len(payload) > COMMITTED.max_bytes:
        return Refusal(
            Code.TOO_LARGE,
            f"{commit.path} would have {len(payload)} bytes as revision {commit.revision}, and {COMMITTED.name} takes "
            f"{COMMITTED.max_bytes}: replace what is there instead of adding to it, or move bulk data into files",
        )
    return Revised(commit, event.submission(commit.dataset_id), payload, document)
