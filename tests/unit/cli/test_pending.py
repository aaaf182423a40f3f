"""`beamcat pending` says what waits, until when, and what to do about it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from clients.cli.commands import pending
from clients.cli.connection.api import Api
from deploy.program import app
from tests.builders.addresses import CATALOGUE, NAMED

NOW = datetime(2024, 11, 30, 12, 0, tzinfo=UTC)
RUN = "/data/run_1"


def waits(number: int, *missing: str, near: dict[str, list[str]] | None = None, count: int = 0) -> dict[str, Any]:
    return {
        "receipt_id": f"r{number}",
        "path": f"{RUN}/result_{number}",
        "kind": "mx.processed",
        "since": (NOW - timedelta(minutes=5)).isoformat(),
        "deadline": (NOW + timedelta(hours=2)).isoformat(),
        "waits_for": list(missing),
        "waits_for_count": count or len(missing),
        "near": [{"path": path, "near": others} for path, others in (near or {}).items()],
    }


class Search:
    """A search service with these waiting, and with a receipt of some paths."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.receipts: dict[str, dict[str, Any]] = {}
        self.asked: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = dict(request.url.params)
        if request.url.path == "/receipts":
            known = self.receipts.get(asked["path"])
            return httpx.Response(200, json={"receipts": [known] if known else []})
        self.asked.append(asked)
        begin, limit = int(asked.get("cursor", "0")), int(asked["limit"])
        page = self.rows[begin : begin + limit]
        following = str(begin + limit) if begin + limit < len(self.rows) else None
        return httpx.Response(200, json={"pending": page, "count": len(self.rows), "next": following})


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch) -> Search:
    search = Search()
    monkeypatch.setattr(pending, "connect", lambda: Api(NAMED, httpx.MockTransport(search)))
    monkeypatch.setattr(pending, "utc_now", lambda: NOW)
    return search


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["pending", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_what_waits_is_told_with_what_is_missing_and_until_when(search: Search) -> None:
    search.rows = [waits(1, RUN, count=3)]
    told = run()
    for words in (f"{RUN}/result_1", "mx.processed", f"{RUN} and 2 more", "5 min ago", "in 2 h", "1 of 1"):
        assert words in told


@pytest.mark.parametrize(
    ("receipt", "advice"),
    [
        (None, f"{RUN} was never submitted: `beamcat submit FILE` with"),
        ({"state": "rejected", "rejection_id": "x1"}, f"{RUN} was rejected: beamcat rejections show x1"),
        ({"state": "pending"}, f"{RUN} waits for its own inputs: beamcat pending --path {RUN}"),
        ({"state": "committed"}, f"{RUN} is catalogued, and not complete"),
        ({"state": "in_flight"}, f"{RUN} is on its way"),
    ],
)
def test_what_to_do_follows_from_what_became_of_the_missing_input(
    search: Search, receipt: dict[str, str] | None, advice: str
) -> None:
    search.rows = [waits(1, RUN), waits(2, RUN)]
    if receipt:
        search.receipts[RUN] = receipt
    assert run().count(advice) == 1


def test_a_near_path_is_suggested_as_the_input(search: Search) -> None:
    search.rows = [waits(1, "/data/RUN_1", near={"/data/RUN_1": [RUN]})]
    told = run()
    assert (
        "/data/RUN_1 is not catalogued, but this is: if it is meant, submit the result again with that as the input"
        in told
    )
    assert f"\n  {RUN}\n" in told
    assert "never submitted" not in told


def test_a_path_with_a_blank_is_quoted_in_the_command(search: Search) -> None:
    search.rows = [waits(1, "/data/run 1")]
    search.receipts["/data/run 1"] = {"state": "pending"}
    assert "beamcat pending --path '/data/run 1'" in run()


def test_the_options_are_the_filters_of_the_query(search: Search) -> None:
    assert run("--beamline", "id30a-3", "--beamline", "bm29", "--waits-for", RUN, "--json")
    assert search.asked == [{"beamline": "id30a-3,bm29", "waits_for": RUN, "limit": "20"}]


def test_so_many_are_shown_as_are_asked_for_from_as_many_pages_as_hold_them(search: Search) -> None:
    search.rows = [waits(number, RUN) for number in range(1, 701)]
    assert len(json.loads(run("--limit", "600", "--json"))["pending"]) == 600
    assert [asked["limit"] for asked in search.asked] == ["500", "100"]
    assert "20 of 700; --limit shows more" in run()


def test_that_nothing_waits_names_the_catalogue_that_was_asked(search: Search) -> None:
    assert f"nothing waits for its inputs in {CATALOGUE}" in run()
    assert "nothing of this waits for its inputs in" in run("--kind", "mx")
    assert search.asked[1]["kind"] == "mx"
