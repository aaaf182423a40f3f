"""Rejections, and a beamcat in memory with some of them."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import httpx

ONE = "11111111-1111-1111-1111-111111111111"
FINDINGS = [
    {"severity": "error", "code": "start_invalid", "message": "start = 'noon' is not a time", "cure": "write one"},
    {"severity": "warning", "code": "unit_unknown", "message": "an unknown unit", "parameter": "MX_flux"},
]
SUBMISSION = {"name": "run", "path": "/data/run", "start": "noon", "parameters": {"MX_flux": "1", "start": "x"}}
FRAME = b'<?xml version="1.0"?><t:dataset complete="true"><t:name>run</t:name><t:sample><t:name>a</t:name></t:sample>'


def rejection(value: bytes | None = None, **fields: Any) -> dict[str, Any]:
    event = json.dumps({"submission": SUBMISSION}).encode() if value is None else value
    return {
        "rejection_id": ONE,
        "receipt_id": "r",
        "path": "/data/run",
        "producer": "/producers/mxcube",
        "stage": "validator",
        "code": "dataset_invalid",
        "message": "it cannot be used",
        "topic": "dataset.submitted",
        "rejected_at": "2024-11-30T12:00:00Z",
        "findings": FINDINGS,
        "value_base64": base64.b64encode(event).decode(),
        "resolved": None,
        **fields,
    }


RESOLVED = {"dataset_id": "d", "revision": 2, "committed_at": "2024-11-30T13:00:00.5Z"}


class Beamcat:
    """Search and gateway in one: it answers by route, and remembers its requests."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = dict(answers)
        self.asked: list[dict[str, str]] = []
        self.checked: list[dict[str, Any]] = []
        self.given: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        route = request.url.path
        if route == "/datasets:check-batch":
            (said,) = json.loads(request.content)["datasets"]
            self.checked.append(said)
            accepted = said.get("start") == "2024-11-30"
            return httpx.Response(
                200, json={"results": [{"accepted": accepted, "findings": [] if accepted else FINDINGS}]}
            )
        if route == "/datasets:batch":
            given = json.loads(request.content)["datasets"]
            self.given += given
            results = [{"status": 202, "receipt_id": one["receipt_id"], "dataset_id": "d"} for one in given]
            return httpx.Response(200, json={"results": results})
        if route == "/receipts":
            ids = request.url.params["ids"].split(",")
            fate = self.answers.get("/receipts/n")
            known = [{**fate, "receipt_id": each} for each in ids] if fate else []
            return httpx.Response(200, json={"receipts": known, "unknown": [] if fate else ids})
        if route == "/datasets/d":
            return httpx.Response(200, json={"document": {"findings": []}})
        if route in ("/rejections", "/rejections/summary"):
            self.asked.append(dict(request.url.params))
        answer = self.answers[route].pop(0) if route == "/rejections" else self.answers.get(route)
        return httpx.Response(200, json=answer) if answer else httpx.Response(404, json={"detail": "there is none"})


COMMITTED = {"/receipts/n": {"state": "committed", "dataset_id": "d", "path": "/data/run", "receipt_id": "n"}}
