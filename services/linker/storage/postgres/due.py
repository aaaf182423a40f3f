"""Held submissions that the linker's relays take, in PostgreSQL."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime

from services.linker.held.batches import new_links
from services.linker.held.ports import NO_MORE_SEARCHES
from services.linker.held.settlement import Settled
from services.linker.inputs.near import Near
from services.linker.inputs.submissions import HeldSubmission
from services.linker.known import Known
from services.linker.plan.moves import resubmission
from services.linker.storage.postgres.datasets import near_of, placed_of
from services.linker.storage.postgres.held import COMPLETE, STILL_MISSING, WHOSE, hold, refusal_row, submission_of
from services.linker.storage.postgres.known import (
    bring_links,
    read_known,
    with_ancestry,
    with_answered,
    with_near,
    with_openings,
)
from services.linker.storage.postgres.locks import GRAPH_LOCK, lock
from services.linker.storage.postgres.plan import PlanReader
from shared.events.dataset import DatasetFacts
from shared.postgres.bulk import write
from shared.postgres.database import Connection, LateTransaction, kept_awake

MOST_BYTES = 64 * 1024 * 1024
"""How many bytes a batch of the relay may hold in memory, not counting its last record."""

IS_ANYTHING_DUE = """
select exists (select from freed) or exists (select from revisit)
    or exists (select from held where state in ('released', 'expired'))
"""
"""Whether the relay has anything to do. It is woken after each batch, most of which release nothing."""

ARRIVED = "select dataset_id from freed order by dataset_id limit $1 for update skip locked"

RELEASE = f"""
update held set state = 'released' where ctid = any(array(
    select ctid from held where state = 'waiting' and missing && $1::uuid[] and {COMPLETE} limit $2 for update
))
"""  # noqa: S608  # made of constants
"""Releases some of what waited for these inputs.

`missing` stays as it is: writing thousands of ids anew for each input that arrives would be quadratic.
"""

ALL_RELEASED = "delete from freed where dataset_id = any($1::uuid[])"

AFFECTED = """
with due as (
    delete from revisit
    where dataset_id in (select dataset_id from revisit order by dataset_id limit $1 for update skip locked)
    returning dataset_id, cause
)
select dataset_id, revision, investigation_id, placeholder_id is not null as in_placeholder, facts, inherits, cause
from due join dataset using (dataset_id) where facts is not null order by dataset_id
"""

DUE = f"""
select held.*, {WHOSE} from held join (
    select seq, sum(octet_length(value)) over (order by seq) - octet_length(value) as bytes_before from (
        select seq, value from held where state in ('released', 'expired') and not exists (
            select from held earlier
            where earlier.dataset_id = held.dataset_id and earlier.seq < held.seq and earlier.state = 'waiting'
        ) order by seq limit $1
    ) as oldest
) as batch using (seq)
where state in ('released', 'expired') and bytes_before < {MOST_BYTES} order by seq for update of held
"""  # noqa: S608  # made of constants
"""The oldest submissions that can be settled, limited in number and in bytes."""

FORGET = "delete from held where receipt_id = any($1::text[])"

ENTOMB = """
update held set state = 'refused', code = tomb.code, message = tomb.message, findings = tomb.findings,
    submitted = tomb.submitted, inputs = '{}', missing = '{}', deadline = null, value = null, header_names = '{}',
    header_values = '{}'
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
    as tomb (receipt_id, code, message, findings, submitted)
