"""What inputs and their results must have in common: proposal, sample, start, and whether more will follow."""

import sqlalchemy as sa
from alembic import op

revision = "linker_0002"
down_revision = "linker_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("dataset", "start", existing_type=sa.DateTime(timezone=True), comment=None, existing_nullable=True)
    op.alter_column(
        "dataset",
        "facts",
        existing_type=sa.LargeBinary(),
        existing_nullable=True,
        comment="of strays only, DatasetFacts as JSON: what its move to a real investigation says",
    )
    op.add_column(
        "dataset",
        sa.Column(
            "proposal", sa.Text(), comment="empty, as sample and start, of what was committed before they were kept"
        ),
    )
    op.add_column("dataset", sa.Column("sample", sa.Text()))
    op.add_column("dataset", sa.Column("complete", sa.Boolean(), nullable=False, server_default=sa.text("true")))
    op.add_column(
        "held",
        sa.Column(
            "awaits_completion",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="an input that is committed but not complete does not end the waiting",
        ),
    )
