"""A watcher is told everything once, however small the answers are, and of its own beamlines alone."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search.cursors import CursorInvalid
from services.search.query import activity
from services.search.query.activity import (
    TOPICS,
    ActivityFilter,
    ActivityPage,
    Partition,
    read_watch_cursor,
    write_watch_cursor,
)
from tests.builders.search.records import NOON

FEW = 7
PLACES = st.dictionaries(st.tuples(st.sampled_from(TOPICS), st.integers(0, 20)), st.integers(0, 2**63 - 1))


@pytest.fixture(scope="module", autouse=True)
def few_of_a_partition() -> Iterator[None]:
    """So many are read of a partition for one answer."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(activity, "MOST_OF_A_PARTITION", FEW)
        yield


def happened(place: Partition, offset: int, second: int, beamline: str | None = None) -> dict[str, Any]:
    nothing = dict.fromkeys(("name", "kind", "proposal", "code", "message", "revision", "receipt_id", "rejection_id"))
    return nothing | {
        "topic": place[0],
        "partition": place[1],
        "record_offset": offset,
        "at": NOON + timedelta(seconds=second),
        "state": "committed",
        "path": f"/{place[0]}/{place[1]}/{offset}",
        "beamline": beamline,
        "dataset_id": None,
    }


class Table:
    """What happened, by partition and offset, and the statement that reads it."""

    def __init__(self, rows: Mapping[Partition, list[dict[str, Any]]]) -> None:
        self.rows = rows
        self.ends = {place: rows[-1]["record_offset"] + 3 for place, rows in rows.items()}

    async def after(self, reached: Mapping[Partition, int]) -> AsyncIterator[dict[str, Any]]:
        found = []
        for place, rows in self.rows.items():
            latest = NOON
            for row in [row for row in rows if row["record_offset"] >= reached.get(place, 0)][:FEW]:
                latest = max(latest, row["at"])
                found.append(((latest, *place, row["record_offset"]), row))
        for _, row in sorted(found, key=lambda each: each[0]):
            yield row

    async def all_told(self, wanted: ActivityFilter, limit: int) -> list[str]:
        """The paths that a watcher is told from the beginning on, over as many answers as it takes."""
        told = ActivityPage({})
        paths: list[str] = []
        while True:
            told = ActivityPage(dict(told.reached))
            ends = {place: end for place, end in self.ends.items() if end > told.reached.get(place, 0)}
            await told.read(self.after(told.reached), ends, wanted, limit)
            assert len(told.activity) <= limit
            paths += [row["path"] for row in told.activity]
            if not told.has_more:
                assert told.reached == self.ends
                return paths


def table(chance: Random) -> Table:
    """Partitions with gaps between their offsets, whose times are not quite in order."""
    rows: dict[Partition, list[dict[str, Any]]] = {}
    for partition in range(chance.randrange(1, 4)):
        place, offset = (TOPICS[partition % 2], partition), 0
        rows[place] = []
        for _ in range(chance.choice([1, 5, FEW, 2 * FEW + 1])):
            offset += chance.randrange(1, 4)
            beamline = chance.choice([None, "a", "b"])
            rows[place].append(happened(place, offset, offset + chance.randrange(5), beamline))
    return Table(rows)


@given(st.randoms(use_true_random=False), st.integers(1, 50))
def test_everything_is_told_once_and_each_partition_in_its_order(chance: Random, limit: int) -> None:
    known = table(chance)
    told = asyncio.run(known.all_told(ActivityFilter(), limit))
    assert len(set(told)) == len(told) == sum(map(len, known.rows.values()))
    for rows in known.rows.values():
        assert [path for path in told if path in {row["path"] for row in rows}] == [row["path"] for row in rows]


@given(st.randoms(use_true_random=False), st.integers(1, 50))
def test_who_watches_one_beamline_is_told_all_of_it_and_nothing_else(chance: Random, limit: int) -> None:
    known = table(chance)
    told = asyncio.run(known.all_told(ActivityFilter(beamlines=frozenset("a")), limit))
    assert set(told) == {row["path"] for rows in known.rows.values() for row in rows if row["beamline"] == "a"}
    assert len(set(told)) == len(told)


@given(PLACES)
def test_where_a_watcher_has_come_to_survives_the_wire(reached: dict[Partition, int]) -> None:
    read = read_watch_cursor(write_watch_cursor(reached))
    assert {place: offset for place, offset in read.items() if offset} == {
        place: offset for place, offset in reached.items() if offset
    }


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "é",
        "W10",
        "eyJ0IjpbMV19",
        write_watch_cursor({(TOPICS[0], 0): -1}),
        write_watch_cursor({(TOPICS[0], 1001): 1}),
        "bnVsbA",
    ],
)
def test_a_text_that_is_no_place_is_refused_with_a_cure(text: str) -> None:
    with pytest.raises(CursorInvalid, match="leave it out to begin now"):
        read_watch_cursor(text)
