"""What was declared to travel: as search answers, and what this process has published lately.

A client that has declared something sees it in its next question, although search reads it from the topic only then.
"""

from collections import deque
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from shared.events.declarations import Declared, together

KEPT = timedelta(minutes=10)
"""How long a declaration of one's own is remembered. Search has read it long before."""
MOST_KEPT = 100_000
"""Things that are remembered together; beyond that the oldest are forgotten first."""


class Declarations(Protocol):
    """Where it is known what was declared."""

    async def declared(self, investigations: Collection[UUID], beamlines: Collection[str] = ()) -> Declared:
        """What was declared for investigations, and what was loaded last there and at beamlines (in lower case)."""


class OwnDeclarations:
    """Declarations with those that were published by this process laid over them."""

    def __init__(self, known: Declarations, clock: Callable[[], datetime]) -> None:
        self._known = known
        self._clock = clock
        self._own: deque[tuple[datetime, Declared]] = deque()
        self._size = 0

    async def of(self, investigations: Collection[UUID], beamlines: Collection[str] = ()) -> Declared:
        """All that was declared for investigations, and what was loaded last there and at beamlines (in lower case)."""
        asked, own = set(investigations), self._lately()
        places = tuple(row for each in own for row in each.places)
        there = {row.beamline for row in places if row.investigation_id in asked}
        known = await self._known.declared(investigations, {*beamlines, *there})
        merged = together(known, _of_investigations(own, asked)._replace(places=places))
        shown = (row for row in merged.places if row.investigation_id in asked or row.beamline in beamlines)
        return merged._replace(places=tuple(shown))

    def holding(self, kind: str, ids: Collection[str] | None) -> set[UUID]:
        """The investigations for which one of these things, or any of the kind, was declared here lately."""
        things = (row for own in self._lately() for row in own.things if row.kind == kind)
        return {row.investigation_id for row in things if ids is None or row.id in ids}

    def note(self, declared: Declared) -> None:
        """Remember what Kafka has confirmed."""
        self._own.append((self._clock(), declared))
        self._size += len(declared.facts)
        self._lately()

    def _lately(self) -> list[Declared]:
        """What is remembered, without what is forgotten now."""
        oldest = self._clock() - KEPT
        while self._own and (self._own[0][0] < oldest or (self._size > MOST_KEPT and len(self._own) > 1)):
            self._size -= len(self._own.popleft()[1].facts)
        return [declared for _, declared in self._own]


def _of_investigations(own: Collection[Declared], investigations: Collection[UUID]) -> Declared:
    return Declared(
        things=tuple(row for each in own for row in each.things if row.investigation_id in investigations),
        statuses=tuple(row for each in own for row in each.statuses if row.investigation_id in investigations),
    )
