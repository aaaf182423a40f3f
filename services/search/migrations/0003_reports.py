"""The numbers by which ICAT clients know datasets. A dataset that is noted already gets its own with a rebuild."""

import sqlalchemy as sa
from alembic import op

revision = "search_0003"
down_revision = "search_0002"


def upgrade() -> None:
    op.add_column("dataset", sa.Column("number", sa.BigInteger(), comment="absent if no event told one"))
    op.create_unique_constraint("dataset_number_key", "dataset", ["number"])
