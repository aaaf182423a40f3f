"""A proposal has one spelling: lower case, without separators."""

from alembic import op

from shared.events.identity import PROPOSAL_SEPARATORS

revision = "sample_tracking_0004"
down_revision = "sample_tracking_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = f"translate(proposal, '{PROPOSAL_SEPARATORS}', '')"
    for table in ("sample", "happening", "visit"):
        op.execute(f"update {table} set proposal = {key} where proposal <> {key}")  # noqa: S608  # of constants
