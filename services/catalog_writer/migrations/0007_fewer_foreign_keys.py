"""Only links keep their foreign keys; `beamcat integrity` checks the other references.

The tables are locked in the order in which writers lock them, so a writer at work delays the migration for the rest of
its batch, and neither fails.
"""

from alembic import op

revision = "catalog_0007"
down_revision = "catalog_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("lock table dataset, investigation, sample, revision, file in access exclusive mode")
    for table, column in (
        ("dataset", "investigation_id"),
        ("dataset", "sample_id"),
        ("sample", "investigation_id"),
        ("revision", "dataset_id"),
        ("file", "dataset_id"),
    ):
        op.drop_constraint(f"{table}_{column}_fkey", table)
