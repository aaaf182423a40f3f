"""The lineage of a dataset: what it was made from and what was made from it, as a tree."""

from typing import Any

from rich.markup import escape
from rich.tree import Tree

from clients.cli.catalogue.results import dataset_at
from clients.cli.connection.api import Api
from clients.cli.terminal.output import console, print_tree
from shared.foundation.visible import visible

SHOWN_DATASETS = 200
"""Datasets of a lineage, unless more are asked for."""
MOST_OF_A_PAGE = 1000


def lineage_of(
    api: Api, path: str, direction: str = "both", depth: int = 5, limit: int = SHOWN_DATASETS
) -> dict[str, Any]:
    """The lineage of the dataset at a path: the nearest datasets, from as many pages as needed."""
    dataset_id = dataset_at(api, path)["dataset_id"]
    graph: dict[str, Any] = {"nodes": [], "edges": [], "next": 0}
    while graph["next"] is not None and (left := limit - len(graph["nodes"])) > 0:
        asked = {"direction": direction, "depth": depth, "limit": min(left, MOST_OF_A_PAGE), "skip": graph["next"]}
        page = api.search(f"/datasets/{dataset_id}/lineage", **asked)
        graph = page | {part: [*graph[part], *page[part]] for part in ("nodes", "edges")}
    return graph


def print_lineage(graph: dict[str, Any]) -> None:
    """Print a tree from each dataset without inputs down to the newest results. The requested dataset is bold."""
    nodes = {node["dataset_id"]: node for node in graph["nodes"]}
    children: dict[str, list[str]] = {}
    for edge in graph["edges"]:
        children.setdefault(edge["parent"], []).append(edge["child"])
    made = {edge["child"] for edge in graph["edges"]}
    forest = Tree("lineage", hide_root=True)
    grown: set[str] = set()
    for dataset_id in nodes:
        if dataset_id not in made:
            _grow(forest, dataset_id, nodes, children, graph["root"], grown)
    print_tree(forest)


def _grow(  # a tree, where to grow it, and what it grows from
    tree: Tree,
    dataset_id: str,
    nodes: dict[str, dict[str, Any]],
    children: dict[str, list[str]],
    root: str,
    grown: set[str],
) -> None:
    """Add a dataset and its results to a tree. If a dataset appears again, its results are not repeated."""
    node = nodes[dataset_id]
    style = "bold" if dataset_id == root else ""
    name, kind, where = (escape(visible(node.get(part) or "?")) for part in ("name", "kind", "path"))
    results = children.get(dataset_id, ())
    above = "  …" if results and dataset_id in grown else ""
    said = f"[{style or 'default'}]{name}[/]  [dim]{kind}[/]"
    branch = tree.add(f"{said}{above}\n[dim]{where}[/]" if console.is_terminal else f"{said}  [dim]{where}[/]{above}")
    if dataset_id in grown:
        return
    grown.add(dataset_id)
    for child in results:
        _grow(branch, child, nodes, children, root, grown)
