"""`beamcat find` asks search what its options say."""

import csv
import io
import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from clients.cli.commands import search
from clients.cli.connection.api import Api
from deploy.program import app
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
    monkeypatch.setattr(search, "connect", lambda: Api(NAMED, httpx.MockTransport(catalogue)))
    return catalogue


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        (["--finding", "value_implausible", "--finding", "odd"], {"finding": "value_implausible,odd"}),
        (["--has-warnings"], {"has_warnings": "true"}),
        (["--no-warnings", "--kind", "mesh"], {"has_warnings": "false", "kind": "mesh"}),
        (["Fus"], {"q": "Fus"}),
        (["--sample", "lyso, native", "--sample", "Fus"], {"sample": "lyso\\, native,Fus"}),
        (["--technique", "MX,SAXS", "--technique", "XRF"], {"technique": "MX,SAXS,XRF"}),
        (["--type", "raw", "--kind", "a,b", "--proposal", "mx-1", "--proposal", "mx2", "--beamline", "id29,id30"],
         {"type": "raw", "kind": "a,b", "proposal": "mx-1,mx2", "beamline": "id29,id30"}),
        (["-p", "MX_resolution<2", "-p", "a>1, b=x"], {"parameters": "MX_resolution<2,a>1, b=x"}),
        (["--from", "2024-11-30", "--to", "2024-12-01T10:00"],
         {"startDate": "2024-11-30", "endDate": "2024-12-01T10:00"}),
        (["--sort", "MX_resolution", "--order", "asc"], {"sort": "MX_resolution", "order": "asc"}),
        (["--columns", "MX_flux, kind", "--columns", "MX_resolution"], {"columns": "MX_flux,kind,MX_resolution"}),
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


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        (["--from", "30.11.2024"], "--from: '30.11.2024' is not a time; write it as 2024-11-30"),
        (["--to", "soon"], "--to: 'soon' is not a time; write it as 2024-11-30 or"),
        (["--from", "2024-12-01", "--to", "2024-11-30"], "--from 2024-12-01 is later than --to 2024-11-30"),
        (["--all", "--limit", "5"], "--all and --limit: give only one of them"),
        (["--csv", "--json"], "--csv and --json: give only one of them"),
    ],
)
def test_options_that_cannot_be_meant_are_answered_before_anything_is_asked(
    catalogue: Catalogue, options: list[str], cure: str
) -> None:
    result = CliRunner().invoke(app, ["find", *options])
    assert (result.exit_code, catalogue.asked) == (2, {})
    assert cure in result.stderr


def test_a_day_may_be_called_today_or_yesterday(catalogue: Catalogue) -> None:
    assert CliRunner().invoke(app, ["find", "--from", "Yesterday", "--to", "today"]).exit_code == 0
    first, last = (date.fromisoformat(catalogue.asked[name]) for name in ("startDate", "endDate"))
    assert last - first == timedelta(days=1)


def test_a_condition_among_the_words_is_answered_with_its_option(catalogue: Catalogue) -> None:
    result = CliRunner().invoke(app, ["find", "MX_flux~gt~1"])
    assert result.exit_code == 1
    assert "beamcat find -p 'MX_flux~gt~1'" in result.output
    assert catalogue.asked["q"] == "MX_flux~gt~1"


FOUND = 1203


class Pages:
    """A search service that has more datasets than a page holds, and stops to answer at one if told to."""

    def __init__(self, found: int = FOUND, away_from: int = FOUND) -> None:
        self.found = found
        self.away_from = away_from
        self.pages = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = dict(request.url.params)
        begin, limit = int(asked.get("cursor", 0)), int(asked["limit"])
        if begin >= self.away_from:
            return httpx.Response(503, json={"detail": "too busy; ask again"})
        self.pages += 1
        numbers = range(begin, min(begin + limit, self.found))
        following = str(numbers.stop) if numbers.stop < self.found else None
        if asked.get("format") == "csv":
            link = {"Link": f'<?{request.url.copy_set_param("cursor", following).query.decode()}>; rel="next"'}
            lines = "".join(f'{n},"a\r\n{n}"\r\n' for n in numbers)
            return httpx.Response(200, text=f"id,path\r\n{lines}", headers=link if following else {})
        rows = [
            {"name": f"run_{n}", "path": f"/data/{n}", "beamline": "id29", "parameters": {"MX_flux": n * 1e9}}
            for n in numbers
        ]
        count = {"count": self.found} if "count" in asked else {}
        return httpx.Response(200, json={"datasets": rows, "next": following, **count})


