"""Tables that grow by batches are analysed less often. No plan depends on it: rows are only found by their keys."""

from alembic import op

revision = "catalog_0008"
down_revision = "catalog_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table revision alter column payload set statistics 0")
    for table in ("dataset", "revision", "receipt", "link", "file"):
        op.execute(
            f"alter table {table} set"
            " (autovacuum_vacuum_insert_threshold = 100000, autovacuum_analyze_threshold = 20000)"
        )
