"""`beamcat backfill` chooses its source by what it is given, says what became of it, and can judge it first."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from clients.cli.backfill.catalogue_source import CatalogueSource
from clients.cli.backfill.folder_source import FolderSource
from clients.cli.backfill.icat_source import IcatSource
from clients.cli.backfill.journal import Journal
from clients.cli.backfill.line_source import LineSource
from clients.cli.backfill.pace import Pace
from clients.cli.backfill.run import Backfill
from clients.cli.commands import backfill
from clients.cli.commands.backfill import ProgressLine, origin_of
from clients.cli.connection.api import Api
from clients.cli.submissions import feeds
from clients.importers.assembly import Given
from deploy.program import app
from tests.builders.addresses import NAMED
from tests.unit.cli.beamcat import REJECTED as NO
from tests.unit.cli.beamcat import Beamcat, Passing, lines, waits


@pytest.fixture
def beamcat(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Beamcat:
    beamcat = Beamcat()
    clock = Passing()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(feeds, "GATHER_SECONDS", 1e9)  # however slow the machine is
    monkeypatch.setattr(backfill, "connect", lambda: Api(NAMED, httpx.MockTransport(beamcat)))
    monkeypatch.setattr(
        backfill, "Backfill", lambda api, origin, journal, pace: Backfill(api, origin, journal, pace, clock)
    )
    return beamcat


def typed(*command: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["backfill", *command])
    assert result.exit_code == code, result.output
    return result


def test_the_summary_says_how_many_and_where_to_read_more(beamcat: Beamcat) -> None:
    beamcat.fates = {"/data/2": [NO], "/data/3": [waits("/data/never")]}
    Path("old.ndjson").write_text(lines(1_200))
    told = typed("old.ndjson", code=1)
    assert told.stdout.splitlines() == [
        "1,198 committed",
        "    1 pending: their inputs are awaited",
        "    1 rejected",
        "each with its reason: old.ndjson.backfill/rejected.ndjson",
        f"each with its reason: {next(Path('old.ndjson.backfill').glob('pending.*'))}",
    ]


def test_a_second_run_says_that_there_was_nothing_to_do(beamcat: Beamcat) -> None:
    Path("old.ndjson").write_text(lines(3))
    typed("old.ndjson")
    taken = dict(beamcat.taken)
    told = typed("old.ndjson")
    assert "nothing was submitted again" in told.stdout
    assert json.loads(typed("old.ndjson", "--json").stdout)["counts"]["committed"] == 3
    assert beamcat.taken == taken


def test_a_failure_says_that_the_same_command_goes_on(beamcat: Beamcat) -> None:
    beamcat.gateway.extend([lambda: httpx.Response(503, json={"detail": "Kafka is away"})] * 9)
    Path("old.ndjson").write_text(lines(3))
    told = typed("old.ndjson", code=3)
    assert "not finished: the same command goes on where it was" in told.stderr
    beamcat.gateway.clear()
    typed("old.ndjson")


def test_a_dry_run_says_what_would_be_refused_and_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def judge(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/receipts":
            return httpx.Response(200, json={"receipts": [], "unknown": []})
        assert request.url.path == "/datasets:check-batch"
        said: list[dict[str, Any]] = json.loads(request.content)["datasets"]
        findings = [{"code": "start_invalid", "severity": "error", "message": "noon", "cure": "write a time"}]
        results = [
            {"status": 200, "accepted": bad, "findings": [] if bad else findings}
            for bad in (not one["path"].endswith("7") for one in said)
        ]
        return httpx.Response(200, json={"results": results})

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(backfill, "connect", lambda: Api(NAMED, httpx.MockTransport(judge)))
    Path("old.ndjson").write_text(lines(250) + "{\n")
    told = typed("old.ndjson", "--check", code=1)
    assert "refused line 17 /data/17: " in told.stdout
    assert "start_invalid: noon; write a time" in told.stdout
    assert "unreadable line 251: " in told.stdout
    assert told.stdout.splitlines()[-1] == "251 read, 26 of them would be refused or cannot be read"
    assert len(json.loads(typed("old.ndjson", "--check", "--json", code=1).stdout)) == 26
    assert not Path("old.ndjson.backfill").exists()
    Path("good.ndjson").write_text(lines(5))
    typed("good.ndjson", "--check")


def test_what_is_given_decides_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api, given = Api(NAMED), Given()
    monkeypatch.setenv("BACKFILL_TOKEN", "secret")
    (tmp_path / "old.ndjson").touch()
    for source, kind in (
        (str(tmp_path / "old.ndjson"), LineSource),
        (str(tmp_path), FolderSource),
        ("https://icat.example:8181/icat/", IcatSource),
        ("https://catalogue.example", CatalogueSource),
    ):
        assert isinstance(origin_of(source, api, given, None), kind)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["nowhere"], "is no file, directory or URL"),
        (["https://catalogue.example"], "name it in the variable BACKFILL_TOKEN"),
        (["http://["], "is no address"),
        (["https://user:secret@icat.example/icat"], "name it in the variable BACKFILL_TOKEN"),
        (["old.ndjson", "--proposal", "mx1"], "--proposal is for a directory"),
        (["old.ndjson", "--pattern", "*.xml"], "--pattern is for a directory"),
        (["old.ndjson", "--share", "2"], "share"),
    ],
)
def test_a_wrong_command_line_is_said(beamcat: Beamcat, command: list[str], told: str) -> None:
    Path("old.ndjson").write_text(lines(1))
    assert told in typed(*command, code=2).stderr
    assert not beamcat.taken


def test_the_progress_line_has_the_rate_of_this_run_and_the_time_left(tmp_path: Path) -> None:
    clock = Passing()
    with Journal(tmp_path, "a source", "a gateway") as journal:
        journal.progress.counts.update(committed=4_000, rejected=2)
        run = Backfill(Api(NAMED), LineSource(tmp_path), journal, Pace(), clock)
        line = ProgressLine(run, clock)
        run.done = 0.4
        assert line.text().startswith("4,002 done · 2 rejected · 0 pending · 0/s")
        clock.time += 100.0
        journal.progress.counts.update(committed=1_000)
        run.done = 0.5
        assert line.text() == "5,002 done · 2 rejected · 0 pending · 10/s · 0:08:20 left"
        run.trouble = "the gateway does not answer"
        assert line.text().endswith("(the gateway does not answer)")
