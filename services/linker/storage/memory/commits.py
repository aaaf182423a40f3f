"""The stage that learns of commits, in memory."""

from collections.abc import Sequence

from services.linker.plan.commits import CommitContext, CommittedView, answered_submissions, newest_of
from services.linker.plan.investigations import Plan
from services.linker.storage.memory.tables import MemoryTables
from shared.events.wire import Received
from shared.stages.outcomes import Outcome


class CommitsTransaction:
    """One transaction of the stage that learns of commits."""

    leaves_work = True

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def load(self, events: Sequence[Received[CommittedView]]) -> CommitContext:
        """Every investigation and every dataset."""
        del events
        catalogued = self._tables.catalogued()
        return CommitContext(Plan(self._tables.slots.values()), catalogued, catalogued)

    async def save(self, events: Sequence[Received[CommittedView]], outcomes: Sequence[Outcome]) -> None:
        """Save the datasets, release what waited for them, and note the results that they affect."""
        facts = newest_of(outcomes)
        self._tables.note_answered(answered_submissions(events))
        for fact in facts:
            self._tables.learn(fact)
        for fact in facts:
            self._tables.note_affected(fact)
        self._tables.hold_moves(move for fact in facts for move in fact.moves)
