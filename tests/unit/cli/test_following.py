"""`beamcat submit` waits for what may yet be catalogued, and for nothing else."""

import json
from typing import Any

import httpx
import pytest

from clients.cli import datasets
from clients.cli.api import Api
from tests.builders.addresses import NAMED

COMMITTED = {"state": "committed", "revision": 1, "dataset_id": "d"}


class Beamcat:
    """Answers for each path, its states in their order; the last one stays."""

    def __init__(self, fates: dict[str, list[dict[str, Any]]]) -> None:
        self.fates = {path: list(states) for path, states in fates.items()}
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        route = request.url.path
        if route == "/datasets:batch":
            given = json.loads(request.content)["datasets"]
            results = [
                {"status": 202, "receipt_id": "one key", "status_url": f"/receipts/{one['path']}"} for one in given
            ]
            return httpx.Response(200, json={"results": results})
        if route.startswith("/datasets/"):
            return httpx.Response(200, json={"document": {"findings": []}})
        path = route.removeprefix("/receipts/")
        self.asked.append(path)
        states = self.fates[path]
        state = states.pop(0) if len(states) > 1 else states[0]
        return httpx.Response(200, json={"path": path, "receipt_id": path, **state})


def _waits(*paths: str) -> dict[str, Any]:
    return {"state": "pending", "waits_for": list(paths)}


@pytest.mark.parametrize(
    ("fates", "ends"),
    [
        ({"a": [_waits("b"), COMMITTED], "b": [COMMITTED]}, ["committed", "committed"]),
        ({"a": [_waits("b")], "b": [{"state": "rejected"}]}, ["pending", "rejected"]),
        ({"a": [_waits("b")], "b": [_waits("c")], "d": [COMMITTED]}, ["pending", "pending", "committed"]),
        ({"a": [_waits("b", "elsewhere")], "b": [COMMITTED]}, ["pending", "committed"]),
    ],
)
def test_only_what_is_still_to_come_is_waited_for(
    fates: dict[str, list[dict[str, Any]]], ends: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "POLL_SECONDS", 0.0)
    beamcat = Beamcat(fates)
    states = datasets.follow(Api(NAMED, httpx.MockTransport(beamcat)), [{"path": path} for path in fates])
    assert [state["state"] for state in states] == ends
    assert len(beamcat.asked) == sum(map(len, fates.values()))
