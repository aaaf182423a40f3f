"""The stage that learns of investigations, in memory."""

from collections.abc import Sequence
from itertools import islice

from services.linker.plan.announcements import PlanContext, Planned, position_of
from services.linker.storage.memory.tables import MemoryTables
from shared.events.investigation import InvestigationAnnounced
from shared.events.wire import Received
from shared.stages.outcomes import Outcome


class AnnouncementsTransaction:
    """One transaction of the stage that learns of investigations."""

    leaves_work = True

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def load(self, events: Sequence[Received[InvestigationAnnounced]]) -> PlanContext:
        """Every dataset and every investigation."""
        placed = [fact.placed for fact in self._tables.datasets.values()]
        in_placeholders = [each for each in placed if each.in_placeholder]
        numbers = list(islice(self._tables.numbers, len(events)))
        slots = list(self._tables.slots.values())
        return PlanContext(slots, in_placeholders, placed, numbers, self._tables.announcements)

    async def save(self, events: Sequence[Received[InvestigationAnnounced]], outcomes: Sequence[Outcome]) -> None:
        """Save the investigations, the moves of their datasets, and which records were learned."""
        self._tables.announcements = self._tables.announcements | {position_of(event) for event in events}
        for outcome in outcomes:
            if isinstance(outcome, Planned):
                self._tables.slots[outcome.slot.investigation_id] = outcome.slot
                self._tables.hold_moves(outcome.moves)
