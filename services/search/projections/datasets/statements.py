"""The SQL that reads the tables of datasets."""
# ruff: noqa: S608  # the SQL is put together from this file's words alone

from services.search.projections.investigations.statements import as_written

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
