"""The linker's memory in PostgreSQL. ADR 0003 says why no wake-up is lost and no order broken."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.linker import statements as sql
from services.linker.handler import MOST_NAMED, HeldSubmission, Known, LinkerView
from services.linker.holding import Holding, Settled, holdings_of, new_links, readmitted
from services.linker.investigations import NEAR, Slot, home_of
from services.linker.learning import CommittedView, Diary, Lost, Planned, RejectedView, Rescheduled, newest_of, slot_of
from services.linker.moving import Placed
from services.linker.ports import Lot, Queue, Side
from services.linker.queries import (
    bring_links,
    columns,
    committed_row,
    hold,
    holding_of,
    keep_slots,
    placed_of,
    read_known,
    reserved_numbers,
    seen_in,
    send_moves,
    slots_of,
    submission_of,
    with_ancestry,
    with_openings,
)
from shared.database import Connection, Database
from shared.events import DatasetFacts, Investigation, InvestigationAnnounced, RescheduledInvestigation
from shared.identity import Identities
from shared.relations import NO_DEMANDS, InputDemands
from shared.stage import Outcome, Passed, Store
from shared.wire import Received


class PostgresLinks:
    """All that the linker remembers, in the schema `linker`."""

    def __init__(self, database: Database, identities: Identities, demands: InputDemands = NO_DEMANDS) -> None:
        self._database = database
        self._identities = identities
        self._demands = demands
        begin = database.transaction
        self.linking: Store[LinkerView, Known] = Side(
            begin, lambda connection: _Linking(connection, identities, demands)
        )
        self.commits: Store[CommittedView, Sequence[Slot]] = Side(
            begin, lambda connection: _Commits(connection, identities)
        )
        self.announcements: Store[InvestigationAnnounced, Diary] = Side(
            begin, lambda connection: _Announcements(connection, identities)
        )

        self.rejections: Store[RejectedView, None] = Side(begin, _Rejections)

    @asynccontextmanager
    async def lot(self, most: int) -> AsyncIterator[Lot]:
        """What may be settled now, locked against every other replica."""
        async with self._database.transaction() as connection:
            mine = await connection.fetchval(sql.TRY_LOCK, sql.RELAY_LOCK)
            rows = await connection.fetch(sql.DUE, most) if mine else []
            yield _Lot(connection, self._identities, [holding_of(row) for row in rows])

    async def peek(self, datasets: Sequence[DatasetFacts]) -> Known:
        """What is known of the datasets and their inputs, without a trace."""
        async with self._database.connection() as connection:
            known = await read_known(connection, self._identities, datasets, (), include_inputs=True)
            known = replace(known, demands=self._demands)
            suspects = [dataset for dataset in datasets if known.may_close_circle(dataset)]
            return await with_ancestry(connection, known, suspects) if suspects else known

    async def expire(self, now: datetime) -> int:
        """Give up on what has waited past its deadline."""
        async with self._database.connection() as connection:
            return int((await connection.execute(sql.EXPIRE, now)).split()[-1])

    async def release_overlooked(self) -> int:
        """Release what waits although nothing is missing."""
        async with self._database.connection() as connection:
            return int((await connection.execute(sql.OVERLOOKED)).split()[-1])

    async def waiting(self) -> Queue:
        """What waits for inputs, all in all."""
        async with self._database.connection() as connection:
            [row] = await connection.fetch(sql.WAITING)
        return Queue(*row)

    async def pending(self, most: int) -> Sequence[HeldSubmission]:
        """What is held and not settled, oldest first."""
        async with self._database.connection() as connection:
            return [submission_of(row) for row in await connection.fetch(sql.PENDING, most, MOST_NAMED)]


class _Linking:
    """One transaction of the stage that links."""

    def __init__(self, connection: Connection, identities: Identities, demands: InputDemands) -> None:
        self._connection = connection
        self._identities = identities
        self._demands = demands
        self._known = Known()

    async def load(self, events: Sequence[Received[LinkerView]]) -> Known:
        """Three queries; four more where nothing is planned, four where an input is missing or new to an update."""
        datasets = [event.event.dataset for event in events]
        receipts = [event.receipt_id for event in events]
        known = await read_known(self._connection, self._identities, datasets, receipts)
        known = replace(known, demands=self._demands)
        known = await with_openings(self._connection, self._identities, datasets, known)
        if suspects := [dataset for dataset in datasets if known.may_close_circle(dataset)]:
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
        passed = (
            event.event.dataset for event, outcome in zip(events, outcomes, strict=True) if isinstance(outcome, Passed)
        )
        await bring_links(self._connection, new_links(passed, self._known))
        if again := readmitted(events, outcomes, self._known):
            await self._connection.execute(sql.READMIT, list(again))


class _Commits:
    """One transaction of the stage that learns of commits."""

    def __init__(self, connection: Connection, identities: Identities) -> None:
        self._connection = connection
        self._identities = identities

    async def load(self, events: Sequence[Received[CommittedView]]) -> Sequence[Slot]:
        """Nothing, unless something was committed into a placeholder."""
        documents = [event.event.document for event in events if event.event.document is not None]
        strays = [document for document in documents if document.investigation.placeholder]
        if not strays:
            return ()
        await self._connection.execute(sql.LOCK_SHARED, sql.ADOPTION_LOCK)
        homes = {(stray.proposal, stray.beamline) for stray in strays}
        asked = [stray.investigation.named or stray.investigation.facility_id for stray in strays]
        return await slots_of(self._connection, self._identities, homes, {name for name in asked if name is not None})

    async def save(self, events: Sequence[Received[CommittedView]], outcomes: Sequence[Outcome]) -> None:
        """Three statements: the datasets, then, seeing what their locks made us wait for, what they free."""
        del events
        facts = newest_of(outcomes)
        if not facts:
            return
        ids = [fact.dataset_id for fact in facts]
        complete = [fact.dataset_id for fact in facts if fact.as_input.complete]
        await self._connection.execute(sql.COMMITTED, *columns([committed_row(fact) for fact in facts], 13))
        await send_moves(self._connection, [move for fact in facts for move in fact.moves])
        freed = await self._connection.fetch(sql.FREED, ids, complete)
        if freed:
            await self._connection.execute(sql.RELEASE, [row["receipt_id"] for row in freed])


class _Rejections:
    """One transaction of the stage that learns of rejections."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def load(self, events: Sequence[Received[RejectedView]]) -> None:
        """Nothing is needed."""

    async def save(self, events: Sequence[Received[RejectedView]], outcomes: Sequence[Outcome]) -> None:
        """Two statements: the datasets, then, seeing what their locks made us wait for, what they end."""
        del events
        lost = {outcome.dataset_id: outcome for outcome in outcomes if isinstance(outcome, Lost)}
        if not lost:
            return
        rows = [(each.dataset_id, each.path, each.reason) for each in lost.values()]
        gone = [lost[row["dataset_id"]] for row in await self._connection.fetch(sql.LOSE, *columns(rows, 3))]
        ends = [(each.dataset_id, each.refusal.code, each.refusal.message) for each in gone]
        await self._connection.execute(sql.GIVE_UP, *columns(ends, 3))


