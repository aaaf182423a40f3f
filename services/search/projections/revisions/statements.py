"""The SQL that reads the table of revisions."""
# ruff: noqa: S608  # the SQL is put together from this file's words alone

EVENT = (
    "select body from revision where dataset_id = $1 and ($2::int is null or revision = $2)"
    " order by revision desc limit 1"
)
_WANTED = "join unnest($1::uuid[], $2::int[]) as wanted (dataset_id, revision) using (dataset_id, revision)"
EVENTS = f"select dataset_id, body from revision {_WANTED}"
SIZES = f"select dataset_id, octet_length(body) as size from revision {_WANTED}"
HISTORY = (
    "select revision, receipt_id, outcome, submitted_at, committed_at, body from revision"
    " where dataset_id = $1 and ($2::int is null or revision < $2) order by revision desc"
)
