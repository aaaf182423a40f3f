"""The stage that links, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import replace

from services.linker.held.batches import new_links, passed_updates, readmitted, submissions_of, submissions_to_hold
from services.linker.held.limits import over_limit, waiting_sources
from services.linker.inputs.submissions import LinkerView, State
from services.linker.known import Known
from services.linker.storage.postgres.datasets import COLUMNS, with_datasets
from services.linker.storage.postgres.held import hold
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
from services.linker.tables import dataset
from shared.events.dataset import DatasetFacts
from shared.events.wire import Received
from shared.postgres.bulk import insert, update, write
from shared.postgres.database import LateTransaction
from shared.stages.outcomes import Outcome
from shared.vocabulary.relations import InputDemands

AWAIT = insert(
    dataset,
    ["dataset_id", "path"],
    values={"committed": "false"},
    order_by="new.dataset_id",
    then=f"{update(dataset, ['dataset_id'])} returning {COLUMNS}",
)
"""Locks the row of every missing input in the order of ids, and inserts it first if it does not exist.

So its commit waits for this transaction, or this transaction for its commit.
"""

AWAITED = "select exists (select from held where state = 'waiting' and missing && $1::uuid[])"
"""Whether a submission waits for one of these datasets."""

AWAITED_OF = """
select source, sum(awaited) as awaited from held
where state = 'waiting' and source = any($1::text[]) group by source
"""
"""How many inputs the submissions of some sources wait for."""

READMIT = """
update dataset set rejected = null, rejected_ms = null, readmitted_ms = greatest(readmitted_ms, again.submitted_ms)
from unnest($1::uuid[], $2::bigint[]) as again (id, submitted_ms) where dataset_id = again.id
"""


class LinkingTransaction:
    """One transaction of the stage that links."""

    def __init__(
        self, transaction: LateTransaction, plans: PlanReader, demands: InputDemands, most_awaited: int
    ) -> None:
        self._transaction = transaction
        self._connection = transaction.connection
        self._plans = plans
        self._demands = demands
        self._most_awaited = most_awaited
        self._known = Known()
        self.leaves_work = False

    async def load(self, events: Sequence[Received[LinkerView]]) -> Known:
        """One query, outside of a transaction. More are needed where something is held or missing, or nothing planned.

        The transaction begins with the first lock.
        """
        datasets, submissions = [event.event.dataset for event in events], submissions_of(events)
        known = await read_known(self._connection, self._plans, datasets, submissions)
        known = replace(known, demands=self._demands)
        known = await with_openings(self._transaction, self._plans.identities, datasets, known)
        pairs = list(zip(submissions, datasets, strict=True))
        if known.held or any(map(known.missing, datasets)):
            known = await self._with_limits(events, known)
            datasets = [dataset for submission, dataset in pairs if submission not in known.over_limit]
            known = await with_near(self._connection, known, datasets)
        if suspects := [dataset for dataset in datasets if known.may_close_cycle(dataset)]:
            await self._transaction.begin(lock(GRAPH_LOCK))
            known = await self._await_missing(suspects, known)
            if bringing := [submission for submission, dataset in pairs if known.brings_links(dataset)]:
                known = await with_answered(self._connection, known, bringing)
            if bringing or await self._are_awaited(suspects):
                known = await with_ancestry(self._connection, known, suspects)
        self._known = known
        return known

    async def _with_limits(self, events: Sequence[Received[LinkerView]], known: Known) -> Known:
        """`known` with the submissions that may not wait, because too much waits already."""
        sources = waiting_sources(events, known)
        rows = await self._connection.fetch(AWAITED_OF, list(sources)) if sources else ()
        awaited = {row["source"]: row["awaited"] for row in rows}
        return replace(known, over_limit=over_limit(events, known, awaited, self._most_awaited))

    async def _await_missing(self, datasets: Sequence[DatasetFacts], known: Known) -> Known:
        """Lock the rows of missing inputs, and read those that were committed since the first look."""
        missing = {declared.dataset_id: declared.path for each in datasets for declared in known.missing(each)}
        if not missing:
            return known
        rows = await self._connection.fetch(AWAIT, list(missing), list(missing.values()))
        return with_datasets(rows, known)

    async def _are_awaited(self, datasets: Sequence[DatasetFacts]) -> bool:
        """Whether a submission waits for one of the datasets.

        If none does, no cycle leads through held submissions: only the waiting children of a dataset that is not
        committed lead to it.
        """
        ids = [dataset.dataset_id for dataset in datasets]
        return bool(await self._connection.fetchval(AWAITED, ids))

    async def save(self, events: Sequence[Received[LinkerView]], outcomes: Sequence[Outcome]) -> None:
        """Hold the submissions that did not pass. Nothing is written for those that did."""
        held = submissions_to_hold(events, outcomes, self._known)
        links = new_links(passed_updates(events, outcomes, self._known), self._known)
        again = readmitted(events, outcomes, self._known)
        if held or links or again:
            await self._transaction.begin()
            await hold(self._connection, held)
            await bring_links(self._connection, links)
            await write(self._connection, READMIT, sorted(again.items()))
        self.leaves_work = any(submission.summary.state is State.RELEASED for submission in held)
