"""The verdict on a dataset: its investigation, its inputs, and whether it goes on, waits or is refused. Pure."""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.linker.inputs.lineage import Node, cycle_through
from services.linker.inputs.near import Near, near_misses, near_paths
from services.linker.inputs.relationships import (
    as_warning,
    disagreements,
    errors_in,
    input_replaced,
)
from services.linker.inputs.submissions import HeldSummary, LinkerView, State
from services.linker.known import Known
from services.linker.plan.investigations import investigation_of
from shared.events.codes import Code, Refusal
from shared.events.dataset import DatasetFacts, InputRef, LinkedInput, Links
from shared.events.findings import summed_up
from shared.events.identity import Identities
from shared.events.pending import Pending
from shared.events.rejection_message import first_reading
from shared.events.sections import Finding
from shared.events.structs import altered
from shared.events.wire import Received, SubmissionId
from shared.stages.outcomes import Learned, Outcome, Passed, Waiting
from shared.vocabulary.techniques import TechniqueBook

AWAIT_SECONDS = 7 * 86400.0
"""How long a dataset waits for its inputs if no technique describes its kind."""

MOST_NAMED = 100
"""How many awaited inputs of a submission are named. The others are counted."""

NOT_CATALOGUED = "unknown (not catalogued yet)"


@dataclass(frozen=True)
class Queued(Learned):
    """The relay sends the submission, after what is held of the same dataset."""


@dataclass(frozen=True, slots=True)
class LinkVerdict:
    """The verdict on one dataset alone. The links are complete if nothing is missing and nothing refused."""

    links: Links
    missing: Sequence[InputRef] = ()
    refusal: Refusal | None = None

    @property
    def findings(self) -> list[Finding]:
        """All findings, each of them once."""
        refusing = self.refusal.findings if self.refusal else ()
        return [*self.links.findings, *(finding for finding in refusing if finding not in self.links.findings)]


def pending_of(submission: HeldSummary, missing: Sequence[str], deadline: datetime, near: Near) -> Pending:
    """What is published about a submission that waits for some paths."""
    return Pending(
        receipt_id=submission.id.receipt_id,
        dataset_id=submission.dataset_id,
        path=submission.path,
        waits_for=list(missing[:MOST_NAMED]),
        waits_for_count=len(missing),
        since=submission.since,
        deadline=deadline,
        findings=near_misses(submission.path, missing, near),
        near=near_paths(submission.path, missing, near),
    )


def with_facts(pending: Pending, dataset: DatasetFacts) -> Pending:
    """The same with some facts about the dataset, which a held submission's summary lacks."""
    facts = {name: getattr(dataset, name) for name in ("name", "kind", "proposal", "beamline")}
    return pending.model_copy(update=facts)


@dataclass
class _Queues:
    """The held submissions of each dataset in the order of arrival, and their outcomes.

    They grow while a batch is decided.
    """

    near: Near
    answers: dict[SubmissionId, Outcome] = field(default_factory=dict)
    of_dataset: dict[UUID, list[HeldSummary]] = field(default_factory=dict)

    def append(self, submission: HeldSummary) -> Outcome:
        """Append a submission to the queue of its dataset, and return its outcome."""
        if submission.state is State.REFUSED and submission.refusal is not None:
            return self.answers.setdefault(submission.id, submission.refusal)
        queue = self.of_dataset.setdefault(submission.dataset_id, [])
        queue.append(submission)
        waiting = [earlier for earlier in queue if earlier.state is State.WAITING]
        outcome: Outcome = Queued()
        if waiting and submission.state is not State.EXPIRED:
            paths = list(dict.fromkeys(path for earlier in waiting for path in earlier.waits_for))
            deadline = max(earlier.deadline for earlier in waiting if earlier.deadline)
            outcome = Waiting(pending_of(submission, paths, deadline, self.near))
        return self.answers.setdefault(submission.id, outcome)


