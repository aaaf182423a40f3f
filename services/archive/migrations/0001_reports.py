"""What became of the files of datasets."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "archive_0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "report",
        sa.Column("event_id", sa.Text, primary_key=True, comment="derived from all of the event"),
        sa.Column("dataset_number", sa.BigInteger, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("at", TIMESTAMP(timezone=True), nullable=False),
        comment="what became of the files of datasets",
    )
    op.create_index("report_by_dataset", "report", ["dataset_number", "at", "event_id"])


def downgrade() -> None:
    op.drop_table("report")
