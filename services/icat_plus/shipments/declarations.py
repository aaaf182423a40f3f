"""Declarations from search, with those that this process has published recently.

So a client sees its own declaration in its next request, even if search has not read it from the topic yet.
"""

from collections import deque
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from shared.events.declarations import Declared, together

KEPT = timedelta(minutes=10)
"""How long an own declaration is remembered. Search reads it within seconds."""
MOST_KEPT = 100_000
"""The most remembered things. The oldest are forgotten first."""


class Declarations(Protocol):
    """A source of declarations."""

    async def declared(self, investigations: Collection[UUID], beamlines: Collection[str] = ()) -> Declared:
        """The declarations for investigations, and the last loads there and at some beamlines (in lower case)."""


class OwnDeclarations:
    """Declarations, merged with those that this process has published."""

    def __init__(self, known: Declarations, clock: Callable[[], datetime]) -> None:
        self._known = known
        self._clock = clock
        self._own: deque[tuple[datetime, Declared]] = deque()
        self._size = 0

    async def of(self, investigations: Collection[UUID], beamlines: Collection[str] = ()) -> Declared:
        """The declarations for investigations, and the last loads there and at some beamlines (in lower case)."""
        asked, own = set(investigations), self._lately()
        places = tuple(row for each in own for row in each.places)
        there = {row.beamline for row in places if row.investigation_id in asked}
        known = await self._known.declared(investigations, {*beamlines, *there})
        merged = together(known, _of_investigations(own, asked)._replace(places=places))
        shown = (row for row in merged.places if row.investigation_id in asked or row.beamline in beamlines)
        return merged._replace(places=tuple(shown))

    def holding(self, kind: str, ids: Collection[str] | None) -> set[UUID]:
        """The investigations for which this process has recently declared one of these things, or any of the kind."""
        things = (row for own in self._lately() for row in own.things if row.kind == kind)
        return {row.investigation_id for row in things if ids is None or row.id in ids}

    def note(self, declared: Declared) -> None:
        """Remember a declaration that Kafka has confirmed."""
        self._own.append((self._clock(), declared))
        self._size += len(declared.facts)
        self._lately()

    def _lately(self) -> list[Declared]:
        """The remembered declarations. Older ones are forgotten."""
        oldest = self._clock() - KEPT
        while self._own and (self._own[0][0] < oldest or (self._size > MOST_KEPT and len(self._own) > 1)):
            self._size -= len(self._own.popleft()[1].facts)
        return [declared for _, declared in self._own]


def _of_investigations(own: Collection[Declared], investigations: Collection[UUID]) -> Declared:
    return Declared(
        things=tuple(row for each in own for row in each.things if row.investigation_id in investigations),
        statuses=tuple(row for each in own for row in each.statuses if row.investigation_id in investigations),
    )
