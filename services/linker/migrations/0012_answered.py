"""Answered submissions: if one is read again, it does not bring back links that the dataset has lost."""

import sqlalchemy as sa
from alembic import op

revision = "linker_0012"
down_revision = "linker_0011"


def upgrade() -> None:
    op.create_table(
        "answered",
        sa.Column("submission", sa.Text(), primary_key=True, comment="its key"),
        comment="submissions of results with more than one answer: read again they bring no links",
    )
    op.add_column("dataset", sa.Column("submission", sa.Text(), comment="the key of the one that made the revision"))
