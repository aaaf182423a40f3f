"""The datasets that one was made from, and those made from it: a graph walked level by level, bounded."""

from collections.abc import Collection, Sequence
from typing import Any, Literal, Protocol
from uuid import UUID

MOST_NODES = 2000
MOST_DEPTH = 50

Direction = Literal["up", "down", "both"]


class Links(Protocol):
    """What the walk asks."""

    async def links(self, ids: Collection[UUID], side: str) -> Sequence[tuple[UUID, UUID, str]]:
        """The links (child, parent, parent's path) whose child or parent, as `side` says, is one of these."""

    async def nodes(self, ids: Collection[UUID]) -> list[dict[str, Any]]:
        """What is shown of each dataset."""


async def lineage(source: Links, root: UUID, direction: Direction, depth: int) -> dict[str, Any]:
    """Nodes and edges within `depth` steps: up to what it was made from, down to what was made from it.

    `truncated` says that the graph goes on: at the depth asked for, or because it has too many nodes.
    """
    paths: dict[UUID, str] = {}
    edges: dict[tuple[UUID, UUID], None] = {}
    seen, truncated = {root}, False
    for side in {"up": ("child",), "down": ("parent",), "both": ("child", "parent")}[direction]:
        level = {root}
        for step in range(depth + 1):
            links = await source.links(level, side)
            paths.update((parent, path) for _, parent, path in links)
            edges.update(((child, parent), None) for child, parent, _ in links)
            level = {parent if side == "child" else child for child, parent, _ in links} - seen
            if not level:
                break
            if step == depth or len(seen) + len(level) > MOST_NODES:
                truncated = True
                break
            seen |= level
    known = {node["dataset_id"]: node for node in await source.nodes(seen)}
    return {
        "root": root,
        "nodes": [known.get(one, {"dataset_id": one, "path": paths.get(one)}) for one in sorted(seen)],
        "edges": [{"child": child, "parent": parent} for child, parent in edges if child in seen and parent in seen],
        "truncated": truncated,
    }
