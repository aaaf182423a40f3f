"""Where the samples of datasets were, so that a dataset that names no container takes none away."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "sample_tracking_0003"
down_revision = "sample_tracking_0002"

COLUMNS = ("measured_at", "container", "sample_changer_position")


def upgrade() -> None:
    op.add_column(
        "tracked",
        sa.Column("measured_at", sa.DateTime(timezone=True), comment="when the dataset began, if it named a container"),
    )
    op.add_column("tracked", sa.Column("container", JSONB))
    op.add_column("tracked", sa.Column("sample_changer_position", sa.Text))
    op.create_index(
        "tracked_by_container",
        "tracked",
        ["sample_id", "measured_at"],
        postgresql_where=sa.text("container is not null"),
    )


def downgrade() -> None:
    op.drop_index("tracked_by_container", "tracked")
    for column in COLUMNS:
        op.drop_column("tracked", column)
