"""The datasets of a sample and its last measured place are found with one index. The table rarely needs an analysis."""

from alembic import op

revision = "sample_tracking_0005"
down_revision = "sample_tracking_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("tracked_by_sample_in_time", "tracked", ["sample_id", "measured_at"])
    op.drop_index("tracked_by_container", "tracked")
    op.drop_index("tracked_by_sample", "tracked")
    # an analysis reads a sample of the table, and no plan depends on what it finds
    op.execute(
        "alter table tracked set (autovacuum_vacuum_insert_threshold = 100000, autovacuum_analyze_threshold = 20000)"
    )
