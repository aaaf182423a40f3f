"""The stage that learns of rejections, in PostgreSQL."""

from collections.abc import Sequence

from services.linker.plan.rejections import RejectedView, latest_rejections
from services.linker.storage.postgres.held import refusal_row
from services.linker.tables import dataset
from shared.events.wire import Received
from shared.postgres.bulk import fetch, insert, update, write
from shared.postgres.database import LateTransaction
from shared.stages.outcomes import Outcome

REJECT = insert(
    dataset,
    ["dataset_id", "path", "rejected", "rejected_ms"],
    values={"committed": "false"},
    where="""not exists (select from held where held.dataset_id = new.dataset_id and state = 'waiting')
    and not exists (
        select from dataset as again where again.dataset_id = new.dataset_id and again.readmitted_ms > new.rejected_ms
    )""",
    order_by="new.dataset_id",
    then=update(
        dataset,
        ["rejected", "rejected_ms"],
        where="""not dataset.committed and (dataset.rejected is null or
        (excluded.rejected_ms, excluded.rejected collate "C")
            > (coalesce(dataset.rejected_ms, 0), dataset.rejected collate "C"))
returning dataset_id""",
    ),
)
"""Notes rejected datasets in the order of ids, as AWAIT, and returns those that this changes.

A rejected update does not count if the dataset is catalogued or waits. Nor does a rejection that is published again
after a later submission of the dataset was rejected or went on.
"""

GIVE_UP = """
update held set state = 'expired', code = lost.code, message = lost.message, findings = lost.findings
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) as lost (id, code, message, findings)
where state = 'waiting' and ends_with_inputs and missing && $1::uuid[] and lost.id = any(missing)
"""
"""Ends the waiting for rejected inputs. Runs after REJECT as a statement of its own, as ARRIVE after COMMITTED."""


class RejectionsTransaction:
    """One transaction of the stage that learns of rejections."""

    def __init__(self, transaction: LateTransaction) -> None:
        self._transaction = transaction
        self._connection = transaction.connection
        self.leaves_work = False

    async def load(self, events: Sequence[Received[RejectedView]]) -> None:
        """Nothing is needed."""

    async def save(self, events: Sequence[Received[RejectedView]], outcomes: Sequence[Outcome]) -> None:
        """Note the datasets; then, as a statement of its own, end the waiting for them."""
        del events
        latest = latest_rejections(outcomes)
        rows = [(each.dataset_id, each.path, each.reason, each.submitted_ms) for each in latest.values()]
        if rows:
            await self._transaction.begin()
        rejected = [latest[row["dataset_id"]] for row in await fetch(self._connection, REJECT, rows)]
        ends = [(each.dataset_id, *refusal_row(each.refusal)[:3]) for each in rejected]
        self.leaves_work = await write(self._connection, GIVE_UP, ends) > 0
