"""The repeated search for paths near a missing input: one may be catalogued after the waiting began."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.linker.handler import pending_of, with_facts
from services.linker.held.ports import MOST_AT_ONCE, LinkStore
from services.linker.held.settlement import open_submission
from services.linker.inputs.near import Near, searched_for
from services.linker.inputs.submissions import STAGE, HeldSubmission
from shared.events.dataset import DatasetFacts
from shared.events.headers import derived_headers
from shared.events.pending import DatasetPending
from shared.events.record import Message
from shared.events.topics import PENDING

SEARCHES_AFTER = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(days=1))
"""How long a submission has waited at each search. After a search that finds something there are no more."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    submission: HeldSubmission
    dataset: DatasetFacts
    waits_for: Sequence[str]

    def message(self, near: Near, now: datetime) -> Message | None:
        """`dataset.pending` with the near paths, or None if there are none."""
        summary, record = self.submission.summary, self.submission.record
        if summary.deadline is None:
            return None
        pending = pending_of(summary, self.waits_for, summary.deadline, near)
        if not pending.findings:
            return None
        headers = derived_headers(PENDING, record, summary.id.receipt_id, STAGE, now)
        event = DatasetPending(pending=with_facts(pending, self.dataset))
        value = event.model_dump_json().encode()
        return Message(PENDING.name, str(summary.dataset_id).encode(), value, headers)


class RepeatedSearchOutbox:
    """An outbox of `dataset.pending`. Its messages are made when they are sent."""

    def __init__(self, links: LinkStore, clock: Callable[[], datetime]) -> None:
        self._links = links
        self._clock = clock

    @asynccontextmanager
    async def take(self, most: int) -> AsyncIterator[Sequence[Message]]:
        """The messages of those submissions whose search is due and finds something."""
        now = self._clock()
        waited_since = [now - after for after in SEARCHES_AFTER]
        async with self._links.due_searches(waited_since, min(most, MOST_AT_ONCE)) as batch:
            waiting = [each for each in map(_opened, batch.submissions) if each is not None]
            near = await batch.near({path for each in waiting for path in searched_for(each.waits_for)})
            messages = {each.submission.summary.key: each.message(near, now) for each in waiting}
            async with batch.kept_awake():
                yield [message for message in messages.values() if message is not None]
            await batch.finish([key for key, message in messages.items() if message is not None])


def _opened(submission: HeldSubmission) -> _Waiting | None:
    dataset = open_submission(submission).dataset
    if dataset is None:
        return None
    missing = set(submission.missing)
    paths = [declared.path for declared in dataset.inputs if declared.dataset_id in missing]
    return _Waiting(submission, dataset, paths)
