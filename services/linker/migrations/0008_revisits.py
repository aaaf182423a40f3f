"""Results to submit again, because an input was measured again or got another sample."""

import sqlalchemy as sa
from alembic import op

revision = "linker_0008"
down_revision = "linker_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "dataset",
        sa.Column(
            "inherits",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="its sample is that of its inputs",
        ),
    )
    op.add_column(
        "dataset",
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            comment="when that was committed which later revisions only added to",
        ),
    )
    op.add_column(
        "dataset",
        sa.Column(
            "recollected_at",
            sa.DateTime(timezone=True),
            comment="when it last took the place of another measurement",
        ),
    )
    op.create_index(
        "dataset_child",
        "dataset",
        ["inputs"],
        postgresql_using="gin",
        postgresql_where=sa.text("inputs <> '{}'"),
    )
    op.create_table(
        "revisit",
        sa.Column("dataset_id", sa.UUID(), primary_key=True, comment="to be looked at again, because an input changed"),
        sa.Column("cause", sa.Text(), nullable=False, comment="the input and its revision"),
    )
