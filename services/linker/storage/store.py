"""The linker's memory in PostgreSQL. ADR 0003 says why no wake-up is lost and no order broken."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.linker.handler import MOST_NAMED
from services.linker.held.holdings import holdings_of, new_links, passed_of, readmitted, submissions_of
from services.linker.held.limits import MOST_AWAITED
from services.linker.held.ports import MOST_AT_ONCE, DueBatch, SearchBatch, StageStore, WaitingTotals
from services.linker.inputs.near import Near
from services.linker.inputs.submissions import HeldSummary, LinkerView
from services.linker.known import Known
from services.linker.plan.announcements import (
    CommittedView,
    PlanContext,
    Planned,
    RejectedView,
    as_catalogued,
    last_lost,
    newest_of,
    place_of,
    repeatable,
    slot_of,
)
from services.linker.plan.investigations import NEAR, Plan, Slot, home_of
from services.linker.plan.moves import CommittedDocument, Placed
from services.linker.plan.revisits import CommitContext, input_change_of
from services.linker.storage import statements as sql
from services.linker.storage.lots import PostgresDueBatch, PostgresSearchBatch
from services.linker.storage.queries import (
    bring_links,
    catalogued_in,
    columns,
    committed_row,
    hold,
    holding_of,
    keep_slots,
    near_of,
    note_revisits,
    placed_of,
    read_known,
    refusal_row,
    release_freed,
    reserved_numbers,
    seen_in,
    send_moves,
    send_revisits,
    slots_of,
    submission_of,
    with_ancestry,
    with_answered,
    with_near,
    with_openings,
    with_room,
)
from shared.events.dataset import DatasetFacts
from shared.events.identity import Identities, proposal_key
from shared.events.investigation import Investigation, InvestigationAnnounced, RescheduledInvestigation
from shared.events.wire import Received
from shared.postgres.bulk import write
from shared.postgres.database import Connection, Database, Questions
from shared.stages.outcomes import Outcome
from shared.stages.stage import Store
from shared.vocabulary.relations import NO_DEMANDS, InputDemands


class PostgresLinks:
    """All that the linker remembers, in the schema `linker`."""

    def __init__(
        self,
        database: Database,
        identities: Identities,
        demands: InputDemands = NO_DEMANDS,
        most_awaited: int = MOST_AWAITED,
    ) -> None:
        self._database = database
        self._identities = identities
        self._demands = demands
        begin = database.transaction
        self.linking: Store[LinkerView, Known] = StageStore(
            begin, lambda connection: _Linking(connection, identities, demands, most_awaited)
        )
        self.commits: Store[CommittedView, CommitContext] = StageStore(
            begin, lambda connection: _Commits(connection, identities)
        )
        self.announcements: Store[InvestigationAnnounced, PlanContext] = StageStore(
            begin, lambda connection: _Announcements(connection, identities)
        )

        self.rejections: Store[RejectedView, None] = StageStore(begin, _Rejections)

    @asynccontextmanager
    async def due(self, most: int, now: datetime) -> AsyncIterator[DueBatch]:
        """What may be settled now, locked against every other replica."""
        async with self._database.transaction() as connection:
            await release_freed(connection, most)
        async with self._database.transaction() as connection:
            await send_revisits(connection, most, now)
        async with self._database.transaction() as connection:
            mine = await connection.fetchval(sql.TRY_LOCK, sql.RELAY_LOCK)
            rows = await connection.fetch(sql.DUE, most) if mine else []
            yield PostgresDueBatch(connection, self._identities, [holding_of(row) for row in rows])

    @asynccontextmanager
    async def due_searches(self, waited_since: Sequence[datetime], most: int) -> AsyncIterator[SearchBatch]:
        """What is to be looked at once more; nobody waits for the lock, and no commit for what is looked at."""
        async with self._database.transaction() as connection:
            mine = await connection.fetchval(sql.TRY_LOCK, sql.LOOKS_LOCK)
            rows = await connection.fetch(sql.LOOK, list(waited_since), most) if mine else []
            holdings = [replace(holding_of(row), missing=tuple(row["still_missing"])) for row in rows]
            yield PostgresSearchBatch(connection, holdings)

    async def peek(self, datasets: Sequence[DatasetFacts]) -> Known:
        """What is known of the datasets and their inputs, without a trace."""
        async with self._database.answering(Questions.QUICK) as connection:
            known = await read_known(connection, self._identities, datasets, (), include_inputs=True)
            known = await with_near(connection, replace(known, demands=self._demands), datasets)
            suspects = [dataset for dataset in datasets if known.may_close_circle(dataset)]
            return await with_ancestry(connection, known, suspects) if suspects else known

    async def near(self, paths: Collection[str]) -> Near:
        """The catalogued paths that may be meant by some that are not."""
        async with self._database.answering(Questions.QUICK) as connection:
            return await near_of(connection, paths)

    async def expire(self, now: datetime) -> int:
        """Give up on what has waited past its deadline."""
        async with self._database.connection() as connection:
            return int((await connection.execute(sql.EXPIRE, now, MOST_AT_ONCE)).split()[-1])

    async def release_overlooked(self) -> int:
        """Release what waits although nothing is missing."""
        async with self._database.connection() as connection:
            return int((await connection.execute(sql.OVERLOOKED)).split()[-1])

    async def waiting(self) -> WaitingTotals:
        """What waits for inputs, all in all."""
        async with self._database.connection() as connection:
            [row] = await connection.fetch(sql.WAITING)
        return WaitingTotals(*row)

    async def pending(self, most: int) -> Sequence[HeldSummary]:
        """What is held and not settled, oldest first."""
        async with self._database.answering(Questions.COSTLY) as connection:
            return [submission_of(row) for row in await connection.fetch(sql.PENDING, most, MOST_NAMED)]


class _Linking:
    """One transaction of the stage that links."""

    def __init__(
        self, connection: Connection, identities: Identities, demands: InputDemands, most_awaited: int
    ) -> None:
        self._connection = connection
        self._identities = identities
        self._demands = demands
        self._most_awaited = most_awaited
        self._known = Known()

    async def load(self, events: Sequence[Received[LinkerView]]) -> Known:
        """Three queries; four more where nothing is planned, seven where an input is missing or new to an update."""
        datasets = [event.event.dataset for event in events]
        known = await read_known(self._connection, self._identities, datasets, submissions_of(events))
        known = replace(known, demands=self._demands)
        known = await with_openings(self._connection, self._identities, datasets, known)
        known = await with_room(self._connection, events, known, self._most_awaited)
        datasets = [
            event.event.dataset
            for submission, event in zip(submissions_of(events), events, strict=True)
            if submission not in known.over_limit
        ]
        known = await with_near(self._connection, known, datasets)
        if suspects := [dataset for dataset in datasets if known.may_close_circle(dataset)]:
            known = await with_answered(self._connection, known, submissions_of(events))
            await self._connection.execute(sql.LOCK, sql.GRAPH_LOCK)
            known = await self._await_missing(suspects, known)
            if await self._are_awaited(suspects) or any(map(known.brings_links, suspects)):
                known = await with_ancestry(self._connection, known, suspects)
        self._known = known
        return known

    async def _await_missing(self, datasets: Sequence[DatasetFacts], known: Known) -> Known:
        """Lock the rows of missing inputs, and see those that were committed since we looked."""
        missing = {declared.dataset_id: declared.path for each in datasets for declared in known.missing(each)}
        if not missing:
            return known
        rows = await self._connection.fetch(sql.AWAIT, list(missing), list(missing.values()))
        return seen_in(rows, known)

    async def _are_awaited(self, datasets: Sequence[DatasetFacts]) -> bool:
        """False if no circle leads through the held: to one that is not committed only its waiting children lead."""
        ids = [dataset.dataset_id for dataset in datasets]
        return bool(await self._connection.fetchval(sql.AWAITED, ids))

    async def save(self, events: Sequence[Received[LinkerView]], outcomes: Sequence[Outcome]) -> None:
        """Keep what did not pass; nothing is written for what did."""
        await hold(self._connection, holdings_of(events, outcomes, self._known))
        await bring_links(self._connection, new_links(passed_of(events, outcomes), self._known))
        if again := readmitted(events, outcomes, self._known):
            await self._connection.execute(sql.READMIT, *columns(sorted(again.items()), 2))


class _Commits:
    """One transaction of the stage that learns of commits."""

    def __init__(self, connection: Connection, identities: Identities) -> None:
        self._connection = connection
        self._identities = identities

    async def load(self, events: Sequence[Received[CommittedView]]) -> CommitContext:
        """Nothing, unless something was committed into a placeholder, has inputs, or was there before."""
        slots = await self._slots(event.event.document for event in events)
        told = [(event.event.commit, document) for event in events if (document := event.event.document) is not None]
        revised = {
            commit.dataset_id: as_catalogued(commit, document) for commit, document in told if commit.revision > 1
        }
        before = await catalogued_in(self._connection, revised.keys())
        inputs = {parent.dataset_id for _, document in told for parent in document.inputs}
        if any(input_change_of(key, before.get(key), each) for key, each in revised.items()):
            await self._connection.execute(sql.LOCK, sql.CHILDREN_LOCK)
        elif inputs:
            await self._connection.execute(sql.LOCK_SHARED, sql.CHILDREN_LOCK)
        return CommitContext(slots, before, await catalogued_in(self._connection, inputs))

    async def _slots(self, documents: Iterable[CommittedDocument | None]) -> Sequence[Slot]:
        """The investigations that may take what was committed into a placeholder."""
        strays = [each for each in documents if each is not None and each.investigation.placeholder]
        if not strays:
            return ()
        await self._connection.execute(sql.LOCK_SHARED, sql.ADOPTION_LOCK)
        homes = {(stray.proposal, stray.beamline) for stray in strays}
        asked = [stray.investigation.named or stray.investigation.facility_id for stray in strays]
        return await slots_of(self._connection, self._identities, homes, {name for name in asked if name is not None})

    async def save(self, events: Sequence[Received[CommittedView]], outcomes: Sequence[Outcome]) -> None:
        """Three statements: the datasets, then, seeing what their locks made us wait for, what they free.

        Two more where inputs changed: whom that concerns. One more where a submission may come again.
        """
        facts = newest_of(outcomes)
        if again := repeatable(events):
            await self._connection.execute(sql.ANSWER, *columns(again, 3))
        if not facts:
            return
        await write(self._connection, sql.COMMITTED, [committed_row(fact) for fact in facts])
        await note_revisits(
            self._connection,
            [fact.input_change for fact in facts if fact.input_change is not None],
            [fact.revisit for fact in facts if fact.revisit is not None],
        )
        await send_moves(self._connection, [move for fact in facts for move in fact.moves])
        await write(self._connection, sql.FREED, [(fact.dataset_id,) for fact in facts])


class _Rejections:
    """One transaction of the stage that learns of rejections."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def load(self, events: Sequence[Received[RejectedView]]) -> None:
        """Nothing is needed."""

    async def save(self, events: Sequence[Received[RejectedView]], outcomes: Sequence[Outcome]) -> None:
        """Two statements: the datasets, then, seeing what their locks made us wait for, what they end."""
        del events
        lost = last_lost(outcomes)
        if not lost:
            return
        rows = [(each.dataset_id, each.path, each.reason, each.submitted_ms) for each in lost.values()]
        gone = [lost[row["dataset_id"]] for row in await self._connection.fetch(sql.LOSE, *columns(rows, 4))]
        ends = [(each.dataset_id, *refusal_row(each.refusal)) for each in gone]
        await self._connection.execute(sql.GIVE_UP, *columns(ends, 4))