class _Announcements:
    """One transaction of the stage that learns of investigations."""

    def __init__(self, connection: Connection, identities: Identities) -> None:
        self._connection = connection
        self._identities = identities

    async def load(self, events: Sequence[Received[InvestigationAnnounced]]) -> Diary:
        """The plan around these events, and the datasets that they may move."""
        await self._connection.execute(sql.LOCK, sql.ADOPTION_LOCK)
        await self._connection.execute(sql.LOCK, sql.OPENING_LOCK)
        said = [event.event.investigation for event in events]
        asked = {each.facility_id for each in said if isinstance(each, RescheduledInvestigation)}
        announced = [slot_of(each, self._identities) for each in said if isinstance(each, Investigation)]
        residents = await self._residents(asked)
        homes = {
            (each.proposal.lower(), each.beamline.lower())
            for each in said
            if not isinstance(each, RescheduledInvestigation)
        }
        homes |= {home_of(each.facts) for each in residents}
        names = asked | {slot.facility_id for slot in announced if slot.facility_id is not None}
        slots = await slots_of(self._connection, self._identities, homes, names)
        return Diary(
            slots, await self._strays(announced, slots), residents, await reserved_numbers(self._connection, len(said))
        )

    async def _residents(self, names: Collection[str]) -> list[Placed]:
        """The datasets of rescheduled investigations that did not name them."""
        if not names:
            return []
        slots = await slots_of(self._connection, self._identities, (), names)
        rows = await self._connection.fetch(sql.RESIDENTS, [slot.investigation_id for slot in slots])
        return [placed_of(row) for row in rows]

    async def _strays(self, announced: Sequence[Slot], slots: Sequence[Slot]) -> list[Placed]:
        """Datasets in placeholders that these investigations may draw home: those near, and those that named them."""
        opened = defaultdict(list)
        for slot in slots:
            if slot.is_opened:
                opened[slot.home].append(slot.investigation_id)
        near: list[tuple[UUID, datetime | None, datetime | None]] = []
        for slot in announced:
            until = slot.end + NEAR if slot.end else None
            near += [(placeholder, slot.start - NEAR, until) for placeholder in opened[slot.home]]
            near.append((slot.investigation_id, None, None))
        return [placed_of(row) for row in await self._connection.fetch(sql.STRAYS, *columns(near, 3))]

    async def save(self, events: Sequence[Received[InvestigationAnnounced]], outcomes: Sequence[Outcome]) -> None:
        """The newest word on each investigation, and the moves of its datasets."""
        del events
        await keep_slots(self._connection, [outcome.slot for outcome in outcomes if isinstance(outcome, Planned)])
        moving = [outcome for outcome in outcomes if isinstance(outcome, (Planned, Rescheduled))]
        await send_moves(self._connection, [move for outcome in moving for move in outcome.moves])


class _Lot:
    """Holdings under lock."""

    def __init__(self, connection: Connection, identities: Identities, holdings: Sequence[Holding]) -> None:
        self.holdings = holdings
        self._connection = connection
        self._identities = identities
        self._known = Known()

    async def load(self, datasets: Sequence[DatasetFacts]) -> Known:
        """What the last word depends on."""
        if not datasets:
            return self._known
        known = await read_known(self._connection, self._identities, datasets, ())
        known = await with_openings(self._connection, self._identities, datasets, known)
        if suspects := [dataset for dataset in datasets if known.brings_links(dataset)]:
            await self._connection.execute(sql.LOCK, sql.GRAPH_LOCK)
            known = await with_ancestry(self._connection, known, suspects)
        self._known = known
        return known

    async def finish(self, settled: Sequence[Settled]) -> None:
        """Forget what was linked; keep a tombstone of what was refused."""
        linked = [each for each in settled if each.refusal is None]
        tombs = [
            (each.holding.submission.receipt_id, each.refusal.code, each.refusal.message)
            for each in settled
            if each.refusal is not None
        ]
        await bring_links(self._connection, new_links((each.passed for each in linked if each.passed), self._known))
        if linked:
            await self._connection.execute(sql.FORGET, [each.holding.submission.receipt_id for each in linked])
        if tombs:
            await self._connection.execute(sql.ENTOMB, *columns(tombs, 3))
