"""The stage that learns of rejections, in memory."""

from collections.abc import Sequence

from services.linker.plan.rejections import RejectedView, latest_rejections
from services.linker.storage.memory.tables import MemoryTables
from shared.events.wire import Received
from shared.stages.outcomes import Outcome


class RejectionsTransaction:
    """One transaction of the stage that learns of rejections."""

    leaves_work = True

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    async def load(self, events: Sequence[Received[RejectedView]]) -> None:
        """Nothing is needed."""

    async def save(self, events: Sequence[Received[RejectedView]], outcomes: Sequence[Outcome]) -> None:
        """Note the datasets, and end the waiting for them."""
        del events
        for rejected in latest_rejections(outcomes).values():
            self._tables.reject(rejected)
