"""Samples, the sample of every submission, and what happened to samples."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "sample_tracking_0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "sample",
        sa.Column("sample_id", sa.Uuid, primary_key=True),
        sa.Column("investigation_id", sa.Uuid, nullable=False),
        sa.Column("facility_id", sa.Text),
        sa.Column("proposal", sa.Text, nullable=False),
        sa.Column("beamline", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("acronym", sa.Text),
    )
    op.create_index("sample_by_name", "sample", ["proposal", "name", "sample_id"])
    op.create_table(
        "tracked",
        sa.Column("dataset_id", sa.Uuid, primary_key=True),
        sa.Column("receipt_id", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("sample_id", sa.Uuid),
        sa.Column("inherited", sa.Boolean, nullable=False),
        sa.Column("findings", JSONB),
    )
    op.create_index("tracked_in_order", "tracked", ["dataset_id", "seq"])
    op.create_index("tracked_by_sample", "tracked", ["sample_id"])
    op.create_table(
        "happening",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("happening", sa.Text, nullable=False),
        sa.Column("proposal", sa.Text, nullable=False),
        sa.Column("sample_name", sa.Text, nullable=False),
        sa.Column("prefixed_name", sa.Text),
        sa.Column("facility_id", sa.Text),
        sa.Column("beamline", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.Text),
        sa.Column("container", JSONB),
        sa.Column("sample_changer_position", sa.Text),
    )
    op.create_index("happening_by_name", "happening", ["proposal", "sample_name"])
    op.create_index("happening_by_prefixed_name", "happening", ["proposal", "prefixed_name"])


def downgrade() -> None:
    for table in ("happening", "tracked", "sample"):
        op.drop_table(table)
