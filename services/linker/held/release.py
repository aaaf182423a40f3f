"""The release of held submissions: their final verdicts, sent by the relay in order."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from services.linker.handler import Linker
from services.linker.held.ports import LinkStore
from services.linker.held.settlement import open_submission, settle
from shared.events.record import Message


class ReleaseOutbox:
    """The outbox of the linker's relay. Its messages are made when they are sent, by the rules of the stage."""

    def __init__(self, links: LinkStore, linker: Linker, clock: Callable[[], datetime]) -> None:
        self._links = links
        self._linker = linker
        self._clock = clock

    @asynccontextmanager
    async def take(self, most: int) -> AsyncIterator[Sequence[Message]]:
        """Settle the oldest submissions. The transaction that locks them ends after their messages are confirmed."""
        async with self._links.due(most, self._clock()) as batch:
            opened = [open_submission(submission) for submission in batch.submissions]
            known = await batch.load([each.dataset for each in opened if each.dataset is not None])
            settled = settle(self._linker, opened, known, self._clock())
            async with batch.kept_awake():
                yield [each.message for each in settled]
            await batch.finish(settled)
