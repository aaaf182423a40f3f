"""Every dataset gets the number by which ICAT clients know it; those that are there already get theirs now.

The default serves writers that do not know the column yet. Filling it writes the table anew, about a second for each
million datasets, in which nobody can commit. The sequence alone keeps numbers apart: an index would be paid for by each
dataset, and nobody asks the catalogue by number.
"""

import sqlalchemy as sa
from alembic import op

revision = "catalog_0002"
down_revision = "catalog_0001"


def upgrade() -> None:
    op.execute("create sequence dataset_number as bigint")
    op.add_column(
        "dataset",
        sa.Column(
            "number",
            sa.BigInteger,
            server_default=sa.text("nextval('dataset_number')"),
            nullable=False,
            comment="by which ICAT clients know it, from the sequence dataset_number; never changes",
        ),
    )
