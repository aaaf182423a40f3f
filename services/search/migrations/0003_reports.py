"""The numbers by which ICAT clients know datasets, and the reports on the files of these datasets.

Existing datasets get their number from `beamcat rebuild search` or with their next revision.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "search_0003"
down_revision = "search_0002"


def upgrade() -> None:
    op.add_column("dataset", sa.Column("number", sa.BigInteger(), comment="absent if no event told one"))
    op.create_unique_constraint("dataset_number_key", "dataset", ["number"])
    op.create_table(
        "report",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("dataset_number", sa.BigInteger(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("message", sa.Text()),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_id"),
        comment="what became of the files of datasets",
    )
    op.create_index("report_by_dataset", "report", ["dataset_number", "at", "event_id"])
