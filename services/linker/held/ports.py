"""What the linker asks of its store: `storage/store.py` keeps it in PostgreSQL, `storage/memory.py` in memory."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from services.linker.handler import Linker
from services.linker.held.holdings import Settled, open_holding, settle
from services.linker.inputs.near import Near
from services.linker.inputs.submissions import HeldSubmission, HeldSummary, LinkerView
from services.linker.known import Known
from services.linker.plan.announcements import CommittedView, PlanContext, RejectedView
from services.linker.plan.revisits import CommitContext
from shared.events.dataset import DatasetFacts
from shared.events.investigation import InvestigationAnnounced
from shared.events.record import Message
from shared.stages.stage import Store, Transaction

E = TypeVar("E", bound=BaseModel)
K = TypeVar("K")


MOST_AT_ONCE = 100
"""That are given up, or looked at once more, in one transaction: each may have waited for thousands of inputs."""
NO_MORE_SEARCHES = 100
"""More looks than anything gets."""


@dataclass(frozen=True, slots=True)
class WaitingTotals:
    """How many datasets wait for inputs, and since when the first of them does."""

    datasets: int
    since: datetime | None


class DueBatch(Protocol):
    """Holdings that may be settled now, locked against every other replica, inside one transaction."""

    holdings: Sequence[HeldSubmission]

    async def load(self, datasets: Sequence[DatasetFacts]) -> Known:
        """What the last word on them depends on."""

    def kept_awake(self) -> AbstractAsyncContextManager[None]:
        """While something else is waited for: the lock is kept as long as this process lives and is not stopped."""

    async def finish(self, settled: Sequence[Settled]) -> None:
        """Forget what was linked; keep a tombstone of what was refused."""


class SearchBatch(Protocol):
    """Holdings to be looked at once more, by one replica at a time, inside one transaction that locks none of them."""

    holdings: Sequence[HeldSubmission]

    def kept_awake(self) -> AbstractAsyncContextManager[None]:
        """As that of a lot."""

    async def near(self, paths: Collection[str]) -> Near:
        """The catalogued paths that may be meant by some that are not."""

    async def finish(self, told: Collection[str]) -> None:
        """All were looked at; those of these keys were told of something, and are not looked at again."""


class LinkStore(Protocol):
    """All that the linker remembers, as its four stages, its relay, its timer and its routes see it."""

    @property
    def linking(self) -> Store[LinkerView, Known]:
        """For the stage that links."""

    @property
    def commits(self) -> Store[CommittedView, CommitContext]:
        """For the stage that learns of commits, releases what waited for them, and notes whom they concern."""

    @property
    def announcements(self) -> Store[InvestigationAnnounced, PlanContext]:
        """For the stage that learns of investigations, and moves datasets to them."""

    @property
    def rejections(self) -> Store[RejectedView, None]:
        """For the stage that learns of rejections, and ends the waiting of what does not bear them."""

    def due(self, most: int, now: datetime) -> AbstractAsyncContextManager[DueBatch]:
        """The oldest holdings that are released or expired and that nothing of the same dataset waits before.

        As many datasets that are to be looked at again join them first.

        Empty if there are none, or if another replica is at work.
        """

    def due_searches(self, waited_since: Sequence[datetime], most: int) -> AbstractAsyncContextManager[SearchBatch]:
        """What waits, nothing of the same dataset before it, and has its n-th look if it has waited since the n-th."""

    async def peek(self, datasets: Sequence[DatasetFacts]) -> Known:
        """What is known of the datasets and their inputs, without a trace. What is held of the inputs is included."""

    async def near(self, paths: Collection[str]) -> Near:
        """The catalogued paths that may be meant by some that are not."""

    async def expire(self, now: datetime) -> int:
        """Give up on what has waited past its deadline, on so many at once; how many those are."""

    async def release_overlooked(self) -> int:
        """Release what waits although nothing is missing, as replicas of an older version may leave it; how many."""

    async def waiting(self) -> WaitingTotals:
        """What waits for inputs, all in all."""

    async def pending(self, most: int) -> Sequence[HeldSummary]:
        """What is held and not settled, oldest first."""


class StageStore(Generic[E, K]):
    """One stage's side of a memory: begins a transaction and looks at it in the stage's way."""

    def __init__(
        self, begin: Callable[[], AbstractAsyncContextManager[Any]], look: Callable[[Any], Transaction[E, K]]
    ) -> None:
        self._begin = begin
        self._look = look

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction[E, K]]:
        """A transaction that commits on leaving, and rolls back on an error."""
        async with self._begin() as begun:
            yield self._look(begun)


class ReleaseOutbox:
    """The outbox of the linker's relay: messages are made when they are sent, by the rules of the straight way."""

    def __init__(self, links: LinkStore, linker: Linker, clock: Callable[[], datetime]) -> None:
        self._links = links
        self._linker = linker
        self._clock = clock

    @asynccontextmanager
    async def take(self, most: int) -> AsyncIterator[Sequence[Message]]:
        """Settle the oldest holdings; the transaction that locked them ends after their messages are confirmed."""
        async with self._links.due(most, self._clock()) as lot:
            opened = [open_holding(holding) for holding in lot.holdings]
            known = await lot.load([each.dataset for each in opened if each.dataset is not None])
            settled = settle(self._linker, opened, known, self._clock())
            async with lot.kept_awake():
                yield [each.message for each in settled]
            await lot.finish(settled)
