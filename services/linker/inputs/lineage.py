"""Circles: a dataset that would come from itself by way of its inputs' inputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from shared.events.dataset import DatasetFacts


@dataclass(frozen=True, slots=True)
class Node:
    """A dataset and what it comes from, by any submission of it that is catalogued, under way or held."""

    path: str
    inputs: frozenset[UUID]


def circle_through(dataset: DatasetFacts, ancestry: Mapping[UUID, Node]) -> list[str]:
    """The paths of a circle from the dataset along its inputs back to it; empty if there is none.

    The dataset's own earlier inputs do not count: the walk ends where it arrives at the dataset.
    """
    cameto: dict[UUID, UUID] = {}
    unseen = [declared.dataset_id for declared in dataset.inputs]
    seen = set(unseen)
    while unseen:
        at = unseen.pop()
        node = ancestry.get(at)
        if node is None:
            continue
        if dataset.dataset_id in node.inputs:
            return [dataset.path, *_trail(at, cameto, ancestry), dataset.path]
        for parent in node.inputs - seen:
            cameto[parent] = at
            seen.add(parent)
            unseen.append(parent)
    return []


def _trail(last: UUID, cameto: Mapping[UUID, UUID], ancestry: Mapping[UUID, Node]) -> list[str]:
    trail = [ancestry[last].path]
    while last in cameto:
        last = cameto[last]
        trail.append(ancestry[last].path)
    return trail[::-1]
