"""The examples of `beamcat run` and `demo`: submitted, followed, and found again."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clients.cli.catalogue.lineage import lineage_of, print_lineage
from clients.cli.catalogue.results import print_datasets
from clients.cli.connection.api import Api
from clients.cli.submissions.handover import MOST_IDLE_SECONDS, POLL_SECONDS, follow
from clients.cli.submissions.receipts import CATALOGUED
from clients.cli.submissions.sources import read_submissions
from clients.cli.submissions.states import print_states
from clients.cli.terminal.output import console

EXAMPLES = Path(__file__).parents[2] / "examples"
MERGED = "/data/visitor/mx1111/id30a3/20241130/PROCESSED_DATA/Fus_RAC1b/run_02/autoPROC_merged"

EXPECTED = {"4-wrong-value.json": ("rejected",), "6-missing-input.json": ("pending",)}
"""The examples that must not be catalogued, with their states. All others must be."""


def show_examples(api: Api) -> bool:
    """Submit every example and print what became of it. Returns whether everything is as it should be."""
    _announce(api)
    as_expected = True
    for file in sorted(EXAMPLES.glob("[1-9]-*.json")):
        console.print(f"\n[bold]{file.name}[/]")
        states = follow(api, read_submissions(file))
        print_states(states)
        wanted = EXPECTED.get(file.name, CATALOGUED)
        for state in states:
            if state["state"] not in wanted or not _found_again(api, state):
                console.print(f"  [red]expected[/] {' or '.join(wanted)}, and to find it again")
                as_expected = False
    console.print()
    print_datasets(api.search("/datasets", limit=20)["datasets"])
    print_lineage(lineage_of(api, MERGED))
    return as_expected


def _announce(api: Api) -> None:
    """Announce the investigation of the examples, and wait until they would find it."""
    api.announce(json.loads((EXAMPLES / "0-investigation.json").read_text()))
    [first, _] = read_submissions(EXAMPLES / "1-the-two-calls.json")
    deadline = time.monotonic() + MOST_IDLE_SECONDS
    while any(finding["code"] == "investigation_unknown" for finding in api.check([first])[0]["findings"]):
        if time.monotonic() > deadline:
            return
        time.sleep(POLL_SECONDS)


def _found_again(api: Api, state: Mapping[str, Any]) -> bool:
    """Whether search has the dataset, or its rejection with the reason."""
    if state["state"] == "rejected":
        rejections = api.search("/rejections", receipt_id=state["receipt_id"])["rejections"]
        return any(rejection["code"] == state["code"] for rejection in rejections)
    if state["state"] == "pending":
        return bool(state["waits_for"])
    datasets = api.search("/datasets", path=state["path"])["datasets"]
    return any(dataset["path"] == state["path"] for dataset in datasets)
