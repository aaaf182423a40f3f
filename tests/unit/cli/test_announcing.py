"""The user office's words go to the gateway as they were given."""

import json

import httpx
import pytest
from typer.testing import CliRunner

from clients.cli.commands import investigations
from clients.cli.connection.api import Api
from deploy.program import app
from tests.builders.addresses import NAMED

COMMAND = ["announce", "4711", "--proposal", "mx1111", "--beamline", "id30a-3", "--start", "2026-11-24T08:00:00+01:00"]


class Gateway:
    """Notes what it is asked, and answers what it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []
        self.answer = httpx.Response(202, json={"receipt_id": "r-1"})

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.url.path, json.loads(request.content)))
        return self.answer


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    gateway = Gateway()
    monkeypatch.setattr(investigations, "connect", lambda: Api(NAMED, httpx.MockTransport(gateway)))
    return gateway


def test_an_announcement_says_what_was_given_and_its_receipt(gateway: Gateway) -> None:
    result = CliRunner().invoke(app, [*COMMAND, "--title", "Structure of Fus RAC1b"])
    assert (result.exit_code, result.output) == (0, "announced 4711, receipt r-1\n")
    said = {
        "facility_id": "4711",
        "proposal": "mx1111",
        "beamline": "id30a-3",
        "start": "2026-11-24T08:00:00+01:00",
        "title": "Structure of Fus RAC1b",
    }
    assert gateway.asked == [("/investigations", said)]


def test_what_the_gateway_objects_to_is_told(gateway: Gateway) -> None:
    fault = {"field": "end", "message": "lies before start; correct one of them"}
    gateway.answer = httpx.Response(422, json={"errors": [fault]})
    result = CliRunner().invoke(app, [*COMMAND, "--end", "2020-01-01T00:00:00Z"])
    assert result.exit_code == 1
    assert "end: lies before start" in result.output
