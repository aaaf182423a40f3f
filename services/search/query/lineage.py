"""Lineage: the datasets that a dataset was made from and those made from it, as a graph in pages."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from uuid import UUID

from shared.foundation.pages import page_of

MOST_NODES = 2000
"""On a page."""
MOST_LINKS = 100_000
"""The most links that are followed for one answer."""
MOST_DEPTH = 50

Direction = Literal["up", "down", "both"]
Side = Literal["child", "parent"]
SIDES: dict[Direction, tuple[Side, ...]] = {"up": ("child",), "down": ("parent",), "both": ("child", "parent")}


class LinkSource(Protocol):
    """The source of the links and datasets that a walk visits."""

    async def links(self, ids: Collection[UUID], side: str, most: int) -> Sequence[tuple[UUID, UUID, str]]:
        """The first links (child, parent, parent's path) whose child or parent, as `side` says, is one of these."""

    async def nodes(self, ids: Collection[UUID]) -> list[dict[str, Any]]:
        """The facts of each dataset that a lineage shows."""


@dataclass
class _Walk:
    """A walk from one dataset outwards. It visits datasets by distance, and inputs of equal distance by path."""

    places: dict[UUID, int]
    levels: dict[Side, list[UUID]]
    paths: dict[UUID, str] = field(default_factory=dict)
    edges: dict[tuple[UUID, UUID], None] = field(default_factory=dict)
    followed: int = 0
    is_cut: bool = False
    """Whether the graph continues beyond the depth, or along more links than are followed."""

    async def step(self, source: LinkSource, *, is_last: bool) -> None:
        """Follow the links of the outermost datasets. The datasets at their ends are the next outermost ones."""
        found = {side: await self._beyond(source, side) for side in self.levels}
        self.is_cut = self.is_cut or (is_last and any(found.values()))
        self.levels = {}
        for side, level in sorted(found.items(), key=lambda pair: len(pair[1])):
            self.levels[side] = [] if is_last else sorted(level, key=lambda one: (self.paths.get(one, ""), one))
            for one in self.levels[side]:
                self.places.setdefault(one, len(self.places))

    async def _beyond(self, source: LinkSource, side: Side) -> set[UUID]:
        most = MOST_LINKS - self.followed
        if not self.levels[side] or most <= 0:
            return set()
        links = await source.links(self.levels[side], side, most)
        self.followed += len(links)
        self.is_cut = self.is_cut or len(links) == most
        self.paths.update((parent, path) for _, parent, path in links)
        self.edges.update(((child, parent), None) for child, parent, _ in links)
        return {parent if side == "child" else child for child, parent, _ in links} - self.places.keys()


async def lineage(
    source: LinkSource, root: UUID, direction: Direction, depth: int, limit: int = MOST_NODES, skip: int = 0
) -> dict[str, Any]:
    """A page of the nodes and edges within `depth` steps: up to what it was made from, down to what was made from it.

    An edge is on the page of the later of its nodes, so all pages together contain the whole graph. `truncated` says
    that the graph continues: on the page that `next` leads to, if there is one; otherwise beyond the depth or beyond
    the links that are followed.
    """
    walk = _Walk({root: 0}, {side: [root] for side in SIDES[direction]})
    page_end = skip + limit
    for step in range(depth + 1):
        expanded = len(walk.places)
        await walk.step(source, is_last=step == depth)
        if not any(walk.levels.values()) or expanded >= page_end:
            break
    shown = [one for one, place in walk.places.items() if skip <= place < page_end]
    known = {node["dataset_id"]: node for node in await source.nodes(shown)}
    nodes = page_of(known.get(one, {"dataset_id": one, "path": walk.paths.get(one)}) for one in shown)
    if len(nodes) < len(shown):
        page_end = skip + len(nodes)
    has_more = len(walk.places) > page_end
    return {
        "root": root,
        "nodes": nodes,
        "edges": [{"child": child, "parent": parent} for child, parent in _within(walk, skip, page_end)],
        "truncated": has_more or walk.is_cut,
        "next": page_end if has_more else None,
    }


def _within(walk: _Walk, skip: int, page_end: int) -> list[tuple[UUID, UUID]]:
    places = walk.places
    return [
        (child, parent)
        for child, parent in walk.edges
        if child in places and parent in places and skip <= max(places[child], places[parent]) < page_end
    ]
