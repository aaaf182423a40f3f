"""What is held is known by source, receipt, dataset and content, and no more by its receipt alone.

The key of all four stands in `receipt_id`, which the version before takes for a receipt: so it can settle what this
one holds. What it holds itself is found as before.
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
