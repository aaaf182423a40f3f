"""The stage that links, in memory."""

from collections.abc import Sequence
from dataclasses import replace

from services.linker.held.batches import new_links, passed_updates, readmitted, submissions_of, submissions_to_hold
from services.linker.held.limits import over_limit
from services.linker.inputs.submissions import LinkerView
from services.linker.known import Known
from services.linker.storage.memory.tables import MemoryTables
from shared.events.identity import Identities
from shared.events.wire import Received
from shared.stages.outcomes import Outcome


class LinkingTransaction:
    """One transaction of the stage that links."""

    leaves_work = True

    def __init__(self, tables: MemoryTables, identities: Identities, most_awaited: int) -> None:
        self._tables = tables
        self._identities = identities
        self._most_awaited = most_awaited
        self._known = Known()

    async def load(self, events: Sequence[Received[LinkerView]]) -> Known:
        """Everything there is."""
        datasets = [event.event.dataset for event in events]
        known = self._tables.known(datasets, submissions_of(events))
        known = self._tables.with_openings(datasets, known, self._identities)
        refusals = over_limit(events, known, self._tables.awaited(), self._most_awaited)
        self._known = replace(known, over_limit=refusals)
        return self._known

    async def save(self, events: Sequence[Received[LinkerView]], outcomes: Sequence[Outcome]) -> None:
        """Hold the submissions that did not pass."""
        self._tables.hold(submissions_to_hold(events, outcomes, self._known))
        self._tables.bring_links(new_links(passed_updates(events, outcomes, self._known), self._known))
        self._tables.readmit(readmitted(events, outcomes, self._known))