@pytest.fixture
def find(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    def find(pages: Pages, *options: str) -> Result:
        monkeypatch.setattr(search, "connect", lambda: Api(NAMED, httpx.MockTransport(pages)))
        return CliRunner().invoke(app, ["find", *options])

    return find


def test_a_page_says_how_to_get_the_rest(find: Callable[..., Result]) -> None:
    result = find(Pages(), "--limit", "2")
    _, *rows, count = result.stdout.splitlines()
    assert [row.split() for row in rows] == [["run_0", "/data/0"], ["run_1", "/data/1"]]
    assert count == "2 of 1203; --all shows all of them"


def test_all_are_printed_a_line_each(find: Callable[..., Result]) -> None:
    pages = Pages()
    result = find(pages, "--all", "--columns", "MX_flux,Beamline")
    header, *rows, count = result.stdout.splitlines()
    assert header.split() == ["name", "beamline", "MX_flux", "path"]
    assert [row.split() for row in rows] == [[f"run_{n}", "id29", str(n * 1e9), f"/data/{n}"] for n in range(FOUND)]
    assert (count, pages.pages) == ("1203 of 1203", 13)


def test_all_are_one_document_in_json(find: Callable[..., Result]) -> None:
    result = find(Pages(), "--all", "--json")
    answer = json.loads(result.stdout)
    assert [row["name"] for row in answer.pop("datasets")] == [f"run_{n}" for n in range(FOUND)]
    assert answer == {"next": None, "count": FOUND}
    nothing = find(Pages(0), "--all", "--json")
    assert (nothing.exit_code, json.loads(nothing.stdout)) == (1, {"datasets": [], "next": None, "count": 0})


def test_what_fails_on_the_way_is_told_in_the_same_document(find: Callable[..., Result]) -> None:
    result = find(Pages(away_from=500), "--all", "--json")
    answer = json.loads(result.stdout)
    assert (len(answer["datasets"]), answer["error"], answer["exit_code"]) == (500, "too busy; ask again", 3)
    assert (result.exit_code, result.stderr) == (3, "beamcat: too busy; ask again\n")


def test_all_are_one_sheet_with_one_header(find: Callable[..., Result]) -> None:
    result = find(Pages(), "--all", "--csv")
    assert result.exit_code == 0
    rows = list(csv.reader(io.StringIO(result.stdout_bytes.decode(), newline="")))
    assert rows == [["id", "path"], *([str(n), f"a\r\n{n}"] for n in range(FOUND))]
    first = find(Pages(), "--csv")
    assert len(list(csv.reader(io.StringIO(first.stdout_bytes.decode(), newline="")))) == 21
    assert first.stderr == "there are more: add --all\n"
    nothing = find(Pages(0), "--csv")
    assert (nothing.exit_code, nothing.stdout_bytes) == (1, b"id,path\r\n")


def test_an_unknown_value_among_several_is_named_with_what_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        values = {"technique": ["MX", "BioSAXS"], "beamline": ["id29", "id30a-3"], "proposal": ["MX-1111"]}
        facets = {
            facet: [{"value": value} for value in values[facet]]
            for facet in asked.get("facets", "").split(",")
            if facet
        }
        return httpx.Response(200, json={"datasets": [], "count": 0, "next": None, "facets": facets})

    monkeypatch.setattr(search, "connect", lambda: Api(NAMED, httpx.MockTransport(answer)))
    options = ["--technique", "mx,biosax", "--beamline", "id28", "--proposal", "mx1111,mx1112"]
    result = CliRunner().invoke(app, ["find", *options])
    assert result.exit_code == 1
    assert result.stdout.splitlines()[2:] == [
        "no dataset has the technique biosax; the catalogue has: MX, BioSAXS; did you mean BioSAXS?",
        "no dataset has the proposal mx1112; the catalogue has: MX-1111",
        "no dataset has the beamline id28; the catalogue has: id29, id30a-3; did you mean id29?",
    ]
