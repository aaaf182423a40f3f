"""Entries of the logbook, and the records that contain them."""

from collections.abc import Iterable
from typing import Any, Protocol

from services.logbook.handler import record
from shared.events.headers import headers_of
from shared.events.logbook import LogbookEntry, LogbookWritten
from shared.events.record import Record
from shared.events.topics import LOGBOOK
from shared.kafka.publisher import MemoryPublisher
from shared.runtime.backoff import Backoff
from shared.stages.halt import HaltRule
from shared.stages.stage import Stage, StageRunner
from tests.builders.search.records import IDENTITIES, NOON, entry


class Texts(Protocol):
    """Reads the text of every entry back from a store."""

    async def __call__(self) -> list[str]:
        """The texts, sorted."""


class Logbook:
    """The stage over a store."""

    def __init__(self, store: Any, texts: Texts) -> None:
        self.texts = texts
        stage: Stage[Any, Any] = Stage("logbook", LOGBOOK, LogbookWritten, record, store)
        self._runner = StageRunner(stage, MemoryPublisher(), lambda: NOON, HaltRule(halts=False), Backoff(), IDENTITIES)

    async def hear(self, records: Iterable[Record]) -> None:
        """Settle records in one batch."""
        await self._runner.run(list(records))


def written(said: LogbookEntry, offset: int = 0) -> Record:
    """The record of an entry."""
    headers = headers_of(LOGBOOK, receipt_id=str(said.entry_id), source="/test", time=NOON.isoformat())
    value = LogbookWritten(entry=said).model_dump_json().encode()
    return Record(LOGBOOK.name, 0, offset, 0, b"mx1111", value, headers)


def told(text: str, **fields: Any) -> Record:
    """The record of an entry with this text."""
    return written(entry(text, **fields))
