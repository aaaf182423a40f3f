"""The tables of the linker's memory twin, and what is done to them: pure but for the numbers that it gives."""

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
from services.linker.plan.announcements import Answer, Catalogued, Lost, Place
from services.linker.plan.investigations import FIRST_OWN_NUMBER, Plan, Slot, open_for
from services.linker.plan.moves import Move, revisit
from shared.events.dataset import DatasetFacts
from shared.events.identity import Identities
from shared.events.wire import SubmissionId
from shared.vocabulary.relations import NO_DEMANDS, InputDemands

NEVER = -1
"""When something was submitted that never was."""
DUE = (State.RELEASED, State.EXPIRED)


@dataclass
class MemoryTables:
    """What the tables hold. Holdings lie by key in the order of arrival."""

    datasets: dict[UUID, Catalogued] = field(default_factory=dict)
    links: dict[UUID, frozenset[UUID]] = field(default_factory=dict)
    held: dict[str, HeldSubmission] = field(default_factory=dict)
    looks: dict[str, int] = field(default_factory=dict)
    slots: dict[UUID, Slot] = field(default_factory=dict)
    rejected: dict[UUID, str] = field(default_factory=dict)
    rejected_ms: dict[UUID, int] = field(default_factory=dict)
    readmitted: dict[UUID, int] = field(default_factory=dict)
    announcements: frozenset[Place] = frozenset()
    revisits: dict[UUID, str] = field(default_factory=dict)
    """The datasets to be looked at again, and the cause."""
    answered: frozenset[str] = frozenset()
    numbers: Iterator[int] = field(default_factory=lambda: count(FIRST_OWN_NUMBER))
    demands: InputDemands = NO_DEMANDS

    def snapshot(self) -> "MemoryTables":
        """A tables that changes by itself; what lies on it never does."""
        return replace(
            self,
            datasets=copy(self.datasets),
            links=copy(self.links),
            held=copy(self.held),
            looks=copy(self.looks),
            slots=copy(self.slots),
            rejected=copy(self.rejected),
            rejected_ms=copy(self.rejected_ms),
            readmitted=copy(self.readmitted),
            revisits=copy(self.revisits),
        )

    def catalogued(self) -> dict[UUID, CataloguedDataset]:
        """Every committed dataset, with the inputs that are under way to it."""
        return {key: replace(fact.as_input, inputs=self.links[key]) for key, fact in self.datasets.items()}

    def known(
        self, datasets: Iterable[DatasetFacts], submissions: Iterable[SubmissionId], *, include_inputs: bool = False
    ) -> Known:
        """All there is to know; what the batch does not touch does no harm."""
        datasets = list(datasets)
        own = {dataset.dataset_id for dataset in datasets}
        if include_inputs:
            own |= {declared.dataset_id for dataset in datasets for declared in dataset.inputs}
        asked = set(submissions)
        known = Known(
            catalogued=self.catalogued(),
            held=[
                holding.summary
                for holding in self.held.values()
                if holding.summary.id in asked
                or (holding.summary.dataset_id in own and holding.summary.state is not State.REFUSED)
            ],
            ancestry=self._ancestry(),
            plan=Plan(self.slots.values()),
            demands=self.demands,
            rejected=copy(self.rejected),
            answered=self.answered,
        )
        return replace(known, near=self.near(known.unknown(datasets)))

    def near(self, paths: Collection[str]) -> Near:
        """The catalogued paths that may be meant by some that are not."""
        by_key = defaultdict(list)
        for fact in self.datasets.values():
            by_key[key_of(fact.as_input.path)].append(fact.as_input.path)
        return near_each(paths, {place: by_key[key_of(place)] for path in paths for place in places_of(path)})

    def _ancestry(self) -> dict[UUID, Node]:
        ancestry = {key: Node(fact.as_input.path, self.links[key]) for key, fact in self.datasets.items()}
        for holding in self.held.values():
            key, path = holding.summary.dataset_id, holding.summary.path
            before = ancestry.get(key, Node(path, frozenset()))
            ancestry[key] = Node(path, before.inputs | holding.inputs)
        return ancestry

    def hold(self, holdings: Iterable[HeldSubmission]) -> None:
        """Keep what is not kept already."""
        for holding in holdings:
            self.held.setdefault(holding.summary.key, holding)

    def bring(self, links: dict[UUID, frozenset[UUID]]) -> None:
        """Remember inputs that are under way to the catalogue."""
        for key, inputs in links.items():
            self.links[key] = self.links[key] | inputs

    def opened(self, datasets: Iterable[DatasetFacts], known: Known, identities: Identities) -> Known:
        """The same, with an investigation for each dataset that the plan has no place for."""
        new = open_for(map(known.addressed, datasets), known.plan, identities, self.numbers)
        self.slots |= {slot.investigation_id: slot for slot in new}
        return known

    def send(self, moves: Iterable[Move]) -> None:
        """Send datasets to their investigations, but for those that another revision has overtaken meanwhile."""
        for move in moves:
            if self.datasets[move.placed.facts.dataset_id].revision == move.placed.revision:
                self.hold([move.holding])

    def note_revisits(self, fact: Catalogued) -> None:
        """Whom a revision concerns: children that it outdates, or that inherit its sample, or itself."""
        if fact.revisit is not None:
            self.revisits[fact.revisit.dataset_id] = fact.revisit.cause
        input_change = fact.input_change
        if input_change is None:
            return
        for key, child in self.catalogued().items():
            if input_change.dataset_id not in child.inputs:
                continue
            if input_change.recollected_at is not None:
                concerned = fact.as_input.outdates(child)
            else:
                concerned = child.inherits or child.sample is None
            if concerned:
                self.revisits[key] = input_change.cause

    def send_revisits(self, most: int, now: datetime) -> None:
        """Send some of them, as they are catalogued now."""
        for key in sorted(self.revisits)[:most]:
            self.hold([revisit(self.datasets[key].placed, self.revisits.pop(key), now).holding])

    def awaited(self) -> Counter[str]:
        """How many inputs each source awaits; those that came meanwhile are left out, unlike in PostgreSQL."""
        awaited = Counter[str]()
        for holding in self.held.values():
            if holding.summary.state is State.WAITING:
                awaited[holding.summary.id.source] += len(holding.missing)
        return awaited

    def due(self) -> Iterator[HeldSubmission]:
        """What is released or expired and has nothing waiting before it."""
        blocked: set[UUID] = set()
        for holding in self.held.values():
            if holding.summary.state is State.WAITING:
                blocked.add(holding.summary.dataset_id)
            elif holding.summary.state in DUE and holding.summary.dataset_id not in blocked:
                yield holding

    def to_look_at(self, waited_since: Sequence[datetime]) -> Iterator[HeldSubmission]:
        """What waits, nothing of the same dataset before it, and is due for its next look."""
        seen: set[UUID] = set()
        for key, holding in self.held.items():
            submission, looks = holding.summary, self.looks.get(key, 0)
            if submission.state is not State.WAITING or submission.dataset_id in seen:
                continue
            seen.add(submission.dataset_id)
            if looks < len(waited_since) and submission.since <= waited_since[looks]:
                yield holding

    def learn(self, fact: Catalogued) -> None:
        """A newer revision, and what it frees."""
        before = self.datasets.get(fact.dataset_id)
        if before is None or before.revision < fact.revision:
            self.datasets[fact.dataset_id] = fact
            self.links[fact.dataset_id] = fact.as_input.inputs
            self.rejected.pop(fact.dataset_id, None)
            self.rejected_ms.pop(fact.dataset_id, None)
        for key, holding in self.held.items():
            if holding.summary.state is State.WAITING and (fact.as_input.complete or not holding.awaits_completion):
                self.held[key] = self._without(holding, fact.dataset_id)

    def note_answered(self, answers: Iterable[Answer]) -> None:
        """Submissions that the catalogue answered, and what made the revisions before theirs."""
        for key, dataset_id, revision in answers:
            self.answered |= {key}
            before = self.datasets.get(dataset_id)
            if before is not None and before.submission is not None and before.revision < revision:
                self.answered |= {before.submission}

    def readmit(self, again: dict[UUID, int]) -> None:
        """Datasets that were rejected are under way again, since a submission of then."""
        for dataset_id, submitted_ms in again.items():
            del self.rejected[dataset_id], self.rejected_ms[dataset_id]
            self.readmitted[dataset_id] = max(self.readmitted.get(dataset_id, NEVER), submitted_ms)

    def lose(self, lost: Lost) -> None:
        """A dataset that was rejected, unless another submission of it is catalogued, waits or has gone on since; and
        what that ends.
        """
        waiting = {key: each for key, each in self.held.items() if each.summary.state is State.WAITING}
        alive = {*self.datasets, *(each.summary.dataset_id for each in waiting.values())}
        if lost.dataset_id in alive or self.readmitted.get(lost.dataset_id, NEVER) > lost.submitted_ms:
            return
        before = self.rejected_ms.get(lost.dataset_id, NEVER), self.rejected.get(lost.dataset_id, "")
        if lost.order <= before:
            return
        self.rejected[lost.dataset_id], self.rejected_ms[lost.dataset_id] = lost.reason, lost.submitted_ms
        for key, holding in waiting.items():
            if holding.ends_with_inputs and lost.dataset_id in holding.missing:
                ended = replace(holding.summary, state=State.EXPIRED, refusal=lost.refusal)
                self.held[key] = replace(holding, summary=ended)

    def _without(self, holding: HeldSubmission, dataset_id: UUID) -> HeldSubmission:
        places = [place for place, missing in enumerate(holding.missing) if missing != dataset_id]
        submission = replace(
            holding.summary,
            waits_for=tuple(holding.summary.waits_for[place] for place in places),
            state=State.WAITING if places else State.RELEASED,
        )
        return replace(holding, summary=submission, missing=tuple(holding.missing[place] for place in places))
