"""A backfill brings in everything exactly once in effect, however often it is killed, and lists what was refused."""

import json
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients.cli.backfill import run as running
from clients.cli.backfill.journal import REJECTED, Journal
from clients.cli.backfill.line_source import LineSource
from clients.cli.backfill.pace import LEAST, Pace
from clients.cli.backfill.run import MOST_STALLED_SECONDS, Backfill
from clients.cli.connection.api import Api, Unreachable
from clients.cli.submissions import feeds
from clients.cli.terminal.output import Failed
from tests.builders.addresses import NAMED
from tests.builders.seeds import seed_of_run
from tests.unit.cli.beamcat import COMMITTED, FLYING, Beamcat, Passing, away, busy, lines, waits
from tests.unit.cli.beamcat import REJECTED as NO

COUNT = 1_000


class Killed(BaseException):
    """The process ended."""


@dataclass
class Site:
    """A file, a beamcat, and the folder of a backfill."""

    folder: Path
    beamcat: Beamcat = field(default_factory=Beamcat)
    clock: Passing = field(default_factory=Passing)
    killer: Callable[[], None] = lambda: None

    def write(self, text: str) -> None:
        """Write the lines of the source."""
        (self.folder / "old.ndjson").write_text(text)

    def backfill(self, journal: Journal, pace: Pace | None = None) -> Backfill:
        """A backfill that may be killed at each request, and before and after each time it saves its state."""
        api = Api(NAMED, httpx.MockTransport(self._answer))
        source = LineSource(self.folder / "old.ndjson")
        save = journal.save

        def killed_save() -> None:
            self.killer()
            save()
            self.killer()

        journal.save = killed_save  # type: ignore[method-assign]
        return Backfill(api, source, journal, pace or Pace(), self.clock)

    def journal(self) -> Journal:
        """The folder of the backfill."""
        return Journal(self.folder / "state", "old.ndjson", "a gateway")

    def run(self, pace: Pace | None = None) -> dict[str, int]:
        """Run it to its end. Returns what became of the datasets."""
        with self.journal() as journal:
            self.backfill(journal, pace).run()
            return {word: count for word, count in journal.progress.counts.items() if count}

    def said(self, name: str) -> list[dict[str, Any]]:
        """The lines of a file of the folder."""
        return [json.loads(line) for line in (self.folder / "state" / name).read_text().splitlines()]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.killer()
        answer = self.beamcat(request)
        self.killer()
        return answer


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(feeds, "GATHER_SECONDS", 1e9)  # however slow the machine is
    site = Site(tmp_path)
    site.write(lines(COUNT))
    return site


def test_everything_is_submitted_once_in_the_order_of_the_file(site: Site) -> None:
    assert site.run() == {"committed": COUNT}
    assert list(site.beamcat.taken.values()) == [f"/data/{number}" for number in range(1, COUNT + 1)]


def test_a_second_run_submits_nothing(site: Site) -> None:
    site.run()
    site.beamcat.requests.clear()
    assert site.run() == {"committed": COUNT}
    assert site.beamcat.requests == []


def test_without_its_state_it_finds_by_the_receipts_that_all_was_submitted(site: Site) -> None:
    site.run()
    site.beamcat.requests.clear()
    (site.folder / "state").rename(site.folder / "lost")
    assert site.run() == {"already": COUNT}
    assert set(site.beamcat.requests) == {"/receipts"}


def test_lines_that_are_added_later_are_submitted_by_the_next_file_alone(site: Site) -> None:
    site.run()
    (site.folder / "state").rename(site.folder / "before")
    site.write(lines(COUNT + 300))
    assert site.run() == {"already": COUNT, "committed": 300}


def test_what_is_not_accepted_is_listed_with_its_place_and_reason(site: Site) -> None:
    finding = {"code": "start_invalid", "severity": "error", "message": "noon", "cure": "write a time"}
    site.write(lines(2) + '{"name"\n' + lines(2, first=3))
    site.beamcat.fates = {"/data/2": [NO | {"findings": [finding]}]}
    site.beamcat.refused = {"/data/3": "beamline: is missing; give it"}
    assert site.run() == {"committed": 2, "rejected": 1, "refused": 1, "unreadable": 1}
    unreadable, *others = site.said(REJECTED)
    rejected, refused = sorted(others, key=lambda line: line["place"])
    assert (unreadable["place"], unreadable["original"]) == ("line 3", '{"name"\n')
    assert (rejected["place"], rejected["code"], rejected["cure"]) == ("line 2", "dataset_invalid", "write a time")
    assert rejected["submission"] == {"name": "x", "path": "/data/2"}
    assert (refused["place"], refused["message"]) == ("line 4", "beamline: is missing; give it")


def test_the_file_of_rejections_is_a_source_itself(site: Site) -> None:
    site.beamcat.fates = {"/data/7": [NO]}
    site.run()
    site.write((site.folder / "state" / REJECTED).read_text().replace('"x"', '"corrected"'))
    (site.folder / "state").rename(site.folder / "before")
    site.beamcat.fates = {}
    assert site.run() == {"committed": 1}
    assert list(site.beamcat.taken.values()).count("/data/7") == 2


