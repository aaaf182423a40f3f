"""What repeated records need: the findings of a refusal, and which rejections and announcements are past."""

import sqlalchemy as sa
from alembic import op

revision = "linker_0011"
down_revision = "linker_0010"


def upgrade() -> None:
    op.create_table(
        "announcement",
        sa.Column("partition", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("offset", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("timestamp_ms", sa.BigInteger(), primary_key=True, autoincrement=False),
        comment="the records of investigation.events that were learned: read again they change nothing",
    )
    op.add_column("held", sa.Column("findings", sa.Text(), comment="likewise, as JSON"))
    op.add_column(
        "held",
        sa.Column("submitted", sa.Text(), comment="likewise: of which submission it was said first, as JSON"),
    )
    op.add_column("dataset", sa.Column("rejected_ms", sa.BigInteger(), comment="when that was submitted"))
    op.add_column(
        "dataset",
        sa.Column("readmitted_ms", sa.BigInteger(), comment="when that was submitted which went on after a rejection"),
    )
