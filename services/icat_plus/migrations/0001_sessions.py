"""Sessions of ICAT's clients."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "icat_plus_0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "session",
        sa.Column("session_sha256", sa.Text, primary_key=True),
        sa.Column("token_sha256", sa.Text, nullable=False, comment="the token that opened it"),
        sa.Column("expires_at", TIMESTAMP(timezone=True), nullable=False),
        comment="open sessions of clients of ICAT+",
    )


def downgrade() -> None:
    op.drop_table("session")
