"""The program in which an entry of the logbook was written. It is unknown for existing entries."""

import sqlalchemy as sa
from alembic import op

revision = "search_0011"
down_revision = "search_0010"


def upgrade() -> None:
    op.add_column("logbook_entry", sa.Column("source", sa.Text(), comment="in what it was written"))
