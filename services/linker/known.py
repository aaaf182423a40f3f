"""What the linker knows about a batch when it decides it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from services.linker.inputs.lineage import Node
from services.linker.inputs.near import Near, searched_for
from services.linker.inputs.relationships import CataloguedDataset, rejected_input
from services.linker.inputs.submissions import HeldSummary
from services.linker.plan.investigations import Plan
from shared.events.codes import Refusal
from shared.events.dataset import DatasetFacts, InputRef
from shared.events.structs import altered
from shared.events.wire import SubmissionId
from shared.vocabulary.relations import NO_DEMANDS, InputDemands


@dataclass(frozen=True)
class Known:
    """What is known about a batch's datasets and about everything that they name."""

    catalogued: Mapping[UUID, CataloguedDataset] = field(default_factory=dict)
    """Those datasets and inputs of the batch that are committed."""
    held: Sequence[HeldSummary] = ()
    """What is held of the batch's datasets, and those of its submissions that were answered before, oldest first."""
    ancestry: Mapping[UUID, Node] = field(default_factory=dict)
    """Where inputs come from, by catalogued and by held submissions. Loaded only if a cycle is possible."""
    plan: Plan = field(default_factory=Plan)
    """The investigations of the batch's proposals and beamlines, and those that the batch names."""
    demands: InputDemands = NO_DEMANDS
    """What some kinds demand of the inputs that they wait for."""
    rejected: Mapping[UUID, str] = field(default_factory=dict)
    """Those datasets and inputs of the batch that were rejected and are not committed, and why."""
    near: Near = field(default_factory=dict)
    """The near paths of inputs that the batch, or what is held of its datasets, waits for."""
    over_limit: Mapping[SubmissionId, Refusal] = field(default_factory=dict)
    """Those submissions of the batch that may not wait, and why."""
    answered: Collection[str] = frozenset()
    """The keys of submissions that the catalogue has answered before, among them the batch's that bring links."""

    def addressed(self, dataset: DatasetFacts) -> DatasetFacts:
        """The dataset with the investigation that its catalogued revision names, if it is an update that names none."""
        if dataset.mode != "merge" or dataset.investigation_id is not None:
            return dataset
        before = self.catalogued.get(dataset.dataset_id)
        if before is None or before.named is None:
            return dataset
        return altered(dataset, investigation_id=before.named)

    def missing(self, dataset: DatasetFacts) -> list[InputRef]:
        """The inputs that the dataset must wait for."""
        must_be_complete = dataset.kind in self.demands.complete
        return [
            declared
            for declared in dataset.inputs
            if (parent := self.catalogued.get(declared.dataset_id)) is None
            or (must_be_complete and not parent.complete)
        ]

    def outdated(self, dataset: DatasetFacts) -> set[UUID]:
        """The inputs that another measurement replaced after the dataset was made from them.

        An addition does not make a dataset newer. A dataset that starts before an input was measured was not made from
        that measurement.
        """
        if not dataset.inputs:
            return set()
        before = self.catalogued.get(dataset.dataset_id)
        if before is not None and not dataset.adds_to(complete=before.complete):
            before = None
        outdated = set()
        for key in (declared.dataset_id for declared in dataset.inputs):
            parent = self.catalogued.get(key)
            if parent is None:
                continue
            if parent.outdates_start(dataset.start) or (before and key in before.inputs and parent.outdates(before)):
                outdated.add(key)
        return outdated

    def unknown(self, datasets: Iterable[DatasetFacts]) -> set[str]:
        """The paths to search for: inputs of these and of held datasets that are not catalogued."""
        waits_for = [held.waits_for for held in self.held]
        waits_for += [tuple(each.path for each in self.missing(dataset)) for dataset in datasets]
        unknown = {path for paths in waits_for for path in searched_for(paths)}
        return unknown and unknown - {dataset.path for dataset in self.catalogued.values()}

    def rejected_input(self, dataset: DatasetFacts) -> Refusal | None:
        """Why the dataset does not wait: an input was rejected, and its kind does not wait for a correction."""
        if dataset.kind not in self.demands.accepted:
            return None
        reasons = ((each.path, self.rejected.get(each.dataset_id)) for each in self.missing(dataset))
        return next((rejected_input(path, reason) for path, reason in reasons if reason is not None), None)

    def readmitting(self, dataset_id: UUID) -> "Known":
        """The same after a rejected dataset was submitted again. Results may wait for it."""
        return replace(self, rejected={key: why for key, why in self.rejected.items() if key != dataset_id})

    def brings_links(self, dataset: DatasetFacts) -> bool:
        """Whether the dataset is an update that names inputs which the catalogued dataset lacks."""
        before = self.catalogued.get(dataset.dataset_id) if dataset.inputs else None
        return before is not None and any(declared.dataset_id not in before.inputs for declared in dataset.inputs)

    def repeats(self, submission: SubmissionId, dataset: DatasetFacts) -> bool:
        """Whether an update brings links, and the catalogue has answered it before: the dataset has lost them since."""
        return self.brings_links(dataset) and submission.key in self.answered

    def may_close_cycle(self, dataset: DatasetFacts) -> bool:
        """Whether a cycle through the dataset is possible, so the ancestry of its inputs must be searched.

        A dataset that is not committed is not an ancestor of a committed one. So only a dataset that waits, or an
        update that brings new inputs to a catalogued dataset, can close a cycle.
        """
        return self.brings_links(dataset) or bool(self.missing(dataset))
