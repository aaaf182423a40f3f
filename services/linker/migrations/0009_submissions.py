"""The identity of a held submission: source, receipt, dataset and content, no longer the receipt alone.

The key of all four is in `receipt_id`. The previous version takes it for a receipt, so it can settle what this version
holds. This version finds what the previous one holds.
"""

import sqlalchemy as sa
from alembic import op

revision = "linker_0009"
down_revision = "linker_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "held",
        "receipt_id",
        comment="the submission's key, which is no receipt's id; a version that knew submissions by"
        " their receipt alone wrote that",
    )
    op.add_column(
        "held",
        sa.Column(
            "source", sa.Text(), comment="whose submission it is; empty, as receipt and content, of that version's"
        ),
    )
    op.add_column("held", sa.Column("receipt", sa.Text(), comment="the receipt's id"))
    op.add_column("held", sa.Column("content", sa.Text(), comment="the fingerprint of its words"))
