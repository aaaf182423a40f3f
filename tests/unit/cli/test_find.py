"""`beamcat find` asks search what its options say."""

import json
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from clients.cli import finding
from clients.cli.api import Api
from clients.cli.app import app
from tests.builders.addresses import NAMED


class Catalogue:
    """A search service that has one dataset, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: dict[str, str] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked = dict(request.url.params)
        if self.asked.get("kind") == "mx.raw.mesch" or "~" in self.asked.get("q", ""):
            return httpx.Response(200, json={"datasets": [], "count": 0})
        if "facets" in self.asked:
            return httpx.Response(200, json={"facets": {"kind": [{"value": "mx.raw.mesh", "count": 3}]}})
        found: dict[str, Any] = {"datasets": [{"name": "run_1", "path": "/data/run_1"}], "count": 1}
        return httpx.Response(200, json=found)


@pytest.fixture
def catalogue(monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    catalogue = Catalogue()
    monkeypatch.setattr(finding, "connect", lambda: Api(NAMED, httpx.MockTransport(catalogue)))
    return catalogue


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        (["--finding", "value_implausible", "--finding", "odd"], {"finding": "value_implausible,odd"}),
        (["--has-warnings"], {"has_warnings": "true"}),
        (["--no-warnings", "--kind", "mesh"], {"has_warnings": "false", "kind": "mesh"}),
        (["Fus"], {"q": "Fus"}),
        (["--sample", "lyso, native", "--sample", "Fus"], {"sample": "lyso\\, native,Fus"}),
    ],
)  # fmt: skip
def test_the_options_are_the_fields_of_the_query(
    catalogue: Catalogue, options: list[str], asked: dict[str, str]
) -> None:
    result = CliRunner().invoke(app, ["find", *options, "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["count"] == 1
    assert catalogue.asked == {**asked, "limit": "20", "count": "true"}


def test_a_kind_that_no_dataset_has_is_answered_with_those_there_are(catalogue: Catalogue) -> None:
    result = CliRunner().invoke(app, ["find", "--kind", "mx.raw.mesch"])
    assert result.exit_code == 1
    assert "no dataset has the kind mx.raw.mesch; the catalogue has: mx.raw.mesh" in result.output
    assert catalogue.asked["facets"] == "kind"


def test_a_condition_among_the_words_is_answered_with_its_option(catalogue: Catalogue) -> None:
    result = CliRunner().invoke(app, ["find", "MX_flux~gt~1"])
    assert result.exit_code == 1
    assert "beamcat find -p 'MX_flux~gt~1'" in result.output
    assert catalogue.asked["q"] == "MX_flux~gt~1"