where held.receipt_id = tomb.receipt_id
"""

DUE_FOR_SEARCH = f"""
select held.*, {WHOSE}, array(select id {STILL_MISSING} order by place) as still_missing
from unnest($1::timestamptz[]) with ordinality as search (since, n)
join held on held.looks = search.n - 1 and held.since <= search.since
where state = 'waiting' and not exists (
    select from held earlier
    where earlier.dataset_id = held.dataset_id and earlier.seq < held.seq and earlier.state = 'waiting'
) order by seq limit $2
"""  # noqa: S608  # made of constants

SEARCHED = """
update held set looks = case when receipt_id = any($2::text[]) then $3 else looks + 1 end
where receipt_id = any($1::text[])
"""


async def release_arrived(connection: Connection, most: int) -> None:
    """Release some of what waited for inputs that have arrived. The next call releases more."""
    arrived = [row["dataset_id"] for row in await connection.fetch(ARRIVED, most)]
    if arrived and int((await connection.execute(RELEASE, arrived, most)).split()[-1]) < most:
        await connection.execute(ALL_RELEASED, arrived)


async def resubmit_affected(connection: Connection, most: int, now: datetime) -> None:
    """Submit some of the affected results again, as they are catalogued now."""
    rows = await connection.fetch(AFFECTED, most)
    await hold(connection, [resubmission(placed_of(row), row["cause"], now).submission for row in rows])


async def due_submissions(connection: Connection, most: int) -> list[HeldSubmission]:
    """The oldest submissions that can be settled, locked."""
    return [submission_of(row) for row in await connection.fetch(DUE, most)]


async def submissions_due_for_search(
    connection: Connection, waited_since: Sequence[datetime], most: int
) -> list[HeldSubmission]:
    """Submissions whose next search for near paths is due, with the inputs that are missing now."""
    rows = await connection.fetch(DUE_FOR_SEARCH, list(waited_since), most)
    return [replace(submission_of(row), missing=tuple(row["still_missing"])) for row in rows]


class PostgresDueBatch:
    """Held submissions that can be settled, locked until the transaction ends."""

    def __init__(self, transaction: LateTransaction, plans: PlanReader, submissions: Sequence[HeldSubmission]) -> None:
        self.submissions = submissions
        self._transaction = transaction
        self._connection = transaction.connection
        self._plans = plans
        self._known = Known()

    async def load(self, datasets: Sequence[DatasetFacts]) -> Known:
        """What the final verdict depends on."""
        if not datasets:
            return self._known
        known = await read_known(self._connection, self._plans, datasets, ())
        known = await with_openings(self._transaction, self._plans.identities, datasets, known)
        known = await with_near(self._connection, known, datasets)
        if suspects := [dataset for dataset in datasets if known.brings_links(dataset)]:
            await self._transaction.begin(lock(GRAPH_LOCK))
            known = await with_answered(self._connection, known, [each.summary.id for each in self.submissions])
            known = await with_ancestry(self._connection, known, suspects)
        self._known = known
        return known

    def kept_awake(self) -> AbstractAsyncContextManager[None]:
        """Tell the server meanwhile that this process is alive."""
        return kept_awake(self._connection)

    async def finish(self, settled: Sequence[Settled]) -> None:
        """Delete what was linked, and keep a tombstone of what was refused."""
        linked = [each for each in settled if each.refusal is None]
        refused = [each.submission.refused(each.refusal) for each in settled if each.refusal is not None]
        passed = ((each.submission.summary.id, each.passed) for each in linked if each.passed)
        await bring_links(self._connection, new_links(passed, self._known))
        if linked:
            await self._connection.execute(FORGET, [each.submission.summary.key for each in linked])
        tombs = [(each.summary.key, *refusal_row(each.summary.refusal)) for each in refused]
        await write(self._connection, ENTOMB, tombs)


class PostgresSearchBatch:
    """Held submissions whose search for near paths is repeated. None of them is locked."""

    def __init__(self, connection: Connection, submissions: Sequence[HeldSubmission]) -> None:
        self.submissions = submissions
        self._connection = connection

    def kept_awake(self) -> AbstractAsyncContextManager[None]:
        """Tell the server meanwhile that this process is alive."""
        return kept_awake(self._connection)

    async def near(self, paths: Collection[str]) -> Near:
        """The catalogued paths that may be meant by some paths that are not catalogued."""
        return await near_of(self._connection, paths)

    async def finish(self, found: Collection[str]) -> None:
        """Count one search for each submission. Those with these keys are not searched for again."""
        if self.submissions:
            keys = [submission.summary.key for submission in self.submissions]
            await self._connection.execute(SEARCHED, keys, list(found), NO_MORE_SEARCHES)
