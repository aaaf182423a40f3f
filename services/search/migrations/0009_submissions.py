"""Reports are identified by source, receipt, dataset and content, no longer by their receipt alone.

The key of all four is in `receipt_id`, so the previous version can write at the same time. Its rows have
neither source nor content; `beamcat rebuild search` adds both.
"""

import sqlalchemy as sa
from alembic import op

revision = "search_0009"
down_revision = "search_0008"


def upgrade() -> None:
    op.alter_column(
        "receipt",
        "receipt_id",
        comment="the submission's key; a version that knew submissions by their receipt alone wrote that",
    )
    for column in (
        sa.Column("receipt", sa.Text(), comment="the receipt's id; absent only if noted by that version"),
        sa.Column(
            "source",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="whose it is; empty where no report told it",
        ),
        sa.Column(
            "content",
            sa.Text(),
            nullable=False,
            server_default="",
            comment="the fingerprint of its words; empty likewise",
        ),
        sa.Column(
            "heard_at",
            sa.DateTime(timezone=True),
            comment="when Kafka took the first report of it; absent as the receipt",
        ),
    ):
        op.add_column("receipt", column)
    op.create_index("receipt_by_receipt", "receipt", ["receipt", "heard_at"])
