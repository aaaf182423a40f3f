"""Entries of the electronic logbook."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP

revision = "logbook_0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "entry",
        sa.Column("entry_id", sa.Uuid, primary_key=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("category", sa.Text),
        sa.Column("proposal", sa.Text),
        sa.Column("beamline", sa.Text),
        sa.Column("investigation_number", sa.BigInteger),
        sa.Column("dataset_name", sa.Text),
        sa.Column("tags", ARRAY(sa.Text), nullable=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("file_name", sa.Text),
        sa.Column("file_type", sa.Text),
        sa.Column("file", sa.LargeBinary),
        sa.Column("software", sa.Text),
        sa.Column("machine", sa.Text),
        sa.Column("created_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("received_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("said", sa.Uuid, nullable=False, comment="identifies the event that it came in"),
        sa.Column("source", sa.Text, comment="in what it was written"),
        comment="entries of the electronic logbook",
    )
    op.create_index("entry_by_investigation", "entry", ["investigation_number", "created_at"])
    op.create_index("entry_by_proposal", "entry", [sa.literal_column("lower(proposal)"), "created_at"])
    op.create_index("entry_by_beamline", "entry", [sa.literal_column("lower(beamline)"), "created_at"])


def downgrade() -> None:
    op.drop_table("entry")
