"""Which results are looked at again because an input was measured again, or because its sample has another name: pure.

A result is outdated by an input that another measurement took the place of after the result was made: it is flagged,
and keeps its sample. Else an inherited sample follows that of the inputs.

A commit of an input finds its children, a commit of a child its inputs. Whichever the linker learns of last sees the
other, so nothing depends on the order of partitions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.linker.inputs.relationships import CataloguedDataset
from services.linker.plan.investigations import Slot
from shared.events.identity import sample_key


@dataclass(frozen=True, slots=True)
class CommitContext:
    """What is known around a batch of commits."""

    slots: Sequence[Slot] = ()
    """The investigations that may take what lies in a placeholder."""
    before: Mapping[UUID, CataloguedDataset] = field(default_factory=dict)
    """The batch's datasets as they were."""
    inputs: Mapping[UUID, CataloguedDataset] = field(default_factory=dict)
    """The inputs of the batch's datasets."""


@dataclass(frozen=True, slots=True)
class InputChange:
    """A change that concerns a dataset's children: those that a re-collection outdates, else those that inherit."""

    dataset_id: UUID
    cause: str
    recollected_at: datetime | None
    """Empty if it has another sample only."""
    start: datetime | None


@dataclass(frozen=True, slots=True)
class Revisit:
    """A dataset to be looked at again; `cause` is the input that changed, and its revision."""

    dataset_id: UUID
    cause: str


def input_change_of(dataset_id: UUID, before: CataloguedDataset | None, after: CataloguedDataset) -> InputChange | None:
    """What a revision changes for the children of its dataset; one that is not newer changes nothing."""
    if before is None or before.revision >= after.revision:
        return None
    recollected = after.recollected_at if after.recollected_at != before.recollected_at else None
    if recollected is None and _name(before) == _name(after):
        return None
    return InputChange(dataset_id, _cause(dataset_id, after), recollected, after.start)


def revisit_of(
    dataset_id: UUID, child: CataloguedDataset, inputs: Mapping[UUID, CataloguedDataset], *, is_flagged: bool
) -> Revisit | None:
    """The visit that a new revision needs at once: its inputs changed while it was under way."""
    known = {key: inputs[key] for key in sorted(child.inputs) if key in inputs}
    outdating = [key for key, parent in known.items() if parent.outdates(child)]
    if outdating:
        return None if is_flagged else Revisit(dataset_id, _cause(outdating[0], known[outdating[0]]))
    named = {_name(parent): key for key, parent in known.items() if parent.sample is not None}
    follows = child.inherits or (child.sample is None and len(named) == 1)
    if not follows or not named or named.keys() == {_name(child)}:
        return None
    key = min(key for name, key in named.items() if name != _name(child))
    return Revisit(dataset_id, _cause(key, known[key]))


def _cause(dataset_id: UUID, dataset: CataloguedDataset) -> str:
    return f"{dataset_id}/{dataset.revision}"


def _name(dataset: CataloguedDataset) -> str | None:
    return dataset.sample and sample_key(dataset.sample)
