"""Reports on the files of datasets, and the stage that saves them."""

from collections.abc import Awaitable, Callable
from typing import Any

from services.archive.catalogue import NumberedDataset
from services.archive.handler import note
from shared.events.record import Record
from shared.events.report import DatasetReported
from shared.events.topics import REPORTS
from shared.kafka.publisher import MemoryPublisher
from shared.runtime.backoff import Backoff
from shared.stages.halt import HaltRule
from shared.stages.stage import Stage, StageRunner
from tests.builders.search.records import IDENTITIES, NOON, dataset_id

OURS, THEIRS = "/data/visitor/mx1111/run_1", "/data/visitor/mx2222/run_1"
DATASETS = (
    NumberedDataset(42, dataset_id(OURS), "ID30A-3"),
    NumberedDataset(43, dataset_id(THEIRS), "id29"),
)


class Archive:
    """The stage over a store. `kept` reads back the number and the subject of every report, sorted."""

    def __init__(self, store: Any, kept: Callable[[], Awaitable[list[tuple[int, str]]]]) -> None:
        self.kept = kept
        self.publisher = MemoryPublisher()
        stage: Stage[Any, Any] = Stage("archive", REPORTS, DatasetReported, note, store)
        self._runner = StageRunner(stage, self.publisher, lambda: NOON, HaltRule(halts=False), Backoff(), IDENTITIES)

    async def hear(self, *records: Record) -> None:
        """Settle records in one batch."""
        await self._runner.run(records)
