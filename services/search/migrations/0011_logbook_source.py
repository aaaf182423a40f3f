"""An entry of the logbook says in what it was written; of entries from before, nothing is known of that."""

import sqlalchemy as sa
from alembic import op

revision = "search_0011"
down_revision = "search_0010"


def upgrade() -> None:
    op.add_column("logbook_entry", sa.Column("source", sa.Text(), comment="in what it was written"))
