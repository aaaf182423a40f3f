"""The SQL that reads the tables of datasets."""
# ruff: noqa: S608  # the SQL is put together from this file's words alone

from collections.abc import Sequence
from uuid import UUID

from services.search.projections.investigations.statements import as_written
from shared.postgres.statement import Statement, asked_for, holding

LISTED = (
    f"dataset_id, path, name, type, kind, technique, {as_written('dataset', 'proposal')} as proposal, beamline, sample,"
    ' started as start, ended as "end",'
    " complete, revision, submitted_at, committed_at, file_count, volume_bytes, number,"
    " coalesce((select codes from finding_set where finding_set.finding_set = dataset.finding_set), '{}') as findings"
)
NODES = f"select {LISTED} from dataset where dataset_id = any($1::uuid[])"
DOCUMENTS = (
    "select dataset_id, body from dataset join revision using (dataset_id, revision) where dataset_id = any($1::uuid[])"
)
"""The committed events of datasets as they are now."""
LINKED = {
    side: f"select child, parent, parent_path from link where {side} = any($1::uuid[]) order by child, parent limit $2"
    for side in ("child", "parent")
}
"""The first links whose child or parent is one of these."""
INVESTIGATION_IDS = "select dataset_id, investigation_id from dataset where dataset_id = any($1::uuid[])"


def datasets_of(
    investigation_id: UUID, skip: int, limit: int, search: str | None, beamlines: Sequence[str] | None
) -> Statement:
    """The SQL of the datasets of an investigation that have a number, by start."""
    statement = Statement()
    bind = statement.bind
    where = (
        f"investigation_id = {bind(investigation_id, 'uuid')}",
        "number is not null",
        *asked_for(
            bind,
            ("name ilike {}", holding(search) if search else None, "text"),
            ("lower(beamline) = any({})", beamlines, "text[]"),
        ),
    )
    statement.text = (
        "select number, name, path, type, sample, beamline, started, ended, file_count, volume_bytes from dataset"
        f" where {' and '.join(where)}"
        f" order by started, dataset_id offset {bind(skip, 'bigint')} limit {bind(limit, 'bigint')}"
    )
    return statement


def numbers(numbers: Sequence[int] | None, dataset_id: UUID | None, beamlines: Sequence[str] | None) -> Statement:
    """The SQL of the ids and beamlines of datasets by their numbers, or by one id."""
    statement = Statement()
    conditions = asked_for(
        statement.bind,
        ("lower(beamline) = any({})", beamlines, "text[]"),
        ("number = any({})", None if numbers is None and dataset_id is not None else numbers or [], "bigint[]"),
        ("dataset_id = {}", dataset_id, "uuid"),
    )
    where = " and ".join(["number is not null", *conditions])
    statement.text = f"select number, dataset_id, beamline from dataset where {where} order by number"
    return statement
