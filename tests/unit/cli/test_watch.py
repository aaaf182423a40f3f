"""`beamcat watch` tells each thing once, waits while the service is away, and ends with Ctrl-C."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from clients.cli.commands import activity
from clients.cli.connection.api import Api
from deploy.program import app
from tests.builders.addresses import CATALOGUE, NAMED

RUN = {"at": "2024-11-30T12:00:00Z", "state": "committed", "path": "/data/run_1", "name": "run_1", "revision": 1}
AGAIN = RUN | {"revision": 2}
WAITS = RUN | {"state": "pending", "path": "/data/r", "name": None, "message": "waits for /data/run_2", "revision": 1}
REFUSED = RUN | {"state": "rejected", "path": None, "code": "not_json", "message": "[red]it\x1b[2J\x7fends early"}

Answer = httpx.Response | httpx.TransportError


def told(*activity: dict[str, Any], following: str = "n", more: bool = False) -> httpx.Response:
    return httpx.Response(200, json={"activity": activity, "next": following, "more": more})


class Search:
    """Gives its answers one after another; after the last one somebody types Ctrl-C."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[dict[str, str]] = []
        self.rests = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(dict(request.url.params))
        answer = self.answers.pop(0)
        if isinstance(answer, httpx.TransportError):
            raise answer
        return answer

    def rest(self, _seconds: float) -> None:
        self.rests += 1
        if not self.answers:
            raise KeyboardInterrupt


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Search, Result]]:
    search = Search()
    monkeypatch.setattr(activity, "connect", lambda: Api(NAMED, httpx.MockTransport(search)))
    monkeypatch.setattr(activity, "sleep", search.rest)

    def run(answers: list[Answer], *arguments: str) -> tuple[Search, Result]:
        search.answers = answers
        return search, CliRunner().invoke(app, ["watch", *arguments])

    return run


def test_each_thing_is_a_line_with_time_state_name_path_and_reason(watch: Callable[..., tuple[Search, Result]]) -> None:
    search, result = watch([told(), told(RUN, AGAIN, WAITS, REFUSED, following="m"), told()])
    assert result.exit_code == 0, result.output
    first, again, waits, refused = [line.split(maxsplit=1)[1] for line in result.stdout.splitlines()]
    assert first == "committed  run_1  /data/run_1"
    assert again == "committed as revision 2  run_1  /data/run_1"
    assert waits == "pending  (no name)  /data/r  waits for /data/run_2"
    assert refused == "rejected  run_1  (no path)  not_json: [red]it\\x1b[2J\\x7fends early"
    assert [asked.get("after") for asked in search.asked] == [None, "n", "m"]
    assert f"watching {CATALOGUE}; Ctrl-C ends it" in result.stderr


def test_with_json_each_is_a_line_of_ndjson(watch: Callable[..., tuple[Search, Result]]) -> None:
    _, result = watch([told(), told(RUN, REFUSED)], "--json")
    assert [json.loads(line) for line in result.stdout.splitlines()] == [RUN, REFUSED]
    assert "\x7f" not in result.stdout


def test_what_is_wanted_is_asked_of_the_service(watch: Callable[..., tuple[Search, Result]]) -> None:
    search, _ = watch(
        [told()], "--beamline", "id30a-3", "--beamline", "bm29", "--proposal", "MX-1", "--state", "pending"
    )
    assert search.asked == [{"beamline": "id30a-3,bm29", "proposal": "MX-1", "state": "pending"}]


def test_while_there_is_more_it_does_not_rest(watch: Callable[..., tuple[Search, Result]]) -> None:
    search, result = watch([told(), told(RUN, more=True, following="m"), told(AGAIN)])
    assert len(result.stdout.splitlines()) == 2
    assert search.rests == 2


@pytest.mark.parametrize(
    "away",
    [
        [httpx.ConnectError("refused"), httpx.ReadTimeout("slow")],
        [httpx.Response(503, json={"detail": "not now"}), httpx.Response(502, text="no upstream")],
    ],
)
def test_a_service_that_is_away_is_told_once_and_waited_for(
    watch: Callable[..., tuple[Search, Result]], away: list[Answer]
) -> None:
    search, result = watch([told(following="a"), *away, told(RUN, following="b"), told()])
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 1
    assert [asked.get("after") for asked in search.asked] == [None, "a", "a", "a", "b"]
    assert result.stderr.count("it is asked again") == 1
    assert result.stderr.count("it answers again; nothing was missed") == 1


def test_a_service_that_never_answered_is_not_waited_for(watch: Callable[..., tuple[Search, Result]]) -> None:
    _, result = watch([httpx.ConnectError("refused")])
    assert result.exit_code == 3


def test_what_the_service_refuses_ends_it(watch: Callable[..., tuple[Search, Result]]) -> None:
    refusal = httpx.Response(422, json={"errors": [{"field": "state", "message": "'lost' is none of committed"}]})
    _, result = watch([refusal], "--state", "lost")
    assert result.exit_code == 1
    assert "state: 'lost' is none of committed" in result.stderr
