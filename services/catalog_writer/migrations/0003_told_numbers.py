"""A dataset that a restored backup lacks gets the number again that clients were told before."""

import sqlalchemy as sa
from alembic import op

revision = "catalog_0003"
down_revision = "catalog_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "told_number",
        sa.Column("dataset_id", sa.Uuid(), primary_key=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
        comment="of datasets that a restored backup lacked: what clients were told before",
    )
