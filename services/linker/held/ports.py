"""What the linker needs from its store. PostgreSQL (`storage/postgres`) and memory (`storage/memory`) provide it."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from services.linker.held.settlement import Settled
from services.linker.inputs.near import Near
from services.linker.inputs.submissions import HeldSubmission, HeldSummary, LinkerView
from services.linker.known import Known
from services.linker.plan.announcements import PlanContext
from services.linker.plan.commits import CommitContext, CommittedView
from services.linker.plan.rejections import RejectedView
from shared.events.dataset import DatasetFacts
from shared.events.investigation import InvestigationAnnounced
from shared.stages.stage import Transaction

E = TypeVar("E", bound=BaseModel)
K = TypeVar("K", covariant=True)


MOST_AT_ONCE = 100
"""How many submissions one transaction gives up or searches for. Each may have waited for thousands of inputs."""
NO_MORE_SEARCHES = 100
"""A number of searches that no submission reaches, so it marks one that is not searched for again."""


class LinkerTransaction(Transaction[E, K], Protocol[E, K]):
    """A transaction of one of the linker's stages."""

    leaves_work: bool
    """Whether it has saved something that the relay can settle now."""


class StageStore(Generic[E, K]):
    """One stage's part of a store: it begins a transaction of the store and wraps it for the stage."""

    def __init__(
        self, begin: Callable[[], AbstractAsyncContextManager[Any]], wrap: Callable[[Any], LinkerTransaction[E, K]]
    ) -> None:
        self._begin = begin
        self._wrap = wrap
        self._has_left_work = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction[E, K]]:
        """A transaction that commits at the end, and rolls back on an error."""
        async with self._begin() as begun:
            transaction = self._wrap(begun)
            yield transaction
        self._has_left_work |= transaction.leaves_work

    def wake_for_work(self, wake: Callable[[], None]) -> None:
        """Wake the relay if transactions have left work for it since the last call. Most batches leave none."""
        if self._has_left_work:
            self._has_left_work = False
            wake()


@dataclass(frozen=True, slots=True)
class WaitingTotals:
    """How many datasets wait for inputs, and since when the first of them does."""

    datasets: int
    since: datetime | None


class DueBatch(Protocol):
    """Held submissions that can be settled, locked against every other replica, in one transaction."""

    submissions: Sequence[HeldSubmission]

    async def load(self, datasets: Sequence[DatasetFacts]) -> Known:
        """What the final verdict on them depends on."""

    def kept_awake(self) -> AbstractAsyncContextManager[None]:
        """Keep the lock while something else is awaited, as long as this process lives and is not stopped."""

    async def finish(self, settled: Sequence[Settled]) -> None:
        """Delete what was linked, and keep a tombstone of what was refused."""


class SearchBatch(Protocol):
    """Held submissions whose search is repeated, by one replica at a time. The transaction locks none of them."""

    submissions: Sequence[HeldSubmission]

    def kept_awake(self) -> AbstractAsyncContextManager[None]:
        """As for a `DueBatch`."""

    async def near(self, paths: Collection[str]) -> Near:
        """The catalogued paths that may be meant by some paths that are not catalogued."""

    async def finish(self, found: Collection[str]) -> None:
        """Count one search for each submission. `found` are the keys of those that need no more searches."""


class LinkStore(Protocol):
    """Everything that the linker remembers, for its four stages, its relays, its timer and its routes."""

    @property
    def linking(self) -> StageStore[LinkerView, Known]:
        """For the stage that links."""

    @property
    def commits(self) -> StageStore[CommittedView, CommitContext]:
        """For the stage that learns of commits, and notes what they release and which results they affect."""

    @property
    def announcements(self) -> StageStore[InvestigationAnnounced, PlanContext]:
        """For the stage that learns of investigations, and moves datasets to them."""

    @property
    def rejections(self) -> StageStore[RejectedView, None]:
        """For the stage that learns of rejections, and ends the waiting of kinds that do not wait for a correction."""

    def due(self, most: int, now: datetime) -> AbstractAsyncContextManager[DueBatch]:
        """The oldest released or expired submissions that no submission of the same dataset waits before.

        First, up to `most` affected results are submitted again and join them. The batch is empty if there is nothing
        to do, or if another replica is at work.
        """

    def due_searches(self, waited_since: Sequence[datetime], most: int) -> AbstractAsyncContextManager[SearchBatch]:
        """Waiting submissions whose search is due: the n-th search, if they have waited since the n-th time.

        Only the first waiting submission of a dataset is searched for.
        """

    async def peek(self, datasets: Sequence[DatasetFacts]) -> Known:
        """What is known about the datasets and their inputs, including what is held of the inputs. Changes nothing."""

    async def near(self, paths: Collection[str]) -> Near:
        """The catalogued paths that may be meant by some paths that are not catalogued."""

    async def expire(self, now: datetime) -> int:
        """Give up some of what has waited past its deadline, and return how many."""

    async def release_overlooked(self) -> int:
        """Release what waits although nothing is missing, and return how many. Older versions may leave such rows."""

    async def waiting(self) -> WaitingTotals:
        """How much waits for inputs, and since when."""

    async def pending(self, most: int) -> Sequence[HeldSummary]:
        """What is held and not settled, oldest first."""
