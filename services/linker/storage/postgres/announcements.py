"""The stage that learns of investigations, in PostgreSQL."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.linker.plan.announcements import PlanContext, Planned, position_of, slot_of
from services.linker.plan.investigations import NEAR, Plan
from services.linker.plan.moves import Placed
from services.linker.plan.slots import Slot, home_of
from services.linker.storage.postgres.datasets import placed_of
from services.linker.storage.postgres.held import hold_moves
from services.linker.storage.postgres.investigations import keep_slots, reserved_numbers, slots_of
from services.linker.storage.postgres.locks import ADOPTION_LOCK, OPENING_LOCK, lock
from services.linker.tables import announcement
from shared.events.identity import Identities, proposal_key
from shared.events.investigation import Investigation, InvestigationAnnounced, RescheduledInvestigation
from shared.events.wire import Received
from shared.postgres.bulk import DO_NOTHING, fetch, insert, write
from shared.postgres.database import LateTransaction
from shared.stages.outcomes import Outcome

LEARNED = """
select "partition", "offset", timestamp_ms from announcement
join unnest($1::int[], $2::bigint[], $3::bigint[]) as asked ("partition", "offset", timestamp_ms)
    using ("partition", "offset", timestamp_ms)
"""

LEARN = insert(announcement, then=DO_NOTHING)

IN_PLACEHOLDERS = """
select distinct on (dataset_id) dataset_id, revision, placeholder_id as investigation_id, true as in_placeholder, facts,
    inherits
from dataset join unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) as near (placeholder_id, since, until)
    using (placeholder_id)
where start >= coalesce(since, '-infinity') and start <= coalesce(until, 'infinity')
order by dataset_id
"""

IN_INVESTIGATIONS = """
select dataset_id, revision, investigation_id, placeholder_id is not null as in_placeholder, facts, inherits
from dataset where investigation_id = any($1::uuid[]) and investigation_id is not null and named is null
order by dataset_id
"""


class AnnouncementsTransaction:
    """One transaction of the stage that learns of investigations."""

    def __init__(self, transaction: LateTransaction, identities: Identities) -> None:
        self._transaction = transaction
        self._connection = transaction.connection
        self._identities = identities
        self.leaves_work = False

    async def load(self, events: Sequence[Received[InvestigationAnnounced]]) -> PlanContext:
        """The plan around these events, and the datasets that they may move."""
        await self._transaction.begin(lock(ADOPTION_LOCK), lock(OPENING_LOCK))
        said = [event.event.investigation for event in events]
        announced = [slot_of(each, self._identities) for each in said if isinstance(each, Investigation)]
        requests = [each for each in said if isinstance(each, RescheduledInvestigation)]
        rescheduled = await self._rescheduled(requests)
        in_rescheduled = await self._in_rescheduled(rescheduled)
        homes = {
            (proposal_key(each.proposal), each.beamline.lower())
            for each in said
            if not isinstance(each, RescheduledInvestigation)
        }
        homes |= {home_of(each.facts) for each in in_rescheduled} | {slot.home for slot in rescheduled}
        names = {each.facility_id for each in requests}
        names |= {slot.facility_id for slot in announced if slot.facility_id is not None}
        slots = await slots_of(self._connection, self._identities, homes, names)
        in_placeholders = await self._in_placeholders([*announced, *rescheduled], slots)
        learned = await fetch(self._connection, LEARNED, [position_of(event) for event in events])
        numbers = await reserved_numbers(self._connection, len(said))
        return PlanContext(slots, in_placeholders, in_rescheduled, numbers, {tuple(row) for row in learned})

    async def _rescheduled(self, requests: Sequence[RescheduledInvestigation]) -> list[Slot]:
        """The investigations that are rescheduled, with their new times."""
        if not requests:
            return []
        plan = Plan(await slots_of(self._connection, self._identities, (), {each.facility_id for each in requests}))
        known = ((plan.named(each.facility_id), each.at) for each in requests)
        return [slot.rescheduled(at) if at else slot for slot, at in known if slot is not None]

    async def _in_rescheduled(self, slots: Sequence[Slot]) -> list[Placed]:
        """The datasets of rescheduled investigations, except those that named their investigation."""
        if not slots:
            return []
        rows = await self._connection.fetch(IN_INVESTIGATIONS, [slot.investigation_id for slot in slots])
        return [placed_of(row) for row in rows]

    async def _in_placeholders(self, targets: Sequence[Slot], slots: Sequence[Slot]) -> list[Placed]:
        """The datasets in placeholders that these investigations may take over.

        They started near one of them, or named one of them.
        """
        opened = defaultdict(list)
        for slot in slots:
            if slot.is_opened:
                opened[slot.home].append(slot.investigation_id)
        near: list[tuple[UUID, datetime | None, datetime | None]] = []
        for slot in targets:
            for start, end in ((slot.start, slot.end), *slot.actual):
                until = end + NEAR if end else None
                near += [(placeholder, start - NEAR, until) for placeholder in opened[slot.home]]
            near.append((slot.investigation_id, None, None))
        return [placed_of(row) for row in await fetch(self._connection, IN_PLACEHOLDERS, near)]

    async def save(self, events: Sequence[Received[InvestigationAnnounced]], outcomes: Sequence[Outcome]) -> None:
        """Save the newest state of each investigation, the moves of its datasets, and which records were learned."""
        await write(self._connection, LEARN, sorted(map(position_of, events)))
        planned = [outcome for outcome in outcomes if isinstance(outcome, Planned)]
        await keep_slots(self._connection, [outcome.slot for outcome in planned])
        moves = [move for outcome in planned for move in outcome.moves]
        await hold_moves(self._connection, moves)
        self.leaves_work = bool(moves)
