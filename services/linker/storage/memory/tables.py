"""The tables of the linker's store in memory, and what its transactions do to them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from uuid import UUID

from services.linker.inputs.lineage import Node
from services.linker.inputs.near import Near, key_of, near_each, places_of
from services.linker.inputs.relationships import CataloguedDataset
from services.linker.inputs.submissions import HeldSubmission, State
from services.linker.known import Known
from services.linker.plan.announcements import RecordPosition
from services.linker.plan.commits import AnsweredSubmission, CommittedRevision
from services.linker.plan.investigations import Plan, open_for
from services.linker.plan.moves import Move, resubmission
from services.linker.plan.rejections import RejectedDataset
from services.linker.plan.slots import FIRST_OWN_NUMBER, Slot
from shared.events.dataset import DatasetFacts
from shared.events.identity import Identities
from shared.events.wire import SubmissionId
from shared.vocabulary.relations import NO_DEMANDS, InputDemands

NEVER = -1
"""The time of a submission that does not exist."""
DUE = (State.RELEASED, State.EXPIRED)


@dataclass
class MemoryTables:
    """The contents of the tables. Held submissions are saved by key in the order of arrival."""

    datasets: dict[UUID, CommittedRevision] = field(default_factory=dict)
    links: dict[UUID, frozenset[UUID]] = field(default_factory=dict)
    held: dict[str, HeldSubmission] = field(default_factory=dict)
    searches: dict[str, int] = field(default_factory=dict)
    slots: dict[UUID, Slot] = field(default_factory=dict)
    rejected: dict[UUID, str] = field(default_factory=dict)
    rejected_ms: dict[UUID, int] = field(default_factory=dict)
    readmitted: dict[UUID, int] = field(default_factory=dict)
    announcements: frozenset[RecordPosition] = frozenset()
    affected: dict[UUID, str] = field(default_factory=dict)
    """The results to submit again, and the cause of each."""
    answered: frozenset[str] = frozenset()
    numbers: Iterator[int] = field(default_factory=lambda: count(FIRST_OWN_NUMBER))
    demands: InputDemands = NO_DEMANDS

    def snapshot(self) -> "MemoryTables":
        """A copy that can change without the original. The rows themselves never change."""
        return replace(
            self,
            datasets=copy(self.datasets),
            links=copy(self.links),
            held=copy(self.held),
            searches=copy(self.searches),
            slots=copy(self.slots),
            rejected=copy(self.rejected),
            rejected_ms=copy(self.rejected_ms),
            readmitted=copy(self.readmitted),
            affected=copy(self.affected),
        )

    def catalogued(self) -> dict[UUID, CataloguedDataset]:
        """Every committed dataset, with the inputs that are on their way to it."""
        return {key: replace(fact.as_input, inputs=self.links[key]) for key, fact in self.datasets.items()}

    def known(
        self, datasets: Iterable[DatasetFacts], submissions: Iterable[SubmissionId], *, include_inputs: bool = False
    ) -> Known:
        """Everything that is known. What the batch does not touch does no harm."""
        datasets = list(datasets)
        own = {dataset.dataset_id for dataset in datasets}
        if include_inputs:
            own |= {declared.dataset_id for dataset in datasets for declared in dataset.inputs}
        asked = set(submissions)
        summaries = [submission.summary for submission in self.held.values()]
        known = Known(
            catalogued=self.catalogued(),
            held=[
                summary
                for summary in summaries
                if summary.id in asked or (summary.dataset_id in own and summary.state is not State.REFUSED)
            ],
            ancestry=self._ancestry(),
            plan=Plan(self.slots.values()),
            demands=self.demands,
            rejected=copy(self.rejected),
            answered=self.answered,
        )
        return replace(known, near=self.near(known.unknown(datasets)))

    def near(self, paths: Collection[str]) -> Near:
        """The catalogued paths that may be meant by some paths that are not catalogued."""
        by_key = defaultdict(list)
        for fact in self.datasets.values():
            by_key[key_of(fact.as_input.path)].append(fact.as_input.path)
        return near_each(paths, {place: by_key[key_of(place)] for path in paths for place in places_of(path)})

    def _ancestry(self) -> dict[UUID, Node]:
        ancestry = {key: Node(fact.as_input.path, self.links[key]) for key, fact in self.datasets.items()}
        for submission in self.held.values():
            key, path = submission.summary.dataset_id, submission.summary.path
            before = ancestry.get(key, Node(path, frozenset()))
            ancestry[key] = Node(path, before.inputs | submission.inputs)
        return ancestry

    def with_openings(self, datasets: Iterable[DatasetFacts], known: Known, identities: Identities) -> Known:
        """`known` with a new investigation for each dataset that the plan has no place for."""
        new = open_for(map(known.addressed, datasets), known.plan, identities, self.numbers)
        self.slots |= {slot.investigation_id: slot for slot in new}
        return known

    def hold(self, submissions: Iterable[HeldSubmission]) -> None:
        """Save the submissions. Those that are held already stay as they are."""
        for submission in submissions:
            self.held.setdefault(submission.summary.key, submission)

    def hold_moves(self, moves: Iterable[Move]) -> None:
        """Save moves for the relay to send, except those that a newer revision has overtaken."""
        for move in moves:
            if self.datasets[move.placed.dataset_id].revision == move.placed.revision:
                self.hold([move.submission])

    def bring_links(self, links: dict[UUID, frozenset[UUID]]) -> None:
        """Save inputs that are on their way to the catalogue."""
        for key, inputs in links.items():
            self.links[key] = self.links[key] | inputs

    def learn(self, fact: CommittedRevision) -> None:
        """Save a revision if it is newer, and release what waited for the dataset."""
        before = self.datasets.get(fact.dataset_id)
        if before is None or before.revision < fact.revision:
            self.datasets[fact.dataset_id] = fact
            self.links[fact.dataset_id] = fact.as_input.inputs
            self.rejected.pop(fact.dataset_id, None)
            self.rejected_ms.pop(fact.dataset_id, None)
        for key, submission in self._waiting().items():
            if fact.as_input.complete or not submission.awaits_completion:
                self.held[key] = _without(submission, fact.dataset_id)

    def note_answered(self, answered: Iterable[AnsweredSubmission]) -> None:
        """Note submissions that the catalogue answered, and those that made the revisions before theirs."""
        for key, dataset_id, revision in answered:
            self.answered |= {key}
            before = self.datasets.get(dataset_id)
            if before is not None and before.submission is not None and before.revision < revision:
                self.answered |= {before.submission}

    def note_affected(self, fact: CommittedRevision) -> None:
        """Note the results that a revision affects: children that it outdates, heirs of its sample, or itself."""
        if fact.affected is not None:
            self.affected[fact.affected.dataset_id] = fact.affected.cause
        change = fact.input_change
        if change is None:
            return
        for key, child in self.catalogued().items():
            if change.dataset_id not in child.inputs:
                continue
            if change.recollected_at is not None:
                is_affected = fact.as_input.outdates(child)
            else:
                is_affected = child.inherits or child.sample is None
            if is_affected:
                self.affected[key] = change.cause

    def resubmit_affected(self, most: int, now: datetime) -> None:
        """Submit some of the affected results again, as they are catalogued now."""
        for key in sorted(self.affected)[:most]:
            self.hold([resubmission(self.datasets[key].placed, self.affected.pop(key), now).submission])

    def awaited(self) -> Counter[str]:
        """How many inputs each source awaits. Unlike in PostgreSQL, inputs that came meanwhile do not count."""
        awaited = Counter[str]()
        for submission in self._waiting().values():
            awaited[submission.summary.id.source] += len(submission.missing)
        return awaited

    def due(self) -> Iterator[HeldSubmission]:
        """The released and expired submissions that no submission of the same dataset waits before."""
        blocked: set[UUID] = set()
        for submission in self.held.values():
            summary = submission.summary
            if summary.state is State.WAITING:
                blocked.add(summary.dataset_id)
            elif summary.state in DUE and summary.dataset_id not in blocked:
                yield submission

    def due_for_search(self, waited_since: Sequence[datetime]) -> Iterator[HeldSubmission]:
        """The first waiting submission of each dataset, if its next search is due."""
        seen: set[UUID] = set()
        for key, submission in self._waiting().items():
            summary, searches = submission.summary, self.searches.get(key, 0)
            if summary.dataset_id in seen:
                continue
            seen.add(summary.dataset_id)
            if searches < len(waited_since) and summary.since <= waited_since[searches]:
                yield submission

    def expire(self, now: datetime, most: int) -> int:
        """Give up some of what has waited past its deadline, and return how many."""
        deadlines = ((key, each, each.summary.deadline) for key, each in self._waiting().items())
        late = [(key, each) for key, each, deadline in deadlines if deadline is not None and deadline <= now][:most]
        for key, submission in late:
            self.held[key] = replace(submission, summary=replace(submission.summary, state=State.EXPIRED))
        return len(late)

    def readmit(self, again: dict[UUID, int]) -> None:
        """Accept rejected datasets that were submitted again, at these times."""
        for dataset_id, submitted_ms in again.items():
            del self.rejected[dataset_id], self.rejected_ms[dataset_id]
            self.readmitted[dataset_id] = max(self.readmitted.get(dataset_id, NEVER), submitted_ms)

    def reject(self, rejected: RejectedDataset) -> None:
        """Note a rejected dataset, and end the waiting for it.

        A rejection does not count if another submission of the dataset is catalogued, waits, or went on later.
        """
        dataset_id, waiting = rejected.dataset_id, self._waiting()
        alive = {*self.datasets, *(each.summary.dataset_id for each in waiting.values())}
        if dataset_id in alive or self.readmitted.get(dataset_id, NEVER) > rejected.submitted_ms:
            return
        before = self.rejected_ms.get(dataset_id, NEVER), self.rejected.get(dataset_id, "")
        if rejected.order <= before:
            return
        self.rejected[dataset_id], self.rejected_ms[dataset_id] = rejected.reason, rejected.submitted_ms
        for key, submission in waiting.items():
            if submission.ends_with_inputs and dataset_id in submission.missing:
                ended = replace(submission.summary, state=State.EXPIRED, refusal=rejected.refusal)
                self.held[key] = replace(submission, summary=ended)

    def _waiting(self) -> dict[str, HeldSubmission]:
        return {key: each for key, each in self.held.items() if each.summary.state is State.WAITING}


def _without(submission: HeldSubmission, dataset_id: UUID) -> HeldSubmission:
    """The submission after an input has come."""
    places = [place for place, missing in enumerate(submission.missing) if missing != dataset_id]
    summary = replace(
        submission.summary,
        waits_for=tuple(submission.summary.waits_for[place] for place in places),
        state=State.WAITING if places else State.RELEASED,
    )
    return replace(submission, summary=summary, missing=tuple(submission.missing[place] for place in places))
