"""What a dataset and its catalogued inputs must have in common, by the file of its kind: pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.events.codes import Code, Refusal
from shared.events.dataset import DatasetFacts
from shared.events.identity import sample_key
from shared.events.sections import Finding, Severity
from shared.vocabulary.kinds import Kind
from shared.vocabulary.relations import Relation, relation_of

OTHER_SAMPLE, OTHER_PROPOSAL = "input_of_other_sample", "input_of_other_proposal"
STARTS_LATER, INCOMPLETE = "input_starts_later", "input_incomplete"
INPUT_REPLACED = "input_replaced"
CODES = frozenset((OTHER_SAMPLE, OTHER_PROPOSAL, STARTS_LATER, INCOMPLETE, INPUT_REPLACED))
"""The codes of findings about a dataset and its inputs. They are decided anew whenever the links are."""


@dataclass(frozen=True, slots=True)
class CataloguedDataset:
    """A committed dataset, which can be an input.

    A field is None if the dataset was committed before the linker saved this field.
    """

    path: str
    kind: str
    inputs: frozenset[UUID]
    proposal: str | None = None
    sample: str | None = None
    start: datetime | None = None
    complete: bool = True
    named: str | None = None
    """The id by which its producer asked for an investigation."""
    revision: int = 0
    inherits: bool = False
    """Whether its sample is that of its inputs."""
    made_at: datetime | None = None
    """When its last submission was committed that did more than add to it."""
    recollected_at: datetime | None = None
    """When it last replaced another measurement."""

    def outdates(self, child: "CataloguedDataset") -> bool:
        """Whether it replaced the measurement that the child was made from.

        A child without these times is older than everything.
        """
        if self.recollected_at is None:
            return False
        return child.made_at is None or child.made_at < self.recollected_at or self.outdates_start(child.start)

    def outdates_start(self, start: datetime | None) -> bool:
        """Whether a result that started then cannot come from its current measurement, which replaced another one."""
        known = self.recollected_at is not None and self.start is not None and start is not None
        return known and start < self.start  # type: ignore[operator]  # both are there


def rejected_input(path: str, reason: str) -> Refusal:
    """The rejection of a dataset whose kind does not wait for the correction of a rejected input."""
    message, cure = f"the input {path} was rejected ({reason})", "correct and resubmit it, then this"
    return Refusal.because(Code.INPUT_REJECTED, message, cure)


def disagreements(dataset: DatasetFacts, kind: Kind, inputs: Iterable[CataloguedDataset]) -> list[Finding]:
    """Where the inputs do not keep what the kind's relations demand. Other inputs are judged elsewhere."""
    findings: list[Finding] = []
    for parent in inputs:
        if kind.incomplete_inputs == "refuse" and not parent.complete:
            findings.append(_incomplete(kind, parent))
        relation = relation_of(kind.input or (), parent.kind)
        if relation is not None:
            findings += _Pair(dataset, parent, relation).disagreements()
    return findings


def input_replaced(parents: Sequence[CataloguedDataset]) -> list[Finding]:
    """The warning about inputs that were replaced after the dataset was made from them."""
    if not parents:
        return []
    first, *others = sorted(parents, key=lambda each: each.path)
    sample = f" of sample {first.sample}" if first.sample else ""
    start = f", started {first.start.isoformat()}" if first.start else ""
    more = f" and {len(others)} other inputs" if others else ""
    message = (
        f"it was made from the earlier data of its input {first.path}{more}; other data{sample}{start} are there now"
    )
    cure = "process what is there now; submit it elsewhere if this result is still wanted"
    return [Finding.warning(INPUT_REPLACED, message, cure, value=first.path)]


def as_warning(finding: Finding) -> Finding:
    """The finding as a warning, for a dataset that is catalogued already."""
    return finding.model_copy(update={"severity": Severity.WARNING})


def errors_in(findings: Sequence[Finding]) -> list[Finding]:
    """The findings that refuse the dataset."""
    return [finding for finding in findings if finding.severity is Severity.ERROR]


@dataclass(frozen=True, slots=True)
class _Pair:
    """A dataset, one of its inputs, and the relation that permits this input."""

    dataset: DatasetFacts
    parent: CataloguedDataset
    relation: Relation

    def disagreements(self) -> Iterator[Finding]:
        """Where the two disagree. Samples are compared only within one proposal, in which their names are unique."""
        dataset, parent, relation = self.dataset, self.parent, self.relation
        of_one_proposal = dataset.proposal == parent.proposal
        own_sample, other_sample = dataset.sample_name or "", parent.sample or ""
        if relation.same_proposal and parent.proposal is not None and not of_one_proposal:
            yield self._other(OTHER_PROPOSAL, relation.same_proposal, dataset.proposal, parent.proposal)
        both_known = of_one_proposal and own_sample and other_sample
        if relation.same_sample and both_known and sample_key(own_sample) != sample_key(other_sample):
            yield self._other(OTHER_SAMPLE, relation.same_sample, own_sample, other_sample)
        if relation.not_before_input and parent.start is not None and dataset.start < parent.start:
            yield self._later(relation.not_before_input, parent.start)

    def _other(self, code: str, severity: Severity, own: str, other: str) -> Finding:
        what = code.rpartition("_")[2]
        message = (
            f"the {what} of a {self.dataset.kind} is that of its input {self.parent.path}: expected {other}, found"
            f" {own}"
        )
        cure = f"correct the {what} or the input"
        return Finding(code=code, severity=severity, message=message, cure=cure, value=own, expected=other)

    def _later(self, severity: Severity, start: datetime) -> Finding:
        own = self.dataset.start.isoformat()
        message = (
            f"a {self.dataset.kind} does not start before its input {self.parent.path}: expected"
            f" {start.isoformat()} or later, found {own}"
        )
        return Finding(
            code=STARTS_LATER,
            severity=severity,
            message=message,
            cure="check both clocks",
            value=own,
            expected=f"not before {start.isoformat()}",
        )


def _incomplete(kind: Kind, parent: CataloguedDataset) -> Finding:
    message = (
        f"the inputs of a {kind.name} are complete: expected all of {parent.path}, found that more of it will follow"
    )
    return Finding.error(
        INCOMPLETE, message, "submit again when all is catalogued", value=parent.path, expected="complete"
    )
