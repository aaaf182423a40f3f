"""Commands for those who look for datasets."""

from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.tree import Tree

from clients.cli.api import Api, connect
from clients.cli.output import Json, console, errors, fail, print_json, print_table

FIXED_WORDS = ("kind", "finding", "proposal", "beamline")
SHOWN_VALUES = 30
SHOWN_DATASETS = 200
"""Of a lineage, unless more are asked for."""
MOST_OF_A_PAGE = 1000
MOST_FOUND = 500
"""Datasets of one page of a search."""


def find(  # noqa: PLR0913  # each is an option of the command
    q: Annotated[str | None, typer.Argument(help="Words in name, path, sample, proposal or text parameters.")] = None,
    *,
    parameters: Annotated[str | None, typer.Option("--parameters", "-p", help="name~op~value,… as in ICAT+.")] = None,
    proposal: str | None = None,
    sample: Annotated[list[str] | None, typer.Option(help="Name of a sample, as it is; any of several.")] = None,
    beamline: str | None = None,
    kind: str | None = None,
    finding: Annotated[
        list[str] | None, typer.Option(help="Code of a finding, such as value_implausible; any of several.")
    ] = None,
    warnings: Annotated[
        bool | None, typer.Option("--has-warnings/--no-warnings", help="With findings, or without any.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_FOUND)] = 20,
    as_json: Json = False,
) -> None:
    """Look for datasets. Exit code 1 if none is found."""
    wanted = {
        "q": q,
        "parameters": parameters,
        "proposal": proposal,
        "sample": ",".join(name.replace(",", "\\,") for name in sample) if sample else None,
        "beamline": beamline,
        "kind": kind,
        "finding": ",".join(finding) if finding else None,
        "has_warnings": None if warnings is None else str(warnings).lower(),
    }
    api = connect()
    answer = api.search("/datasets", **wanted, limit=limit, count="true")
    if as_json:
        print_json(answer)
    else:
        print_datasets(answer["datasets"])
        console.print(f"{len(answer['datasets'])} of {answer['count']}")
    if not answer["datasets"]:
        errors.print(api.nothing("nothing was found"), markup=False, soft_wrap=True)
        if not as_json:
            if "~" in (q or ""):
                console.print(f"conditions on parameters go with -p: beamcat find -p '{q}'", markup=False)
            _tell_what_there_is(api, wanted)
        raise typer.Exit(1)


def _tell_what_there_is(api: Api, wanted: dict[str, str | None]) -> None:
    """Of each fixed word that was asked for, and that no dataset has, those that the catalogue has."""
    words = {facet: wanted[facet] for facet in FIXED_WORDS if wanted[facet]}
    if not words:
        return
    known = api.search("/datasets", facets=",".join(words), limit=1)["facets"]
    for facet, said in words.items():
        values = [str(entry["value"]) for entry in known[facet]]
        if not {value.lower() for value in values} & set((said or "").lower().split(",")):
            shown = ", ".join(values[:SHOWN_VALUES]) or "none"
            console.print(
                f"no dataset has the {facet} {said}; the catalogue has: {shown}", markup=False, soft_wrap=True
            )


def lineage(
    path: Annotated[str, typer.Argument(help="A dataset's path.")],
    *,
    direction: Annotated[
        str, typer.Option(help="up: what it was made from; down: what was made from it; both.")
    ] = "both",
    depth: Annotated[int, typer.Option(min=0, max=50)] = 5,
    limit: Annotated[int, typer.Option(min=1, help="Show so many datasets, the nearest first.")] = SHOWN_DATASETS,
    as_json: Json = False,
) -> None:
    """Show where a dataset comes from and what came of it."""
    api = connect()
    graph = lineage_of(api, path, direction, depth, limit)
    if as_json:
        print_json(graph)
        return
    print_lineage(graph)
    if graph["next"] is not None:
        console.print(f"shown are the nearest {len(graph['nodes'])} datasets, and there are more: raise --limit")
    elif graph["truncated"]:
        console.print(f"it goes on beyond {depth} steps: raise --depth")


def lineage_of(
    api: Api, path: str, direction: str = "both", depth: int = 5, limit: int = SHOWN_DATASETS
) -> dict[str, Any]:
    """The lineage of the dataset at a path: the nearest datasets, from as many pages as hold them."""
    dataset_id = dataset_at(api, path)["dataset_id"]
    graph: dict[str, Any] = {"nodes": [], "edges": [], "next": 0}
    while graph["next"] is not None and (left := limit - len(graph["nodes"])) > 0:
        asked = {"direction": direction, "depth": depth, "limit": min(left, MOST_OF_A_PAGE), "skip": graph["next"]}
        page = api.search(f"/datasets/{dataset_id}/lineage", **asked)
        graph = page | {part: [*graph[part], *page[part]] for part in ("nodes", "edges")}
    return graph


def dataset_at(api: Api, path: str) -> dict[str, Any]:
    """The catalogue's row of the dataset at a path."""
    datasets: list[dict[str, Any]] = api.search("/datasets", path=path)["datasets"]
    if not datasets:
        fail(api.nothing(f"no dataset is catalogued at {path}"))
    return datasets[0]


def print_datasets(datasets: list[dict[str, Any]]) -> None:
    """The catalogue's rows."""
    columns = ("name", "kind", "sample", "proposal", "start", "revision", "path")
    print_table(columns, [[dataset.get(column) for column in columns] for dataset in datasets])


def print_lineage(graph: dict[str, Any]) -> None:
    """A tree from each dataset that was made from nothing, down to the newest results; the asked one stands out."""
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
    console.print(forest)


def _grow(  # a tree, where to grow it, and what it grows from
    tree: Tree,
    dataset_id: str,
    nodes: dict[str, dict[str, Any]],
    children: dict[str, list[str]],
    root: str,
    grown: set[str],
) -> None:
    """A dataset and what was made from it, which is shown where the dataset stands first."""
    node = nodes[dataset_id]
    style = "bold" if dataset_id == root else ""
    name, where = escape(node.get("name", "?")), escape(node["path"])
    results = children.get(dataset_id, ())
    above = "  …" if results and dataset_id in grown else ""
    branch = tree.add(f"[{style or 'default'}]{name}[/]  [dim]{escape(node.get('kind', ''))}  {where}{above}[/]")
    if dataset_id in grown:
        return
    grown.add(dataset_id)
    for child in results:
        _grow(branch, child, nodes, children, root, grown)