def test_what_waits_holds_nothing_up_and_is_asked_for_again_at_the_end(site: Site) -> None:
    never, last = waits("/data/never"), waits(f"/data/{COUNT}")
    site.beamcat.fates = {
        "/data/1": [last] * 3 + [COMMITTED],
        "/data/2": [never],
        "/data/3": [last] * 3 + [NO],
    }
    assert site.run() == {"committed": COUNT - 2, "pending": 1, "rejected": 1}
    [still] = site.said(f"pending.{generation(site)}.ndjson")
    assert (still["path"], still["waits_for"]) == ("/data/2", ["/data/never"])
    assert [line["path"] for line in site.said(REJECTED)] == ["/data/3"]
    site.beamcat.fates = {}
    assert site.run() == {"committed": COUNT - 1, "rejected": 1}
    assert len(list((site.folder / "state").glob("pending.*"))) == 1


def generation(site: Site) -> int:
    """The number of the file of pending datasets."""
    return int(json.loads((site.folder / "state" / "state.json").read_text())["generation"])


def test_killed_anywhere_and_again_it_goes_on_and_nothing_is_lost_or_listed_twice(site: Site) -> None:
    chance = random.Random(seed_of_run())
    site.write(lines(400) + "{\n" + lines(COUNT - 400, first=401))
    bad = {f"/data/{number}": [NO] for number in range(5, COUNT, 90)}
    held = {f"/data/{number}": [waits("/data/never")] for number in range(6, COUNT, 200)}
    site.beamcat.fates = {**bad, **held}
    left = 0

    def kill() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed

    site.killer = kill
    for _ in range(12):
        left = chance.randint(1, 14)
        with suppress(Killed):
            site.run(Pace(size=LEAST))
    left = 0
    counts = site.run(Pace(size=LEAST))
    assert set(site.beamcat.taken.values()) == {f"/data/{number}" for number in range(1, COUNT + 1)}
    assert len(site.beamcat.taken) == COUNT
    assert sum(counts.values()) == COUNT + 1
    assert (counts["rejected"], counts["pending"], counts["unreadable"]) == (len(bad), len(held), 1)
    listed = [line.get("path", line["place"]) for line in site.said(REJECTED)]
    assert sorted(listed) == sorted([*bad, "line 401"])
    assert sorted(line["path"] for line in site.said(f"pending.{generation(site)}.ndjson")) == sorted(held)


def test_it_rests_as_long_as_a_chunk_took(site: Site) -> None:
    site.beamcat.fates = {f"/data/{number}": [FLYING, FLYING, COMMITTED] for number in range(1, COUNT + 1)}
    site.run(Pace(0.5))
    slow, site.clock.time = site.clock.time, 0.0
    site.beamcat.taken.clear()
    (site.folder / "state").rename(site.folder / "before")
    site.beamcat.fates = {f"/data/{number}": [FLYING, FLYING, COMMITTED] for number in range(1, COUNT + 1)}
    site.run(Pace(1.0))
    assert slow == pytest.approx(2 * site.clock.time, rel=0.2)


def test_where_the_gateway_asks_for_fewer_requests_it_waits_and_halves_the_chunks(site: Site) -> None:
    site.beamcat.gateway.extend([busy(seconds="7")])
    with site.journal() as journal:
        backfill = site.backfill(journal, Pace(size=800, best_seconds=1.0))
        backfill.run()
    assert backfill.pace.size <= 500
    assert site.clock.time >= 7.0
    assert len(site.beamcat.taken) == COUNT


def test_a_gateway_that_never_answered_is_said_at_once(site: Site) -> None:
    site.beamcat.gateway.extend([away] * 3)
    with pytest.raises(Unreachable):
        site.run()


def test_a_gateway_that_goes_away_meanwhile_is_waited_for(site: Site) -> None:
    with site.journal() as journal:
        backfill = site.backfill(journal)
        took = site.beamcat._take

        def take(given: list[dict[str, Any]]) -> httpx.Response:
            site.beamcat._take = took  # type: ignore[method-assign]
            site.beamcat.gateway.extend([away] * 30)
            return took(given)

        site.beamcat._take = take  # type: ignore[method-assign]
        backfill.run()
    assert len(site.beamcat.taken) == COUNT


def test_stages_that_do_not_move_end_it_and_the_same_command_goes_on(site: Site) -> None:
    site.beamcat.fates = {"/data/300": [FLYING]}
    with pytest.raises(Failed, match="not answered") as failed:
        site.run()
    assert failed.value.code == 3
    assert site.clock.time > MOST_STALLED_SECONDS
    before = len(site.beamcat.taken)
    site.beamcat.fates = {}
    counts = site.run()
    assert sum(counts.values()) == COUNT
    assert len(site.beamcat.taken) == COUNT > before


def test_a_chunk_has_a_limit_in_bytes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MOST_BYTES", 200)
    assert site.run() == {"committed": COUNT}
    assert site.beamcat.most_at_once < 12
