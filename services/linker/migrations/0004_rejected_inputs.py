"""Rejected datasets, for the results that wait for them now or later."""

import sqlalchemy as sa
from alembic import op

revision = "linker_0004"
down_revision = "linker_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "dataset",
        sa.Column(
            "rejected",
            sa.Text(),
            comment="why it was rejected, while it is not committed and nothing of it is under way",
        ),
    )
    op.add_column(
        "held",
        sa.Column(
            "ends_with_inputs",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="an input that is rejected ends the waiting",
        ),
    )
