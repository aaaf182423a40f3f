"""What was answered is known by source, receipt, dataset and content, and an answer says whose it is.

The key of all four stands in `receipt.receipt_id`; what the version before answered is found by its receipt.
"""

import sqlalchemy as sa
from alembic import op

revision = "catalog_0005"
down_revision = "catalog_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "receipt",
        "receipt_id",
        comment="the submission's key; a version that knew submissions by their receipt alone wrote that",
    )
    op.add_column(
        "outbox",
        sa.Column("source", sa.Text(), comment="whose submission is answered; empty, as content, of that version's"),
    )
    op.add_column("outbox", sa.Column("content", sa.Text(), comment="the fingerprint of its words"))