class Linker:
    """The rules of one facility: its techniques, its ids, and how long it waits."""

    def __init__(
        self, techniques: TechniqueBook, identities: Identities, await_inputs_seconds: float | None = None
    ) -> None:
        self._techniques = techniques
        self.identities = identities
        self._await_inputs_seconds = await_inputs_seconds

    def link(self, events: Sequence[Received[LinkerView]], known: Known, now: datetime) -> list[Outcome]:
        """One outcome for each event, given those before it. A repeated submission gets the same answer."""
        queues = _Queues(known.near)
        for held in known.held:
            queues.append(held)
        ancestry = dict(known.ancestry)
        outcomes = []
        for event in events:
            dataset_id = event.event.dataset.dataset_id
            submission = event.submission(dataset_id)
            outcome = queues.answers.get(submission)
            if outcome is None:
                outcome = self._answer(submission, event, known, ancestry, queues, now)
            if dataset_id in known.rejected and not isinstance(outcome, Refusal):
                known = known.readmitting(dataset_id)
            if isinstance(outcome, Waiting):
                outcome = Waiting(with_facts(outcome.pending, event.event.dataset))
            outcomes.append(outcome)
        return outcomes

    def _answer(
        self,
        submission: SubmissionId,
        event: Received[LinkerView],
        known: Known,
        ancestry: MutableMapping[UUID, Node],
        queues: _Queues,
        now: datetime,
    ) -> Outcome:
        dataset = event.event.dataset
        is_repeated = known.repeats(submission, dataset)
        verdict = self.judge(dataset, known, ancestry, is_repeated=is_repeated)
        if verdict.refusal is not None:
            return queues.answers.setdefault(submission, _with_origin(verdict.refusal, event))
        waits = bool(verdict.missing or queues.of_dataset.get(dataset.dataset_id))
        if waits and (refusal := known.over_limit.get(submission)):
            return queues.answers.setdefault(submission, _with_origin(refusal, event))
        if not is_repeated:
            add_ancestry(ancestry, dataset)
        if not waits:
            return queues.answers.setdefault(submission, Passed({"links": verdict.links}))
        return queues.append(
            HeldSummary(
                id=submission,
                dataset_id=dataset.dataset_id,
                path=dataset.path,
                state=State.WAITING if verdict.missing else State.RELEASED,
                since=now,
                waits_for=tuple(declared.path for declared in verdict.missing),
                deadline=now + self._awaited_for(dataset.kind) if verdict.missing else None,
            )
        )

    def judge(
        self, dataset: DatasetFacts, known: Known, ancestry: Mapping[UUID, Node], *, is_repeated: bool = False
    ) -> LinkVerdict:
        """The verdict on a dataset, whatever is held of it. It refuses as soon as no missing input could change that.

        Args:
            dataset: The dataset to judge.
            known: What the verdict depends on.
            ancestry: Where its inputs come from.
            is_repeated: Whether the catalogue has answered the same submission before, so its links were permitted.
        """
        if dataset.mode == "update" and (current := known.catalogued.get(dataset.dataset_id)) and current.start:
            dataset = altered(dataset, start=current.start)  # an update does not say when
        investigation, findings = investigation_of(known.addressed(dataset), known.plan, self.identities)
        parents = [(each, parent) for each in dataset.inputs if (parent := known.catalogued.get(each.dataset_id))]
        outdated = known.outdated(dataset)
        linked = [
            LinkedInput(
                path=each.path, dataset_id=each.dataset_id, kind=parent.kind, replaced=each.dataset_id in outdated
            )
            for each, parent in parents
        ]
        kind = self._techniques.kind(dataset.kind)
        if kind is not None:
            present = (parent for each, parent in parents if each.dataset_id not in outdated)
            findings += disagreements(dataset, kind, present)
        findings += input_replaced([parent for each, parent in parents if each.dataset_id in outdated])
        findings = list(summed_up(findings))
        if is_repeated or dataset.revision is not None:  # beamcat's own submissions were permitted, too
            return LinkVerdict(
                Links(investigation=investigation, inputs=linked, findings=list(map(as_warning, findings)))
            )
        links = Links(investigation=investigation, inputs=linked, findings=findings)
        objection = self._objection(dataset, known, ancestry, [parent.kind for _, parent in parents])
        if objection is None and (errors := errors_in(findings)):
            objection = Refusal.of(Code.INPUT_NOT_PERMITTED, errors)
        return LinkVerdict(links, known.missing(dataset), objection or known.rejected_input(dataset))

    def _objection(
        self, dataset: DatasetFacts, known: Known, ancestry: Mapping[UUID, Node], kinds: Sequence[str]
    ) -> Refusal | None:
        if any(declared.dataset_id == dataset.dataset_id for declared in dataset.inputs):
            message = f"{dataset.path} names itself as an input"
            return Refusal.because(Code.INPUT_SELF, message, "remove it from its own inputs")
        if known.may_close_cycle(dataset) and (cycle := cycle_through(dataset, ancestry)):
            words = " comes from ".join(cycle)
            message, cure = (
                f"the inputs form a cycle: {words}",
                "leave out the inputs that come from the dataset itself",
            )
            return Refusal.because(Code.INPUT_CYCLE, message, cure)
        if not_permitted := self._relation_objection(dataset, known, kinds):
            return Refusal.because(Code.INPUT_NOT_PERMITTED, not_permitted, "correct the inputs")
        return None

    def _relation_objection(self, dataset: DatasetFacts, known: Known, kinds: Sequence[str]) -> str | None:
        kind = self._techniques.kind(dataset.kind)
        if kind is None or kind.input is None:
            return None
        missing = len(dataset.inputs) - len(kinds)
        current = known.catalogued.get(dataset.dataset_id)
        adds_to_catalogued = current is not None and dataset.adds_to(complete=current.complete)
        if missing or adds_to_catalogued:  # too few is not an error yet: more may come, or are there
            limits = [relation.max for relation in kind.input]
            room = None if None in limits else sum(limit or 0 for limit in limits)
            each_fits = all(any(relation.takes(found) for relation in kind.input) for found in kinds)
            if each_fits and (room is None or len(dataset.inputs) <= room):
                return None
        return kind.objection_to([*kinds, *[NOT_CATALOGUED] * missing])

    def _awaited_for(self, kind_name: str) -> timedelta:
        kind = self._techniques.kind(kind_name)
        technique_seconds = AWAIT_SECONDS if kind is None else kind.await_inputs_seconds
        return timedelta(seconds=self._await_inputs_seconds or technique_seconds)


def _with_origin(refusal: Refusal, event: Received[LinkerView]) -> Refusal:
    return replace(refusal, submitted=first_reading(event.record))


def add_ancestry(ancestry: MutableMapping[UUID, Node], dataset: DatasetFacts) -> None:
    """Add the inputs of a dataset to those that its earlier revisions named."""
    if dataset.inputs:
        before = ancestry.get(dataset.dataset_id, Node(dataset.path, frozenset()))
        inputs = frozenset(declared.dataset_id for declared in dataset.inputs)
        ancestry[dataset.dataset_id] = Node(dataset.path, before.inputs | inputs)
