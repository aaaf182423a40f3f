"""A held record is kept as it is: it soon goes on, and compressing it took half of what holding it cost."""

from alembic import op

revision = "linker_0005"
down_revision = "linker_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("alter table held alter column value set storage external")
