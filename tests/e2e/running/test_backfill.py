"""Old datasets are brought into a running beamcat: killed in the middle, it goes on; a second time, nothing changes."""

import gzip
import json
import random
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.builders.submissions import processed_submission, raw_submission
from tests.builders.terminal import BEAMCAT, ENVIRONMENT, beamcat
from tests.e2e.running.conftest import Facility

pytestmark = pytest.mark.e2e

COUNT = 500
FIRST = -900_000
"""Long before what other tests send, which is found first."""
MOST_SECONDS = 120.0


def old_datasets() -> list[dict[str, Any]]:
    """Results before the datasets that they were made from."""
    chance = random.Random(FIRST)
    raws = [raw_submission(number, chance) for number in range(FIRST, FIRST + COUNT // 2)]
    return [*(processed_submission(FIRST - number, [raw], chance) for number, raw in enumerate(raws, 1)), *raws]


def backfill(facility: Facility, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command, run to its end."""
    return subprocess.run(
        [*BEAMCAT, "backfill", *words],
        cwd=facility.folder,
        env={**ENVIRONMENT, **variables},
        text=True,
        capture_output=True,
        check=False,
    )


def counts(told: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """What became of the datasets, by `--json`."""
    return {word: count for word, count in json.loads(told.stdout)["counts"].items() if count}


def kill_after_first_state(facility: Facility, source: str, state: Path) -> None:
    """Start it, and end it without a chance to clean up as soon as it has recorded its first chunk."""
    process = subprocess.Popen([*BEAMCAT, "backfill", source], cwd=facility.folder, env=ENVIRONMENT)
    deadline = time.monotonic() + MOST_SECONDS
    while not state.exists():
        assert process.poll() is None, "it ended before it was killed"
        assert time.monotonic() < deadline, "nothing was recorded"
        time.sleep(0.01)
    process.kill()
    process.wait()


def test_a_killed_backfill_goes_on_and_a_second_one_changes_nothing(facility: Facility) -> None:
    datasets = old_datasets()
    texts = [
        *map(json.dumps, datasets),
        '{"name": "broken"',
        json.dumps(datasets[7] | {"path": "/data/x", "start": "?"}),
    ]
    (facility.folder / "old.ndjson.gz").write_bytes(gzip.compress("\n".join(texts).encode()))
    folder = facility.folder / "old.ndjson.gz.backfill"

    kill_after_first_state(facility, "old.ndjson.gz", folder / "state.json")
    assert json.loads((folder / "state.json").read_text())["is_read"] is False

    told = backfill(facility, "old.ndjson.gz", "--json")
    assert told.returncode == 1, told.stdout + told.stderr
    found = counts(told)
    assert found.get("committed", 0) + found.get("already", 0) == COUNT
    assert (found["unreadable"], found["rejected"]) == (1, 1)
    listed = [json.loads(line) for line in (folder / "rejected.ndjson").read_text().splitlines()]
    assert [line["place"] for line in listed] == [f"line {COUNT + 1}", f"line {COUNT + 2}"]
    assert "start" in listed[1]["findings"][0]["message"]

    again = backfill(facility, "old.ndjson.gz", "--state", "again", "--json")
    assert counts(again) == {"already": COUNT, "unreadable": 1, "rejected": 1}
    receipts = json.loads(beamcat(facility.folder, "status", datasets[0]["path"], "--json").stdout)
    assert [receipt["revision"] for receipt in receipts] == [1]


def test_what_one_beamcat_has_committed_is_a_source_for_another(facility: Facility) -> None:
    token = (facility.folder / ".beamcat" / "development-token").read_text().strip()
    told = backfill(
        facility, facility.running["BEAMCAT_SEARCH_URL"], "--state", "itself", "--json", BACKFILL_TOKEN=token
    )
    assert told.returncode in (0, 1), told.stdout + told.stderr
    assert counts(told)["unchanged"] >= COUNT
    assert json.loads(told.stdout)["is_read"] is True
