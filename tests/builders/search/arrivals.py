"""Events of every topic of the read model that change the same rows, and the orders in which they may arrive."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zlib import crc32

from shared.events.record import Record
from shared.events.sample import Container
from shared.events.sections import Finding
from tests.builders.search.records import NOON, Topics, investigation

PARTITIONS = 3
FINDING = Finding.warning("unit_assumed", "MX_flux has no unit", "give one")


def everything(chance: Random, count: int) -> list[Record]:
    """Events of each topic about few datasets, receipts, samples, investigations and places, as they are in partitions.

    Nearly all collide: two events at the same time, one receipt refused twice, a repeated rejection, another source's
    event with a used id. At the end, a container has a place.
    """
    story = Story(chance)
    for _ in range(count):
        story.go_on()
    puck = {"name": "P1", "type": "UNIPUCK", "sample_changer_location": 1}
    story.topics.shipped("parcel_declared", 2, parcel={"name": "Dewar", "content": [puck]})
    return _partitioned(story.topics.records)


class Story:
    """A sequence of events, each of a random kind."""

    def __init__(self, chance: Random) -> None:
        self.topics = Topics()
        self._chance = chance
        self._path = ""
        self._receipt = ""
        self._word = ""

    def go_on(self) -> None:
        """Add one event."""
        self._path = f"/data/{self._chance.randrange(3)}"
        self._receipt = f"{self._path} {self._chance.randrange(2)}"
        self._word = f"word {len(self.topics.records)}"
        tell = self._chance.choice(
            (
                *(self._submitted, self._pending, self._committed, self._committed, self._committed),
                *(self._unchanged, self._rejected, self._rejected, self._registered),
                self._shipped,
            )
        )
        tell()

    def _moment(self) -> datetime:
        return NOON + timedelta(seconds=self._chance.randrange(3))

    def _submitted(self) -> None:
        self.topics.submitted(self._receipt, self._path, self._moment())

    def _pending(self) -> None:
        findings = [FINDING] * self._chance.randrange(2)
        facts: dict[str, Any] = self._chance.choice(
            [{}, {"kind": "mx.raw", "beamline": "id30a-3", "proposal": self._word}]
        )
        missing = ["/data/9", "/data/8"][: self._chance.randrange(3)]
        self.topics.pending(self._receipt, self._path, missing, findings, **facts)

    def _committed(self) -> None:
        """Add a commit. A revision never changes, so its content depends on its number alone."""
        revision = self._chance.randrange(1, 4)
        fact = Random(f"{self._path} {revision}")
        self.topics.committed(
            self._path,
            {"MX_flux": fact.random(), f"own_{revision}": "text", "list": [1.0, fact.random()]},
            [f"/data/{fact.randrange(5, 8)}"],
            revision=revision,
            number=int(self._path[-1]),
            sample=fact.choice([None, "s", "S", "t"]),
            start=NOON + timedelta(hours=fact.randrange(2)),
            container=fact.choice([None, Container(name="box 1"), Container(name="box 2")]),
            sample_changer_position=fact.choice([None, "1", "2"]),
            findings=[FINDING] * fact.randrange(2),
            beamline=fact.choice(["id30a-3", "id23-1"]),
            investigation=investigation(7, title=f"as {self._path} {revision} says"),
        )

    def _unchanged(self) -> None:
        self.topics.unchanged(self._path, self._receipt, self._chance.randrange(1, 3))

    def _rejected(self) -> None:
        """Add a rejection of one of few submissions, so that some are repeated later, and with other words."""
        offset = self._chance.randrange(3)
        told = self._moment() + timedelta(microseconds=self._chance.choice([0, 1, 500_000]))
        words = self._chance.choice(["MX_flux is 'many'", "MX_flux: 'many' is no number"])
        self.topics.rejected(f"{self._path} {offset % 2}", self._path, offset=offset, rejected_at=told, message=words)

    def _registered(self) -> None:
        self.topics.registered(investigation(self._chance.choice([7, 8]), title=self._word))

    def _shipped(self) -> None:
        places = self._chance.sample([None, 1, 2], self._chance.randrange(3))
        items = [
            {"name": f"P{n}", "type": "UNIPUCK", "sample_changer_location": place} for n, place in enumerate(places)
        ]
        self.topics.shipped("parcel_declared", self._chance.randrange(2), parcel={"name": "Dewar", "content": items})
        self.topics.shipped("status_reported", 1, parcel_id="0" * 24, status={"status": self._word})


def _partitioned(records: list[Record]) -> list[Record]:
    """The records in the partitions of Kafka: one partition for each key, with its own offsets."""
    ends: dict[tuple[str, int], int] = {}
    placed = []
    for record in records:
        place = record.topic, crc32(record.key or record.value or b"") % PARTITIONS
        ends[place] = ends.get(place, -1) + 1
        placed.append(replace(record, partition=place[1], offset=ends[place]))
    return placed


def arriving(chance: Random, records: list[Record]) -> Iterator[list[Record]]:
    """The records in a random order and in batches. Some arrive twice."""
    order = chance.sample(records, len(records)) + chance.choices(records, k=len(records) // 3)
    while order:
        size = chance.randrange(1, 8)
        yield order[:size]
        del order[:size]
