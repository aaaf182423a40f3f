"""`beamcat techniques` shows what the gateway describes."""

import json

import httpx
import pytest
from typer.testing import CliRunner

from clients.cli.commands import techniques
from clients.cli.connection.api import Api
from deploy.program import app
from tests.builders.addresses import NAMED

MESH = {"name": "mx.raw.mesh", "title": "Mesh scan", "type": "raw", "required": ["MX_numberOfImages"], "inputs": []}
MX = {"name": "MX", "title": "Crystallography", "pid": "urn:mx", "definitions": ["mx"], "kinds": [MESH]}
SCHEMA = {"title": "Mesh scan"}


def gateway(request: httpx.Request) -> httpx.Response:
    """A gateway that describes one technique of one kind."""
    match request.url.path:
        case "/techniques":
            return httpx.Response(200, json={"techniques": [MX]})
        case "/techniques/MX/schema" | "/techniques/mx.raw.mesh/schema":
            return httpx.Response(200, json=SCHEMA)
        case _:
            return httpx.Response(404, json={"detail": "there is no technique or kind"})


@pytest.fixture(autouse=True)
def _described(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(techniques, "connect", lambda: Api(NAMED, httpx.MockTransport(gateway)))


def said(*command: str) -> str:
    result = CliRunner().invoke(app, ["techniques", *command])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_techniques_are_listed_with_what_means_them() -> None:
    assert [each["pid"] for each in json.loads(said("list", "--json"))] == ["urn:mx"]


@pytest.mark.parametrize("command", [("show", "mx.raw.mesh"), ("show", "mx", "--json")])
def test_a_kind_and_a_technique_for_machines_are_shown_as_schema(command: tuple[str, ...]) -> None:
    assert json.loads(said(*command)) == SCHEMA


def test_what_is_not_described_is_told_in_the_gateways_words() -> None:
    result = CliRunner().invoke(app, ["techniques", "show", "nothing"])
    assert result.exit_code == 1
    assert "there is no technique or kind" in result.stderr
