"""What the linker knows of a batch when it decides: the result of one load."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from services.linker.inputs.lineage import Node
from services.linker.inputs.near import Near, looked_for
from services.linker.inputs.relationships import CataloguedDataset, rejected_input
from services.linker.inputs.submissions import HeldSummary
from services.linker.plan.investigations import Plan
from shared.events.codes import Refusal
from shared.events.dataset import DatasetFacts, InputRef
from shared.events.wire import SubmissionId
from shared.vocabulary.relations import NO_DEMANDS, InputDemands


@dataclass(frozen=True)
class Known:
    """What is known of a batch's datasets and of everything they name."""

    catalogued: Mapping[UUID, CataloguedDataset] = field(default_factory=dict)
    """Of the datasets and inputs of the batch, those that are committed."""
    held: Sequence[HeldSummary] = ()
    """What is held of the batch's datasets, and of the batch what was answered before; oldest first."""
    ancestry: Mapping[UUID, Node] = field(default_factory=dict)
    """Where inputs come from, by catalogued and by held submissions; loaded only where a circle is possible."""
    plan: Plan = field(default_factory=Plan)
    """The investigations of the batch's proposals and beamlines, and those that it names."""
    demands: InputDemands = NO_DEMANDS
    """What some kinds ask of the inputs that they wait for."""
    rejected: Mapping[UUID, str] = field(default_factory=dict)
    """Of the datasets and inputs of the batch, those that are not committed because they were rejected, and why."""
    near: Near = field(default_factory=dict)
    """Of inputs that the batch or what it finds held waits for, the catalogued paths that may be meant."""

    over_limit: Mapping[SubmissionId, Refusal] = field(default_factory=dict)
    """Of the batch, what there is no room for if it has to wait, and why."""

    answered: Collection[str] = frozenset()
    """Of the batch's updates that bring links, those that the catalogue has answered before: by their keys."""

    def addressed(self, dataset: DatasetFacts) -> DatasetFacts:
        """With the investigation that it names: an update that names none adds to a dataset that may name one."""
        before = self.catalogued.get(dataset.dataset_id)
        if before is None or before.named is None or dataset.mode != "merge" or dataset.investigation_id is not None:
            return dataset
        return dataset.model_copy(update={"investigation_id": before.named})

    def missing(self, dataset: DatasetFacts) -> list[InputRef]:
        """Its inputs that it must wait for."""
        must_be_complete = dataset.kind in self.demands.complete
        return [
            declared
            for declared in dataset.inputs
            if (parent := self.catalogued.get(declared.dataset_id)) is None
            or (must_be_complete and not parent.complete)
        ]

    def outdated(self, dataset: DatasetFacts) -> set[UUID]:
        """Those of its inputs that another measurement took the place of since it was made from them.

        What is added to a dataset makes it no newer. What starts before an input was measured was not made from that.
        """
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
        """The paths of inputs that are not catalogued, of some datasets and of what is held."""
        waits_for = [held.waits_for for held in self.held]
        waits_for += [tuple(each.path for each in self.missing(dataset)) for dataset in datasets]
        unknown = {path for paths in waits_for for path in looked_for(paths)}
        return unknown and unknown - {dataset.path for dataset in self.catalogued.values()}

    def rejected_input(self, dataset: DatasetFacts) -> Refusal | None:
        """Why it does not wait, if it waits for an input that was rejected and its kind does not bear that."""
        if dataset.kind not in self.demands.accepted:
            return None
        lost = ((each.path, self.rejected.get(each.dataset_id)) for each in self.missing(dataset))
        return next((rejected_input(path, reason) for path, reason in lost if reason is not None), None)

    def readmitting(self, dataset_id: UUID) -> "Known":
        """The same after a dataset that was rejected has come again: it may be waited for."""
        return replace(self, rejected={key: why for key, why in self.rejected.items() if key != dataset_id})

    def brings_links(self, dataset: DatasetFacts) -> bool:
        """True for an update that names inputs which the catalogued dataset has not."""
        before = self.catalogued.get(dataset.dataset_id)
        return before is not None and any(declared.dataset_id not in before.inputs for declared in dataset.inputs)

    def may_close_circle(self, dataset: DatasetFacts) -> bool:
        """True if a circle through the dataset is possible, so that the ancestry of its inputs must be looked at.

        A dataset that is not committed is no committed one's ancestor: only one that waits or an update of a catalogued
        one that brings new inputs, can close a circle.
        """
        return self.brings_links(dataset) or bool(self.missing(dataset))
