"""An index of receipts by time, to count recent submissions of producers."""

from alembic import op

revision = "search_0012"
down_revision = "search_0011"


def upgrade() -> None:
    op.create_index("receipt_by_time", "receipt", ["heard_at"])
