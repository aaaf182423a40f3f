"""The tables of datasets: their facts, the contexts that they share, and the links to their inputs."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.search.projections.datasets.note import DATASETS, DatasetEntry, FindingSetRow
from services.search.projections.lasting import LastingBatch
from services.search.projections.schema import C_TEXT, METADATA, TIME
from shared.foundation.arrays import array, quoted
from shared.postgres.additions import Additions
from shared.postgres.bulk import DO_NOTHING, Writes, fetch, insert, update

DATASET = Table(
    "dataset",
    METADATA,
    Column("ordinal", Integer, Identity(), comment="new with every revision that applies"),
    Column("dataset_id", Uuid, nullable=False, unique=True),
    Column("revision", Integer, nullable=False),
    Column("path", Text, nullable=False),
    Column("name", C_TEXT, nullable=False),
    Column("type", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("technique", Text, nullable=False),
    Column("proposal", Text, nullable=False),
    Column("beamline", Text, nullable=False),
    Column("sample", Text),
    Column("started", TIME, nullable=False),
    Column("ended", TIME),
    Column("complete", Boolean, nullable=False),
    Column("submitted_at", TIME, nullable=False),
    Column("committed_at", TIME, nullable=False),
    Column("file_count", BigInteger),
    Column("volume_bytes", BigInteger),
    Column("context", BigInteger, comment="absent only if noted by a version that knew none"),
    Column("finding_set", BigInteger, comment="likewise"),
    Column("number", BigInteger, comment="absent if no event told one"),
    Column("investigation_id", Uuid, comment="absent likewise"),
    PrimaryKeyConstraint("ordinal", name="dataset_pkey", postgresql_include=["context", "finding_set"]),
    UniqueConstraint("number", name="dataset_number_key"),
    Index("dataset_by_investigation", "investigation_id", "started", "dataset_id"),
    Index("dataset_by_findings_and_context", "finding_set", "context"),
    Index("dataset_by_start", "started", "dataset_id"),
    Index("dataset_by_commit", "committed_at", "dataset_id"),
    Index("dataset_by_name", "name", "dataset_id"),
    Index("dataset_by_proposal", func.lower(text("proposal"))),
    Index("dataset_by_sample", func.lower(text("sample"))),
)

CONTEXT = Table(
    "context",
    METADATA,
    Column("context", BigInteger, primary_key=True, autoincrement=False, comment="follows from the other columns"),
    Column("technique", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("beamline", Text, nullable=False),
    Column("proposal", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("sample", Text),
    comment="what many datasets have in common: facets count them by it, and read a number of each",
)

FINDING_SET = Table(
    "finding_set",
    METADATA,
    Column("finding_set", BigInteger, primary_key=True, autoincrement=False, comment="follows from the codes"),
    Column("codes", ARRAY(Text), nullable=False, comment="in order, each once"),
)

LINK = Table(
    "link",
    METADATA,
    Column("child", Uuid, primary_key=True),
    Column("parent", Uuid, primary_key=True),
    Column("parent_path", Text, nullable=False),
    Index("link_by_parent", "parent"),
)

_NEWER = "(excluded.revision, excluded.committed_at) > (dataset.revision, dataset.committed_at)"
_DATASETS = insert(
    DATASET,
    then=update(DATASET, key=("dataset_id",), values={"ordinal": "excluded.ordinal"}, where=_NEWER)
    + "\nreturning dataset_id, new.ordinal, old.ordinal as replaced",
)
_ADDITIONS = Additions(DATASET, ("dataset_id",), "dataset_dataset_id_key")
_ORDINALS = "select nextval('dataset_ordinal_seq')::int as ordinal from generate_series(1, $1::int)"
_CONTEXTS = insert(CONTEXT, then=DO_NOTHING)
_FINDING_SETS = insert(FINDING_SET, then=DO_NOTHING)
_LINKS = insert(LINK)
_FORGET_LINKS = "delete from link where child = any($1::uuid[])"


@dataclass(frozen=True)
class DatasetChanges:
    """The changes of a batch: the entries that are newer than the known ones, and the ordinals that they replaced."""

    passed_over: Sequence[DatasetEntry]
    """The entries that change nothing, because a newer revision is known."""
    entries: Sequence[tuple[int, DatasetEntry]]
    """The entries that are now current, each with the ordinal of its dataset."""
    replaced: Sequence[int]
    """The ordinals that no dataset has any more."""


async def save(writes: Writes, noted: Sequence[DatasetEntry], lasting: LastingBatch) -> DatasetChanges:
    """Save datasets. The revision with the highest number stands; an older one changes nothing."""
    _save_contexts(writes, noted, lasting)
    connection = writes.connection
    entries = DATASETS.standing(noted)
    new, known = await _ADDITIONS.split(connection, [entry.row for entry in entries.values()])
    ordinals = [row["ordinal"] for row in await connection.fetch(_ORDINALS, len(new))] if new else []
    await _ADDITIONS.add(connection, [(*row, ordinal) for row, ordinal in zip(new, ordinals, strict=True)], "ordinal")
    changed = await fetch(connection, _DATASETS, known)
    applied = [(ordinal, entries[row[0]]) for row, ordinal in zip(new, ordinals, strict=True)]
    applied += [(row["ordinal"], entries[row["dataset_id"]]) for row in changed]
    replaced = [row for row in changed if row["replaced"] is not None]
    if replaced:
        await connection.execute(_FORGET_LINKS, [row["dataset_id"] for row in replaced])
    links = [(entry.row.dataset_id, *parent) for _, entry in applied for parent in entry.inputs]
    writes.add(_LINKS, links)
    changing = {id(entry) for _, entry in applied}
    passed_over = [entry for entry in noted if id(entry) not in changing]
    return DatasetChanges(passed_over, applied, [row["replaced"] for row in replaced])


def _save_contexts(writes: Writes, entries: Sequence[DatasetEntry], lasting: LastingBatch) -> None:
    """Save contexts and sets of findings in the order of their ids, so that two replicas cannot block each other."""
    contexts: dict[Hashable, Any] = {entry.context.context: entry.context for entry in entries}
    findings: dict[Hashable, Any] = {entry.findings.finding_set: _finding_set(entry.findings) for entry in entries}
    for table, statement, rows in ((CONTEXT, _CONTEXTS, contexts), (FINDING_SET, _FINDING_SETS, findings)):
        unknown = lasting.unknown(table.name, rows)
        writes.add(statement, sorted(rows[key] for key in unknown))
        lasting.learn(table.name, unknown)


def _finding_set(row: FindingSetRow) -> tuple[int, str]:
    return row.finding_set, array(map(quoted, row.codes))
