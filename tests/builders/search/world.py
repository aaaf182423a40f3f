"""A read model under test: records go in through the stages, and its content comes out as plain values."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Protocol
from uuid import UUID

from services.search.app import stages_of
from services.search.memory import MemoryReadModel
from services.search.projections.datasets.note import DatasetEntry
from services.search.projections.investigations.note import InvestigationRow
from services.search.projections.positions.note import PositionRow
from services.search.projections.receipts.note import Receipt
from services.search.projections.rejections.note import RejectionRow
from services.search.projections.revisions.note import RevisionRow
from services.search.projections.samples.note import SampleRow
from services.search.query.receipts import choose
from services.search.routes.answers import chosen_answer
from shared.events.declarations import DeclarationRow, Declared, ParcelStatusRow, PlaceRow, together
from shared.events.record import Record
from shared.kafka.publisher import MemoryPublisher
from shared.postgres.statement import Row
from shared.runtime.backoff import Backoff
from shared.stages.halt import HaltRule
from shared.stages.stage import StageRunner
from tests.builders.search.records import IDENTITIES, NOON, dataset_id


class World(Protocol):
    """What the suite needs from each store."""

    publisher: MemoryPublisher

    async def note(self, *records: Record) -> None:
        """Settle records, those of each topic in one batch."""

    async def revision_of(self, path: str) -> int | None:
        """The revision that is found."""

    async def kept_revisions(self, path: str) -> list[int]:
        """The history."""

    async def parents_of(self, path: str) -> set[UUID]:
        """The inputs of the revision that is found."""

    async def findings_of(self, path: str) -> list[str]:
        """Codes of the findings of the revision that is found."""

    async def receipt(self, receipt_id: str, **choice: str) -> dict[str, Any] | None:
        """The answer for a receipt. `choice` may give `source` or `caller`."""

    async def rejections(self) -> list[str]:
        """The messages of all rejections."""

    async def titles(self) -> list[str | None]:
        """The titles of all investigations, by number."""

    async def containers(self) -> list[str | None]:
        """The containers of all samples, by name."""

    async def declared(self) -> Declared:
        """The shipments of investigation 42."""

    async def position(self, topic: str) -> int:
        """The position up to which a topic is noted."""


def row_of(receipt: Receipt) -> Row:
    """The row as in the table."""
    return {**receipt.submission._asdict(), **asdict(receipt)}


def answered(rows: Iterable[Row], receipt_id: str, **choice: str) -> dict[str, Any] | None:
    """The answer for one receipt."""
    chosen = choose([row for row in rows if row["receipt_id"] == receipt_id], **choice)
    return chosen and chosen_answer(chosen, NOON)


class Noting:
    """Runs the stages over one of the stores."""

    def __init__(self, store: Any) -> None:
        self.publisher = MemoryPublisher()
        self._runners = {
            stage.consumes.name: StageRunner(
                stage, self.publisher, lambda: NOON, HaltRule(halts=False), Backoff(), IDENTITIES
            )
            for stage in stages_of(store, IDENTITIES)
        }

    async def note(self, *records: Record) -> None:
        for topic, runner in self._runners.items():
            batch = [record for record in records if record.topic == topic]
            if batch:
                await runner.run(batch)


class MemoryWorld(Noting):
    """The memory twin."""

    def __init__(self) -> None:
        self._model = MemoryReadModel()
        super().__init__(self._model)

    async def revision_of(self, path: str) -> int | None:
        entry = self._model.standing(DatasetEntry).get(dataset_id(path))
        return entry.row.revision if entry else None

    async def kept_revisions(self, path: str) -> list[int]:
        return sorted(number for one, number in self._model.standing(RevisionRow) if one == dataset_id(path))

    async def parents_of(self, path: str) -> set[UUID]:
        return {parent for parent, _ in self._model.standing(DatasetEntry)[dataset_id(path)].inputs}

    async def findings_of(self, path: str) -> list[str]:
        return list(self._model.standing(DatasetEntry)[dataset_id(path)].findings.codes)

    async def receipt(self, receipt_id: str, **choice: str) -> dict[str, Any] | None:
        return answered(map(row_of, self._model.standing(Receipt).values()), receipt_id, **choice)

    async def rejections(self) -> list[str]:
        return sorted(row.message for row in self._model.standing(RejectionRow).values())

    async def titles(self) -> list[str | None]:
        return [
            row.title
            for row in sorted(self._model.standing(InvestigationRow).values(), key=lambda row: row.number or 0)
        ]

    async def containers(self) -> list[str | None]:
        rows = sorted(self._model.standing(SampleRow).values(), key=lambda row: row.name)
        return [json.loads(row.container)["name"] if row.container else None for row in rows]

    async def declared(self) -> Declared:
        rows = (DeclarationRow, PlaceRow, ParcelStatusRow)
        things, places, statuses = (tuple(self._model.facts[row].values()) for row in rows)
        return together(Declared(), Declared(things, places, statuses))

    async def position(self, topic: str) -> int:
        position = self._model.standing(PositionRow).get((topic, 0))
        return position.next_offset if position else 0
