"""A gateway and a search service in memory, for the command line: what is handed in goes the way its path says."""

import json
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from clients.cli.submissions.feeds import Clock

State = dict[str, Any]
COMMITTED: State = {"state": "committed", "revision": 1, "dataset_id": "d", "warnings": []}
REJECTED: State = {"state": "rejected", "code": "dataset_invalid", "message": "start is no time", "findings": []}
FLYING: State = {"state": "in_flight"}


def waits(*paths: str) -> State:
    return {"state": "pending", "waits_for": list(paths), "deadline": "2026-12-01T19:38:54Z", "findings": []}


@dataclass
class Beamcat:
    """Answers for each path its states in their order; the last one stays. Other paths are committed."""

    fates: dict[str, list[State]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    """Paths that the gateway does not take, and why."""
    gateway: deque[Callable[[], httpx.Response]] = field(default_factory=deque)
    """What happens to the next requests of the gateway instead of its answer."""
    search: deque[Callable[[], httpx.Response]] = field(default_factory=deque)
    taken: dict[str, str] = field(default_factory=dict)
    """Paths by receipt, in the order in which they were handed in first."""
    asked: list[str] = field(default_factory=list)
    """Paths that were asked for."""
    most_at_once: int = 0
    requests: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        route = request.url.path
        self.requests.append(route)
        if route == "/datasets:batch":
            return self.gateway.popleft()() if self.gateway else self._take(json.loads(request.content)["datasets"])
        if route.startswith("/datasets/"):
            finding = {"code": "parameter_unknown", "severity": "warning", "message": "MX_flx", "cure": "send MX_flux"}
            return httpx.Response(200, json={"document": {"findings": [finding]}})
        return self.search.popleft()() if self.search else self._tell(request.url.params["ids"].split(","))

    def _take(self, given: list[State]) -> httpx.Response:
        self.most_at_once = max(self.most_at_once, len(given))
        results = []
        for one in given:
            if why := self.refused.get(one["path"]):
                results.append({"status": 422, "detail": why})
                continue
            self.taken[one["receipt_id"]] = one["path"]
            results.append({"status": 202, "receipt_id": one["receipt_id"], "dataset_id": "d", "path": one["path"]})
        return httpx.Response(202, json={"results": results})

    def _tell(self, ids: Iterable[str]) -> httpx.Response:
        known, unknown = [], []
        for receipt_id in ids:
            if receipt_id not in self.taken:
                unknown.append(receipt_id)
                continue
            path = self.taken[receipt_id]
            self.asked.append(path)
            states = self.fates.setdefault(path, [COMMITTED]) if path in self.fates else [COMMITTED]
            state = states.pop(0) if len(states) > 1 else states[0]
            known.append({"receipt_id": receipt_id, "path": path, "dataset_id": "d"} | state)
        return httpx.Response(200, json={"receipts": known, "unknown": unknown, "next": None})


def away() -> httpx.Response:
    raise httpx.ConnectError("connection refused")


def busy(status: int = 429, seconds: str = "2") -> Callable[[], httpx.Response]:
    return lambda: httpx.Response(status, json={"detail": "send again later"}, headers={"Retry-After": seconds})


class Passing(Clock):
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []
        super().__init__(lambda: self.time, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += max(seconds, 0.001)


def lines(count: int, first: int = 1) -> str:
    """Submissions as NDJSON."""
    return "".join(f"{json.dumps({'name': 'x', 'path': f'/data/{n}'})}\n" for n in range(first, first + count))
