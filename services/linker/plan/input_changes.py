"""Which results are submitted again after one of their inputs was measured again or got another sample name: pure.

An input outdates a result if another measurement took the place of that input after the result was made. Such a result
is flagged and keeps its sample. Otherwise, an inherited sample follows the sample of the inputs.

The commit of an input looks for its children, and the commit of a child looks at its inputs. The linker sees the other
one with whichever commit it learns last, so nothing depends on the order of partitions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.linker.inputs.relationships import CataloguedDataset
from shared.events.identity import sample_key


@dataclass(frozen=True, slots=True)
class InputChange:
    """A change of a dataset that affects its children.

    After a re-collection it affects the children that are outdated, otherwise those that inherit their sample.
    """

    dataset_id: UUID
    cause: str
    recollected_at: datetime | None
    """None if only the sample changed."""
    start: datetime | None


@dataclass(frozen=True, slots=True)
class AffectedResult:
    """A dataset to submit again. `cause` names the input that changed, and the revision of that input."""

    dataset_id: UUID
    cause: str


def input_change_of(dataset_id: UUID, before: CataloguedDataset | None, after: CataloguedDataset) -> InputChange | None:
    """What a revision changes for the children of its dataset. A revision that is not newer changes nothing."""
    if before is None or before.revision >= after.revision:
        return None
    recollected = after.recollected_at if after.recollected_at != before.recollected_at else None
    if recollected is None and _name(before) == _name(after):
        return None
    return InputChange(dataset_id, _cause(dataset_id, after), recollected, after.start)


def affected_result_of(
    dataset_id: UUID, child: CataloguedDataset, inputs: Mapping[UUID, CataloguedDataset], *, is_flagged: bool
) -> AffectedResult | None:
    """The dataset of a new revision itself, if its inputs changed while the revision was under way."""
    known = {key: inputs[key] for key in sorted(child.inputs) if key in inputs}
    outdating = [key for key, parent in known.items() if parent.outdates(child)]
    if outdating:
        return None if is_flagged else AffectedResult(dataset_id, _cause(outdating[0], known[outdating[0]]))
    named = {_name(parent): key for key, parent in known.items() if parent.sample is not None}
    follows = child.inherits or (child.sample is None and len(named) == 1)
    if not follows or not named or named.keys() == {_name(child)}:
        return None
    key = min(key for name, key in named.items() if name != _name(child))
    return AffectedResult(dataset_id, _cause(key, known[key]))


def _cause(dataset_id: UUID, dataset: CataloguedDataset) -> str:
    return f"{dataset_id}/{dataset.revision}"


def _name(dataset: CataloguedDataset) -> str | None:
    return dataset.sample and sample_key(dataset.sample)
