"""What the linker learns from committed datasets: pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.linker.inputs.relationships import CataloguedDataset
from services.linker.plan.input_changes import AffectedResult, InputChange, affected_result_of, input_change_of
from services.linker.plan.investigations import Plan
from services.linker.plan.moves import CommittedDocument, Move, Placed, asked_for, move_of_new, placed
from shared.events.dataset import Commit
from shared.events.structs import PlainView
from shared.events.wire import Received
from shared.stages.outcomes import Learned, Outcome


class CommittedView(PlainView):
    """A commit without parameters and files."""

    commit: Commit
    document: CommittedDocument | None


@dataclass(frozen=True, slots=True)
class CommitContext:
    """What the linker knows about a batch of commits when it learns them."""

    plan: Plan = field(default_factory=Plan)
    """The investigations that may take over datasets from a placeholder."""
    before: Mapping[UUID, CataloguedDataset] = field(default_factory=dict)
    """The batch's datasets before the batch."""
    inputs: Mapping[UUID, CataloguedDataset] = field(default_factory=dict)
    """The inputs of the batch's datasets."""


@dataclass(frozen=True)
class CommittedRevision(Learned):
    """A revision that the catalogue committed."""

    as_input: CataloguedDataset
    """What the linker must know of the dataset to judge results that name it as an input."""
    placed: Placed
    moves: Sequence[Move]
    """At most one: out of a placeholder."""
    input_change: InputChange | None = None
    """What the revision changes for the children of the dataset."""
    affected: AffectedResult | None = None
    """The dataset itself, if its inputs changed while the revision was under way."""
    submission: str | None = None
    """The key of the submission that made the revision."""

    @property
    def dataset_id(self) -> UUID:
        """The id of the dataset."""
        return self.placed.dataset_id

    @property
    def revision(self) -> int:
        """The revision of the dataset."""
        return self.placed.revision


def learn_commits(events: Sequence[Received[CommittedView]], context: CommitContext, now: datetime) -> list[Outcome]:
    """One outcome for each commit. A dataset in a placeholder moves at once if the plan covers it by now."""
    return [_catalogued(event, context, now) for event in events]


def _catalogued(event: Received[CommittedView], context: CommitContext, now: datetime) -> Outcome:
    commit, document = event.event.commit, event.event.document
    if document is None:
        return Learned()
    dataset = placed(commit, document)
    as_input = as_catalogued(commit, document)
    flagged = any(parent.replaced for parent in document.inputs)
    return CommittedRevision(
        as_input=as_input,
        placed=dataset,
        moves=move_of_new(dataset, document, context.plan, now),
        input_change=input_change_of(commit.dataset_id, context.before.get(commit.dataset_id), as_input),
        affected=affected_result_of(commit.dataset_id, as_input, context.inputs, is_flagged=flagged),
        submission=event.submission(commit.dataset_id).key,
    )


def as_catalogued(commit: Commit, document: CommittedDocument) -> CataloguedDataset:
    """What the linker must know of a revision to judge results that name the dataset as an input."""
    return CataloguedDataset(
        path=document.path,
        kind=document.kind,
        inputs=frozenset(parent.dataset_id for parent in document.inputs),
        proposal=document.proposal,
        sample=document.sample.name if document.sample else None,
        start=document.start,
        complete=document.complete,
        named=asked_for(document.investigation),
        revision=commit.revision,
        inherits=document.sample is not None and document.sample.inherited,
        made_at=document.made_at,
        recollected_at=document.recollected_at,
    )


def newest_of(outcomes: Iterable[Outcome]) -> list[CommittedRevision]:
    """The highest revision of each dataset in a batch."""
    newest: dict[UUID, CommittedRevision] = {}
    for outcome in outcomes:
        if isinstance(outcome, CommittedRevision):
            before = newest.setdefault(outcome.dataset_id, outcome)
            if before.revision < outcome.revision:
                newest[outcome.dataset_id] = outcome
    return list(newest.values())


AnsweredSubmission = tuple[str, UUID, int]
"""The key of a submission, its dataset, and the revision that it made, or 0 if it may have made none."""


def answered_submissions(events: Sequence[Received[CommittedView]]) -> list[AnsweredSubmission]:
    """The submissions of a batch that could bring back inputs which their datasets have lost, if read again.

    They belong to results that were answered more than once. The submission that made the revision before the batch
    could do the same; the row of the dataset names it.
    """
    revised = {
        event.event.commit.dataset_id
        for event in events
        if event.event.commit.revision > 1
        and event.event.document is not None
        and event.event.document.type == "processed"
    }
    answered = []
    for event in events:
        commit = event.event.commit
        if event.event.document is None or commit.dataset_id in revised:
            revision = commit.revision if commit.dataset_id in revised else 0
            answered.append((event.submission(commit.dataset_id).key, commit.dataset_id, revision))
    return answered
