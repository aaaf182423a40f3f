"""Cycles: a dataset that would come from itself through the inputs of its inputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from shared.events.dataset import DatasetFacts


@dataclass(frozen=True, slots=True)
class Node:
    """A dataset and what it comes from, by all its submissions that are catalogued, under way or held."""

    path: str
    inputs: frozenset[UUID]


def cycle_through(dataset: DatasetFacts, ancestry: Mapping[UUID, Node]) -> list[str]:
    """The paths of a cycle from the dataset along its inputs back to it, or an empty list.

    The dataset's own earlier inputs do not count: the walk ends when it arrives at the dataset.
    """
    child_of: dict[UUID, UUID] = {}
    unseen = [declared.dataset_id for declared in dataset.inputs]
    seen = set(unseen)
    while unseen:
        at = unseen.pop()
        node = ancestry.get(at)
        if node is None:
            continue
        if dataset.dataset_id in node.inputs:
            return [dataset.path, *_trail(at, child_of, ancestry), dataset.path]
        for parent in node.inputs - seen:
            child_of[parent] = at
            seen.add(parent)
            unseen.append(parent)
    return []


def _trail(last: UUID, child_of: Mapping[UUID, UUID], ancestry: Mapping[UUID, Node]) -> list[str]:
    trail = [ancestry[last].path]
    while last in child_of:
        last = child_of[last]
        trail.append(ancestry[last].path)
    return trail[::-1]
