"""The stage that learns of commits, in PostgreSQL."""

from collections.abc import Sequence
from typing import Any

from services.linker.plan.commits import (
    CommitContext,
    CommittedRevision,
    CommittedView,
    answered_submissions,
    as_catalogued,
    newest_of,
)
from services.linker.plan.input_changes import input_change_of
from services.linker.plan.investigations import Plan
from services.linker.plan.moves import CommittedDocument
from services.linker.storage.postgres.held import hold_moves
from services.linker.storage.postgres.locks import ADOPTION_LOCK, CHILDREN_LOCK, lock, shared_lock
from services.linker.storage.postgres.plan import PlanReader
from services.linker.storage.postgres.snapshot import snapshot_of
from services.linker.tables import dataset, freed, revisit
from shared.events.wire import Received
from shared.foundation.arrays import array
from shared.postgres.bulk import insert, update, write
from shared.postgres.database import LateTransaction
from shared.stages.outcomes import Outcome

_FACTS = (
    *("revision", "kind", "inputs", "proposal", "sample", "start", "complete", "investigation_id", "placeholder_id"),
    *("named", "facts", "inherits", "made_at", "recollected_at", "submission"),
)
_COMMITTED = insert(
    dataset,
    ["dataset_id", "path", *_FACTS],
    values={"committed": "true"},
    order_by="new.dataset_id",
    then=update(
        dataset,
        _FACTS,
        values={"committed": "true", "rejected": "null", "rejected_ms": "null"},
        where="dataset.revision < excluded.revision",
    )
    + "\nreturning old.dataset_id is null as is_new",
)
COMMITTED = f"with kept as ({_COMMITTED}) select count(*) from kept where is_new"  # noqa: S608  # made of constants
"""In the order of ids, as AWAIT. A revision older than the known one locks its row and changes nothing.

Returns how many of the datasets had no row.
"""

ANSWER = """
insert into answered (submission)
select submission from unnest($1::text[]) as new (submission)
union
select dataset.submission from unnest($2::uuid[], $3::int[]) as new (dataset_id, revision)
join dataset using (dataset_id) where dataset.submission is not null and dataset.revision < new.revision
order by submission
on conflict do nothing
"""
"""Runs before COMMITTED, which overwrites the submission of the previous revision."""

AFFECT_CHILDREN = """
insert into revisit (dataset_id, cause)
select distinct on (child.dataset_id) child.dataset_id, change.cause
from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[])
    as change (id, cause, recollected_at, start)
join dataset child on child.inputs @> array[change.id] and child.inputs <> '{}' and child.committed
where case when change.recollected_at is not null
    then child.made_at is null or child.made_at < change.recollected_at or child.start < change.start
    else child.inherits or child.sample is null
end
order by child.dataset_id, change.cause
on conflict (dataset_id) do update set cause = excluded.cause
"""
"""Runs after COMMITTED as a statement of its own, so it sees the children of the same batch."""

AFFECT = insert(revisit, then=update(revisit))

ARRIVE = insert(
    freed,
    where="exists (select from held where state = 'waiting' and missing @> array[new.dataset_id])",
    order_by="new.dataset_id",
    then=update(freed, ["dataset_id"]),
)
"""Notes those of some committed datasets that a submission waits for. The relay releases what waits for them.

Runs after COMMITTED as a statement of its own, so it sees what the locks of the rows made this transaction wait for. A
dataset that the relay is working on is noted again afterwards.
"""


class CommitsTransaction:
    """One transaction of the stage that learns of commits."""

    def __init__(self, transaction: LateTransaction, plans: PlanReader) -> None:
        self._transaction = transaction
        self._connection = transaction.connection
        self._plans = plans
        self.leaves_work = False

    async def load(self, events: Sequence[Received[CommittedView]]) -> CommitContext:
        """Reads nothing, unless a dataset is in a placeholder, has inputs, or was committed before."""
        committed = [
            (event.event.commit, document) for event in events if (document := event.event.document) is not None
        ]
        in_placeholders = [document for _, document in committed if document.investigation.placeholder]
        inputs = {parent.dataset_id for _, document in committed for parent in document.inputs}
        revised = {
            commit.dataset_id: as_catalogued(commit, document) for commit, document in committed if commit.revision > 1
        }
        before = (await snapshot_of(self._connection, revised.keys())).known.catalogued if revised else {}
        locks = [shared_lock(ADOPTION_LOCK)] if in_placeholders else []
        if any(input_change_of(key, before.get(key), each) for key, each in revised.items()):
            locks.append(lock(CHILDREN_LOCK))
        elif inputs:
            locks.append(shared_lock(CHILDREN_LOCK))
        if not locks:
            return CommitContext(before=before)
        await self._transaction.begin(*locks)
        version, _, known = await snapshot_of(self._connection, inputs)
        plan = await self._plan(version, in_placeholders)
        return CommitContext(plan, before, known.catalogued)

    async def _plan(self, version: int | None, in_placeholders: Sequence[CommittedDocument]) -> Plan:
        """The plan that may take over what was committed into a placeholder."""
        if not in_placeholders:
            return Plan()
        homes = {(each.proposal, each.beamline) for each in in_placeholders}
        asked = [each.investigation.named or each.investigation.facility_id for each in in_placeholders]
        names = {name for name in asked if name is not None}
        return await self._plans.read(self._connection, version, homes, names)

    async def save(self, events: Sequence[Received[CommittedView]], outcomes: Sequence[Outcome]) -> None:
        """Save the datasets, and then, as a statement of its own, which of them a submission waits for.

        More statements are needed only where inputs changed, where datasets move, or where a submission may be read
        again. Nothing waits for a dataset without a row, because what waits has inserted one.
        """
        facts, answered = newest_of(outcomes), answered_submissions(events)
        await self._transaction.begin()
        await write(self._connection, ANSWER, answered)
        rows = [_row(fact) for fact in facts]
        new = await self._connection.fetchval(COMMITTED, *zip(*rows, strict=True)) if rows else 0
        changes = [fact.input_change for fact in facts if fact.input_change is not None]
        rows = [(each.dataset_id, each.cause, each.recollected_at, each.start) for each in changes]
        await write(self._connection, AFFECT_CHILDREN, rows)
        affected = [(fact.dataset_id, fact.affected.cause) for fact in facts if fact.affected is not None]
        await write(self._connection, AFFECT, affected)
        moves = [move for fact in facts for move in fact.moves]
        await hold_moves(self._connection, moves)
        old = [(fact.dataset_id,) for fact in facts] if new < len(facts) else []
        arrived = await write(self._connection, ARRIVE, old)
        self.leaves_work = bool(changes or affected or moves or arrived)


def _row(fact: CommittedRevision) -> tuple[Any, ...]:
    placed, dataset = fact.placed, fact.as_input
    return (
        fact.dataset_id,
        dataset.path,
        fact.revision,
        dataset.kind,
        array(map(str, dataset.inputs)),
        dataset.proposal,
        dataset.sample,
        dataset.start,
        dataset.complete,
        placed.investigation_id,
        placed.investigation_id if placed.in_placeholder else None,
        dataset.named,
        placed.facts_json,
        dataset.inherits,
        dataset.made_at,
        dataset.recollected_at,
        fact.submission,
    )
