"""The committed documents of datasets, in the order of a query, with those made from each if they are asked for."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from pydantic_core import to_json

from services.search.cursors import read_cursor
from services.search.index.question import Query
from services.search.projections.datasets.statements import INVESTIGATION_IDS
from services.search.projections.investigations.statements import InvestigationQuery
from services.search.query.catalogue import CatalogueReader
from services.search.query.investigations import InvestigationReader
from services.search.query.query import MOST_ROWS, key_type, order_name
from shared.foundation.pages import MOST_PAGE_BYTES
from shared.postgres.statement import Row, Statement

MOST_OUTPUTS = 1000
"""Outputs that are read with the datasets of one lot, and no more than fit into a page: the lineage has all."""


@dataclass(frozen=True)
class Document:
    """A committed event, byte for byte, with its investigation as it is known now."""

    event: bytes
    investigation: Row | None

    def json(self) -> bytes:
        """It as JSON in one line; in an event, a line break can only stand between two tokens."""
        investigation = to_json(self.investigation)
        return b'{"event":%b,"investigation":%b}' % (self.event.replace(b"\n", b" "), investigation)


@dataclass(frozen=True)
class Found:
    """A document that a query finds, with those of the datasets made from it."""

    total: int
    """The number of all datasets that the query finds."""
    document: Document
    outputs: Sequence[Document]

    def line(self) -> bytes:
        """It as one line of JSON."""
        outputs = b",".join(output.json() for output in self.outputs)
        return b'{"total":%d,"document":%b,"outputs":[%b]}\n' % (self.total, self.document.json(), outputs)


@dataclass(frozen=True)
class DocumentQuery:
    """A query, and which part of what it finds: all of it without a limit."""

    query: Query
    skip: int = 0
    limit: int | None = None
    outputs: bool = False
    beamlines: tuple[str, ...] | None = None
    """The beamlines whose outputs the asker may read, in lower case; all of them if it is None."""


async def documents(reader: CatalogueReader, wanted: DocumentQuery) -> AsyncIterator[list[Found]]:
    """The documents, some at a time."""
    at, after, total = 0, None, 0
    left = None if wanted.limit is None else wanted.skip + wanted.limit
    while left is None or left > 0:
        size = MOST_ROWS if left is None else min(MOST_ROWS, left)
        found = await reader.find(replace(wanted.query, limit=size, after=after, count=at == 0))
        total = found.get("count", total)
        rows = found["datasets"]
        for lot in await reader.lots(rows[max(0, wanted.skip - at) :]):
            yield await _found(reader, wanted, lot, total)
        at += len(rows)
        left = None if left is None else left - len(rows)
        if found["next"] is None:
            return
        sort = wanted.query.sort
        after = read_cursor(found["next"], order_name(sort, wanted.query.descending), key_type(sort))


async def _found(reader: CatalogueReader, wanted: DocumentQuery, rows: Sequence[Row], total: int) -> list[Found]:
    events = await _documents(reader, rows)
    made = await _outputs(reader, list(events), wanted.beamlines) if wanted.outputs else {}
    return [Found(total, document, made.get(dataset_id, ())) for dataset_id, document in events.items()]


async def _documents(reader: CatalogueReader, rows: Sequence[Row]) -> dict[UUID, Document]:
    """The documents of these datasets, in their order."""
    events = await reader.events([(row["dataset_id"], row["revision"]) for row in rows])
    statement = Statement(INVESTIGATION_IDS, [list(events)])
    found, _ = await reader.rows(statement, len(events) + 1, MOST_PAGE_BYTES)
    ids = {row["dataset_id"]: row["investigation_id"] for row in found}
    query = InvestigationQuery(ids=tuple(set(ids.values())))
    investigations, _ = await InvestigationReader(reader).investigations(query)
    known = {row["investigation_id"]: row for row in investigations}
    return {
        row["dataset_id"]: Document(events[row["dataset_id"]], known.get(ids.get(row["dataset_id"])))
        for row in rows
        if row["dataset_id"] in events
    }


async def _outputs(
    reader: CatalogueReader, ids: Sequence[UUID], beamlines: Sequence[str] | None
) -> dict[UUID, list[Document]]:
    """The documents of the datasets that were made from each of these, as far as they fit into a page."""
    links = await reader.links(ids, "parent", MOST_OUTPUTS)
    nodes = [
        node
        for node in await reader.nodes({child for child, _, _ in links})
        if node["number"] is not None and (beamlines is None or node["beamline"].lower() in beamlines)
    ]
    made: dict[UUID, Document] = {}
    room = MOST_PAGE_BYTES
    for lot in await reader.lots(nodes):
        for dataset_id, document in (await _documents(reader, lot)).items():
            room -= len(document.event)
            if made and room < 0:
                break
            made[dataset_id] = document
        if room <= 0:
            break
    outputs: dict[UUID, list[Document]] = {}
    for child, parent, _ in links:
        if child in made:
            outputs.setdefault(parent, []).append(made[child])
    return outputs
