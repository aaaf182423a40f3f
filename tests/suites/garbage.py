"""Records of every topic, and all stages of all services, each with a witness that records its outcomes."""

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from services.archive.catalogue import MemoryCatalogue, NumberedDataset
from services.archive.handler import note
from services.archive.memory import MemoryReports
from services.logbook.handler import record
from services.logbook.memory import MemoryEntries
from shared.events.codes import Code, Refusal
from shared.events.logbook import LogbookWritten
from shared.events.record import Message, Record
from shared.events.report import DatasetReported
from shared.events.topics import LOGBOOK, REPORTS
from shared.runtime.backoff import Backoff
from shared.stages.halt import HaltRule, Standings
from shared.stages.stage import Stage, StageRunner
from tests.builders import sample_tracking as tracking
from tests.builders.linker import records as linker
from tests.builders.pipeline import World
from tests.builders.search.records import Topics, dataset_id, entry, investigation
from tests.builders.seeds import seed_of_run
from tests.builders.submissions import IDENTITIES, processed_submission, raw_submission, submitted

BATCH = 25
SEED = seed_of_run(1)
DEFECTS = {Code.INTERNAL_ERROR, Code.CANNOT_STORE}
NOW = datetime.fromisoformat("2026-11-24T00:00:00+00:00")


class Witness(HaltRule):
    """Remembers every outcome, even of stages that do not publish rejections."""

    def __init__(self) -> None:
        super().__init__(halts=False)
        self.outcomes: list[object] = []

    def judge(self, sources: Sequence[str], outcomes: Sequence[object], now: datetime) -> Standings:
        self.outcomes += outcomes
        return super().judge(sources, outcomes, now)


class WholeWorld(World):
    """All stages of all services, each watched by a witness."""

    def __init__(self) -> None:
        super().__init__()
        catalogue = MemoryCatalogue(NumberedDataset(42, dataset_id("/data/a"), "id30a-3"))
        self.runners += [
            self._runner(Stage("logbook", LOGBOOK, LogbookWritten, record, MemoryEntries())),
            self._runner(Stage("archive", REPORTS, DatasetReported, note, MemoryReports(catalogue))),
        ]
        self.read = dict.fromkeys((runner.stage.name for runner in self.runners), 0)
        self.witnesses = [runner._halt_rule for runner in self.runners if isinstance(runner._halt_rule, Witness)]

    def _runner(self, stage: Stage[Any, Any]) -> StageRunner[Any, Any]:
        return StageRunner(stage, self.broker, lambda: self.now, Witness(), Backoff(), IDENTITIES)

    def refusals(self) -> list[Refusal]:
        found = [outcome for witness in self.witnesses for outcome in witness.outcomes]
        return [outcome for outcome in found if isinstance(outcome, Refusal)]


def messages() -> list[Message]:
    chance = random.Random(1)
    raws = [raw_submission(number, chance) for number in range(3)]
    child = processed_submission(0, raws[:1], chance)
    update = {key: raws[0][key] for key in ("name", "path", "proposal")} | {"mode": "update", "parameters": {"a": "1"}}
    orphan = processed_submission(7, [raw_submission(9, chance)], chance)
    said = [*raws, child, update, orphan, raws[1] | {"start": "noon"}, raws[2] | {"sample": None}]
    return [submitted(each, f"receipt-{number}", NOW) for number, each in enumerate(said)]


@pytest.fixture
async def samples() -> dict[str, list[Record]]:
    """Real records of every topic."""
    world = WholeWorld()
    topics = Topics()
    found: dict[str, list[Record]] = defaultdict(list)
    topics.reported(42)
    topics.shipped("shipment_declared", 1, shipment={"id": "a" * 24, "name": "box"})
    topics.shipped("parcel_declared", 2, parcel={"name": "dewar", "content": []})
    topics.shipped("withdrawn", 3, subject="shipment", id="a" * 24)
    topics.registered(investigation(42))
    topics.committed("/data/a", {"MX_flux": 1.0}, number=42)
    topics.unchanged("/data/a", "again")
    written = entry("a text").model_dump_json().encode()
    others = [
        topics._add(LOGBOOK, "entry", None, b'{"entry":%b}' % written),
        linker.announced(linker.slot("42", NOW)),
        linker.started(NOW),
        linker.rescheduled("42", NOW),
        tracking.moved("mounted", "S", 1, container=None),
    ]
    await world.send(*messages())
    for number, message in enumerate(world.broker.messages):
        found[message.topic].append(Record(message.topic, 0, number, 0, message.key, message.value, message.headers))
    for one in (*topics.records, *others):
        if one not in found[one.topic]:
            found[one.topic].append(one)
    return found


STAGES = [runner.stage.name for runner in WholeWorld().runners]
