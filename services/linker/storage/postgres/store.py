"""The linker's store in PostgreSQL. ADR 0003 explains why no release is lost and no order is broken."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from services.linker.handler import MOST_NAMED
from services.linker.held.limits import MOST_AWAITED
from services.linker.held.ports import MOST_AT_ONCE, DueBatch, SearchBatch, StageStore, WaitingTotals
from services.linker.inputs.near import Near
from services.linker.inputs.submissions import HeldSummary, LinkerView
from services.linker.known import Known
from services.linker.plan.announcements import PlanContext
from services.linker.plan.commits import CommitContext, CommittedView
from services.linker.plan.rejections import RejectedView
from services.linker.storage.postgres.announcements import AnnouncementsTransaction
from services.linker.storage.postgres.commits import CommitsTransaction
from services.linker.storage.postgres.datasets import near_of
from services.linker.storage.postgres.due import (
    IS_ANYTHING_DUE,
    PostgresDueBatch,
    PostgresSearchBatch,
    due_submissions,
    release_arrived,
    resubmit_affected,
    submissions_due_for_search,
)
from services.linker.storage.postgres.held import COMPLETE, PENDING, STILL_MISSING, summary_of
from services.linker.storage.postgres.known import read_known, with_ancestry, with_near
from services.linker.storage.postgres.linking import LinkingTransaction
from services.linker.storage.postgres.locks import RELAY_LOCK, SEARCH_LOCK, TRY_LOCK
from services.linker.storage.postgres.plan import PlanReader
from services.linker.storage.postgres.rejections import RejectionsTransaction
from shared.events.dataset import DatasetFacts
from shared.events.identity import Identities
from shared.events.investigation import InvestigationAnnounced
from shared.postgres.database import Database, Questions
from shared.vocabulary.relations import NO_DEMANDS, InputDemands

EXPIRE = f"""
update held set state = 'expired', missing = array(select id {STILL_MISSING} order by place)
where ctid = any(array(
    select ctid from held where state = 'waiting' and deadline <= $1 order by deadline limit $2 for update skip locked
))
"""  # noqa: S608  # made of constants

OVERLOOKED = f"update held set state = 'released' where state = 'waiting' and {COMPLETE}"  # noqa: S608  # likewise
"""Releases what a replica of an older version, which overwrites `missing`, did not release."""

WAITING = "select count(*), min(since) from held where state = 'waiting'"


class PostgresLinks:
    """Everything that the linker remembers, in the schema `linker`."""

    def __init__(
        self,
        database: Database,
        identities: Identities,
        demands: InputDemands = NO_DEMANDS,
        most_awaited: int = MOST_AWAITED,
    ) -> None:
        self._database = database
        self._plans = plans = PlanReader(identities)
        self._demands = demands
        begin = database.late_transaction
        self.linking: StageStore[LinkerView, Known] = StageStore(
            begin, lambda transaction: LinkingTransaction(transaction, plans, demands, most_awaited)
        )
        self.commits: StageStore[CommittedView, CommitContext] = StageStore(
            begin, lambda transaction: CommitsTransaction(transaction, plans)
        )
        self.announcements: StageStore[InvestigationAnnounced, PlanContext] = StageStore(
            begin, lambda transaction: AnnouncementsTransaction(transaction, identities)
        )
        self.rejections: StageStore[RejectedView, None] = StageStore(begin, RejectionsTransaction)

    @asynccontextmanager
    async def due(self, most: int, now: datetime) -> AsyncIterator[DueBatch]:
        """Held submissions that can be settled, locked against every other replica."""
        async with self._database.late_transaction() as transaction:
            if not await transaction.connection.fetchval(IS_ANYTHING_DUE):
                yield PostgresDueBatch(transaction, self._plans, ())
                return
        async with self._database.transaction() as connection:
            await release_arrived(connection, most)
        async with self._database.transaction() as connection:
            await resubmit_affected(connection, most, now)
        async with self._database.late_transaction() as transaction:
            await transaction.begin()
            mine = await transaction.connection.fetchval(TRY_LOCK, RELAY_LOCK)
            submissions = await due_submissions(transaction.connection, most) if mine else []
            yield PostgresDueBatch(transaction, self._plans, submissions)

    @asynccontextmanager
    async def due_searches(self, waited_since: Sequence[datetime], most: int) -> AsyncIterator[SearchBatch]:
        """Held submissions whose search for near paths is due. No replica waits for the lock, and no commit either."""
        async with self._database.late_transaction() as transaction:
            connection = transaction.connection
            submissions = await submissions_due_for_search(connection, waited_since, 1)
            if submissions:
                await transaction.begin()
                mine = await connection.fetchval(TRY_LOCK, SEARCH_LOCK)
                submissions = await submissions_due_for_search(connection, waited_since, most) if mine else []
            yield PostgresSearchBatch(connection, submissions)

    async def peek(self, datasets: Sequence[DatasetFacts]) -> Known:
        """What is known about the datasets and their inputs. Nothing is changed."""
        async with self._database.answering(Questions.QUICK) as connection:
            known = await read_known(connection, self._plans, datasets, (), include_inputs=True)
            known = await with_near(connection, replace(known, demands=self._demands), datasets)
            suspects = [dataset for dataset in datasets if known.may_close_cycle(dataset)]
            return await with_ancestry(connection, known, suspects) if suspects else known

    async def near(self, paths: Collection[str]) -> Near:
        """The catalogued paths that may be meant by some paths that are not catalogued."""
        async with self._database.answering(Questions.QUICK) as connection:
            return await near_of(connection, paths)

    async def expire(self, now: datetime) -> int:
        """Give up some of what has waited past its deadline."""
        async with self._database.connection() as connection:
            return int((await connection.execute(EXPIRE, now, MOST_AT_ONCE)).split()[-1])

    async def release_overlooked(self) -> int:
        """Release what waits although nothing is missing."""
        async with self._database.connection() as connection:
            return int((await connection.execute(OVERLOOKED)).split()[-1])

    async def waiting(self) -> WaitingTotals:
        """How much waits for inputs, and since when."""
        async with self._database.connection() as connection:
            [row] = await connection.fetch(WAITING)
        return WaitingTotals(*row)

    async def pending(self, most: int) -> Sequence[HeldSummary]:
        """What is held and not settled, oldest first."""
        async with self._database.answering(Questions.COSTLY) as connection:
            return [summary_of(row) for row in await connection.fetch(PENDING, most, MOST_NAMED)]
