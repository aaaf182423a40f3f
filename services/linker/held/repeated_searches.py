"""The second looks at what waits: something near a missing input may be catalogued after the waiting began."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.linker.handler import introduced, pending_of
from services.linker.held.holdings import open_holding
from services.linker.held.ports import MOST_AT_ONCE, LinkStore
from services.linker.inputs.near import Near, looked_for
from services.linker.inputs.submissions import STAGE, HeldSubmission
from shared.events.dataset import DatasetFacts
from shared.events.headers import derived_headers
from shared.events.pending import DatasetPending
from shared.events.record import Message
from shared.events.topics import PENDING

SEARCHES_AFTER = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(days=1))
"""How long something has waited at each look. Whoever was told of a near path is not looked at again."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    holding: HeldSubmission
    dataset: DatasetFacts
    waits_for: Sequence[str]

    def told(self, near: Near, now: datetime) -> Message | None:
        """What it waits for, said anew with what is near; nothing if nothing is."""
        submission, record = self.holding.summary, self.holding.record
        if submission.deadline is None:
            return None
        pending = pending_of(submission, self.waits_for, submission.deadline, near)
        if not pending.findings:
            return None
        headers = derived_headers(PENDING, record, submission.id.receipt_id, STAGE, now)
        told = DatasetPending(pending=introduced(pending, self.dataset))
        value = told.model_dump_json().encode()
        return Message(PENDING.name, str(submission.dataset_id).encode(), value, headers)


class RepeatedSearchOutbox:
    """An outbox of `dataset.pending`: its messages are made when they are sent."""

    def __init__(self, links: LinkStore, clock: Callable[[], datetime]) -> None:
        self._links = links
        self._clock = clock

    @asynccontextmanager
    async def take(self, most: int) -> AsyncIterator[Sequence[Message]]:
        """What is near the missing inputs of those whose time for a look has come."""
        now = self._clock()
        async with self._links.due_searches(
            [now - after for after in SEARCHES_AFTER], min(most, MOST_AT_ONCE)
        ) as looks:
            waiting = [each for each in map(_opened, looks.holdings) if each is not None]
            near = await looks.near({path for each in waiting for path in looked_for(each.waits_for)})
            told = {each.holding.summary.key: each.told(near, now) for each in waiting}
            async with looks.kept_awake():
                yield [message for message in told.values() if message is not None]
            await looks.finish([key for key, message in told.items() if message is not None])


def _opened(holding: HeldSubmission) -> _Waiting | None:
    dataset = open_holding(holding).dataset
    if dataset is None:
        return None
    missing = set(holding.missing)
    return _Waiting(holding, dataset, [declared.path for declared in dataset.inputs if declared.dataset_id in missing])
