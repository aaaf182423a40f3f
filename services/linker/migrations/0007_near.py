"""Catalogued paths are found by what differs in letter case or blanks alone."""

from alembic import op

revision = "linker_0007"
down_revision = "linker_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create index dataset_near on dataset using hash (lower(replace(path, ' ', ''))) where committed")