class _Announcements:
    """One transaction of the stage that learns of investigations."""

    def __init__(self, connection: Connection, identities: Identities) -> None:
        self._connection = connection
        self._identities = identities

    async def load(self, events: Sequence[Received[InvestigationAnnounced]]) -> PlanContext:
        """The plan around these events, and the datasets that they may move."""
        await self._connection.execute(sql.LOCK, sql.ADOPTION_LOCK)
        await self._connection.execute(sql.LOCK, sql.OPENING_LOCK)
        said = [event.event.investigation for event in events]
        announced = [slot_of(each, self._identities) for each in said if isinstance(each, Investigation)]
        rescheduled = [each for each in said if isinstance(each, RescheduledInvestigation)]
        measured = await self._rescheduled(rescheduled)
        residents = await self._residents(measured)
        homes = {
            (proposal_key(each.proposal), each.beamline.lower())
            for each in said
            if not isinstance(each, RescheduledInvestigation)
        }
        homes |= {home_of(each.facts) for each in residents} | {slot.home for slot in measured}
        names = {each.facility_id for each in rescheduled}
        names |= {slot.facility_id for slot in announced if slot.facility_id is not None}
        slots = await slots_of(self._connection, self._identities, homes, names)
        strays = await self._strays([*announced, *measured], slots)
        past = await self._connection.fetch(sql.PAST, *columns([place_of(event) for event in events], 3))
        numbers = await reserved_numbers(self._connection, len(said))
        return PlanContext(slots, strays, residents, numbers, {tuple(row) for row in past})

    async def _rescheduled(self, said: Sequence[RescheduledInvestigation]) -> list[Slot]:
        """The investigations that are rescheduled, with the times to which they are."""
        if not said:
            return []
        plan = Plan(await slots_of(self._connection, self._identities, (), {each.facility_id for each in said}))
        known = ((plan.named(each.facility_id), each.at) for each in said)
        return [slot.rescheduled(at) if at else slot for slot, at in known if slot is not None]

    async def _residents(self, slots: Sequence[Slot]) -> list[Placed]:
        """The datasets of rescheduled investigations that did not name them."""
        if not slots:
            return []
        rows = await self._connection.fetch(sql.RESIDENTS, [slot.investigation_id for slot in slots])
        return [placed_of(row) for row in rows]

    async def _strays(self, drawing: Sequence[Slot], slots: Sequence[Slot]) -> list[Placed]:
        """Datasets in placeholders that these investigations may draw home: those near, and those that named them."""
        opened = defaultdict(list)
        for slot in slots:
            if slot.is_opened:
                opened[slot.home].append(slot.investigation_id)
        near: list[tuple[UUID, datetime | None, datetime | None]] = []
        for slot in drawing:
            for start, end in ((slot.start, slot.end), *slot.actual):
                until = end + NEAR if end else None
                near += [(placeholder, start - NEAR, until) for placeholder in opened[slot.home]]
            near.append((slot.investigation_id, None, None))
        return [placed_of(row) for row in await self._connection.fetch(sql.STRAYS, *columns(near, 3))]

    async def save(self, events: Sequence[Received[InvestigationAnnounced]], outcomes: Sequence[Outcome]) -> None:
        """The newest word on each investigation, the moves of its datasets, and that all of this was learned."""
        await write(self._connection, sql.LEARN, sorted(map(place_of, events)))
        planned = [outcome for outcome in outcomes if isinstance(outcome, Planned)]
        await keep_slots(self._connection, [outcome.slot for outcome in planned])
        await send_moves(self._connection, [move for outcome in planned for move in outcome.moves])
