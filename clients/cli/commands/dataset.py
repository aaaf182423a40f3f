"""The command that shows one dataset."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, NoReturn
from urllib.parse import urlencode
from uuid import UUID

import typer

from clients.cli.catalogue.parameters import SHELLS, groups_of
from clients.cli.connection.api import Api, connect
from clients.cli.submissions.receipts import CATALOGUED
from clients.cli.submissions.states import print_states
from clients.cli.terminal.output import FAILED, WRONG, Json, console, fail, print_findings, print_json, print_table

SHOWN_LINKS = 20
SHOWN_REVISIONS = 10
SHOWN_RECEIPTS = 20
SHOWN_CHANGES = 5

Event = Mapping[str, Any]
Row = dict[str, Any]


def show(
    subject: Annotated[str, typer.Argument(metavar="DATASET", help="Its path or its id.")],
    *,
    revision: Annotated[int | None, typer.Option(min=1, help="Show this revision instead of the current one.")] = None,
    as_json: Json = False,
) -> None:
    """Show one dataset: its facts, parameters, findings, inputs and revisions. With --json: the committed event."""
    api = connect()
    which = _which(subject)
    event = api.look_up(_route(which))
    if event is None:
        _tell_how_far(api, which, subject, as_json=as_json)
    if revision is not None:
        event = api.search(f"/datasets/{event['commit']['dataset_id']}", revision=revision)
    if as_json:
        print_json(event)
    else:
        print_dataset(api, event)


def _which(subject: str) -> dict[str, str]:
    """The field of the query that names the dataset."""
    if subject.startswith("/"):
        return {"path": subject}
    try:
        return {"dataset_id": str(UUID(subject))}
    except ValueError:
        fail(f"{subject} is neither a path nor a dataset id: give the full path, which begins with /", WRONG)


def _route(which: Mapping[str, str]) -> str:
    return f"/datasets/{which['dataset_id']}" if "dataset_id" in which else f"/datasets/by-path?{urlencode(which)}"


def _tell_how_far(api: Api, which: Mapping[str, str], subject: str, *, as_json: bool) -> NoReturn:
    """Report that the dataset is not catalogued, the state of its submissions, and the next command."""
    receipts = api.search("/receipts", **which, limit=SHOWN_RECEIPTS)["receipts"]
    told = api.nothing(f"{subject} is not catalogued")
    if not receipts:
        fail(f"{told}, and was not submitted there")
    if as_json:
        print_json({"error": told, "exit_code": FAILED, "receipts": receipts})
    else:
        console.print(f"{told}; it was submitted:", markup=False, soft_wrap=True)
        print_states(receipts)
        for command in _commands(receipts):
            console.print(f"go on with: {command}", markup=False, soft_wrap=True)
    raise typer.Exit(FAILED)


def _commands(receipts: Sequence[Row]) -> Iterator[str]:
    """The next command for each state, once each."""
    for receipt in receipts:
        if receipt["state"] == "rejected":
            yield f"beamcat rejections show {receipt['rejection_id']}"
    if waiting := [receipt for receipt in receipts if receipt["state"] == "pending"]:
        yield f"beamcat pending --path {shlex.quote(waiting[0]['path'])}"


def print_dataset(api: Api, event: Event) -> None:
    """Print the whole dataset, and what search knows about it."""
    commit, document = event["commit"], event["document"]
    for name, value in facts(commit, document):
        console.print(f"{name:>13}  {value}", markup=False, soft_wrap=True)
    for group in groups_of(document["parameters"]):
        if group.rows:
            print_table(("parameter", "value", "unit", "said"), group.rows, group.name)
        for family, statistics in group.shells.items():
            print_table(("statistic", *SHELLS, "unit"), statistics, f"{family}_…")
    if document["findings"]:
        console.print("findings:")
        print_findings(document["findings"])
    _print_links(api, document)
    _print_history(api, commit)


def facts(commit: Event, document: Event) -> Iterator[tuple[str, str]]:
    """The facts of the dataset in words. Unknown ones are left out."""
    investigation, producer = document["investigation"], document["producer"]
    told = {
        "path": document["path"],
        "id": commit["dataset_id"],
        "name": document["name"],
        "kind": f"{document['kind']} ({document['technique']}, {document['type']})",
        "sample": " ".join(_sample(document)),
        "proposal": investigation.get("proposal_name") or document["proposal"],
        "investigation": " ".join(_investigation(investigation)),
        "beamline": document["beamline"],
        "started": _time(document["start"]),
        "ended": _time(document["end"]),
        "complete": None if document["complete"] else "no: more of it will follow",
        "parts": f"{len(document['parts'])} submissions make it up" if document.get("parts") else None,
        "files": document["file_count"],
        "volume": _volume(document["volume_bytes"]),
        "producer": " ".join(filter(None, (producer.get(name) for name in ("software", "version", "machine")))),
        "revision": f"{commit['revision']}, {commit['outcome']} {_time(commit['committed_at'])}",
        "receipt": commit["receipt_id"],
    }
    return ((name, str(value)) for name, value in told.items() if value not in (None, ""))


def _sample(document: Event) -> Iterator[str]:
    if sample := document["sample"]:
        yield sample["name"]
        if sample.get("inherited"):
            yield "(of its inputs)"
    if (container := document["container"]) and container.get("name"):
        yield f"in {container['name']}"
        if container.get("position"):
            yield f"at {container['position']}"


def _investigation(investigation: Event) -> Iterator[str]:
    yield from filter(None, (investigation.get("facility_id"), investigation.get("title")))
    if investigation.get("placeholder"):
        yield "not announced yet"
    elif investigation.get("start"):
        yield f"from {_time(investigation['start'])}"


def _time(said: str | None) -> str | None:
    """A time in the time zone of the terminal."""
    return said and datetime.fromisoformat(said).astimezone().isoformat(" ", "seconds")


def _volume(size: int | None) -> str | None:
    if size is None:
        return None
    units = (unit for unit in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 1000)) if size >= unit[1])
    name, length = next(units, ("bytes", 1))
    return f"{size / length:.3g} {name} ({size:,} bytes)" if length > 1 else f"{size} bytes"


def _print_links(api: Api, document: Event) -> None:
    """Print what it was made from, and what was made from it."""
    inputs = [(each["kind"], each["path"]) for each in document["inputs"]]
    asked = {"direction": "down", "depth": 1, "limit": SHOWN_LINKS + 1}
    graph = api.search(f"/datasets/{document['dataset_id']}/lineage", **asked)
    results = [(node.get("kind"), node["path"]) for node in graph["nodes"] if node["dataset_id"] != graph["root"]]
    for title, links in (("made from", inputs), ("of it was made", results)):
        if links:
            print_table(("kind", "path"), links[:SHOWN_LINKS], title)
    for path in [each["path"] for each in document["inputs"] if each.get("replaced")][:SHOWN_LINKS]:
        console.print(f"another measurement has replaced {path} since", markup=False, soft_wrap=True)
    if len(inputs) > SHOWN_LINKS or graph["next"] is not None or len(results) > SHOWN_LINKS:
        console.print(f"there are more: beamcat lineage {shlex.quote(document['path'])}", markup=False, soft_wrap=True)


def _print_history(api: Api, commit: Event) -> None:
    """Print its revisions if there are several, and later submissions that are not in the catalogue."""
    page = api.search(f"/datasets/{commit['dataset_id']}/revisions", limit=SHOWN_REVISIONS)
    if len(page["revisions"]) > 1:
        rows = [
            (each["revision"], each["outcome"], _time(each["committed_at"]), _changed(each["changes"]))
            for each in page["revisions"]
        ]
        print_table(("revision", "outcome", "committed", "changed"), rows, "revisions")
    receipts = api.search("/receipts", dataset_id=commit["dataset_id"], limit=SHOWN_RECEIPTS)["receipts"]
    if later := [each for each in receipts if _is_later(each, commit)]:
        console.print("submitted since then:")
        print_states(later)
        for command in _commands(later):
            console.print(f"go on with: {command}", markup=False, soft_wrap=True)


def _changed(changes: Sequence[Event]) -> str:
    names = [change["field"] for change in changes]
    more = len(names) - SHOWN_CHANGES
    return ", ".join(names[:SHOWN_CHANGES]) + (f" and {more} more" if more > 0 else "")


def _is_later(receipt: Event, commit: Event) -> bool:
    submitted = receipt.get("submitted_at")
    return (
        receipt["state"] not in CATALOGUED
        and submitted is not None
        and datetime.fromisoformat(submitted) > datetime.fromisoformat(commit["submitted_at"])
    )
