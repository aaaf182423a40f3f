"""No compression of held records: it took half the time of holding them, and they are soon deleted."""

from alembic import op

revision = "linker_0005"
down_revision = "linker_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table held alter column value set storage external")
