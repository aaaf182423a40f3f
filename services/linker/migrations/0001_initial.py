"""The linker's first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "linker_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "investigation",
        sa.Column("investigation_id", sa.UUID(), primary_key=True),
        sa.Column("facility_id", sa.Text(), nullable=False, unique=True),
        sa.Column("proposal", sa.Text(), nullable=False),
        sa.Column("beamline", sa.Text(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end", sa.DateTime(timezone=True)),
        sa.Column("title", sa.Text()),
        comment="announced by the user office; placeholders have no row, their ids are derived",
    )
    op.create_index("investigation_by_home", "investigation", ["proposal", "beamline"])
    op.create_table(
        "dataset",
        sa.Column("dataset_id", sa.UUID(), primary_key=True),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column(
            "committed",
            sa.Boolean(),
            nullable=False,
            comment="false: awaited by somebody, and the row is what both sides lock",
        ),
        sa.Column("revision", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("kind", sa.Text()),
        sa.Column("inputs", postgresql.ARRAY(sa.UUID()), nullable=False, server_default=sa.text("'{}'")),
        sa.Column(
            "placeholder_id", sa.UUID(), comment="the placeholder it lies in, until a real investigation adopts it"
        ),
        sa.Column("start", sa.DateTime(timezone=True), comment="of strays only, as `facts`"),
        sa.Column(
            "facts", sa.LargeBinary(), comment="DatasetFacts as JSON: what its move to a real investigation says"
        ),
    )
    op.create_index(
        "dataset_stray",
        "dataset",
        ["placeholder_id", "start"],
        postgresql_where=sa.text("placeholder_id is not null"),
    )
    op.create_table(
        "held",
        sa.Column("receipt_id", sa.Text(), primary_key=True),
        sa.Column(
            "seq",
            sa.BigInteger(),
            sa.Identity(always=True),
            nullable=False,
            comment="the order of arrival within one dataset",
        ),
        sa.Column("dataset_id", sa.UUID(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("inputs", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column(
            "missing", postgresql.ARRAY(sa.UUID()), nullable=False, comment="its inputs that are not committed yet"
        ),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True)),
        sa.Column("code", sa.Text(), comment="of the refusal, as `message`"),
        sa.Column("message", sa.Text()),
        sa.Column("topic", sa.Text(), nullable=False, comment="from here on the record as it was read"),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("timestamp_ms", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.LargeBinary()),
        sa.Column("value", sa.LargeBinary(), comment="empty in a tombstone, as the headers"),
        sa.Column("header_names", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("header_values", postgresql.ARRAY(sa.LargeBinary()), nullable=False),
        sa.CheckConstraint("state in ('waiting', 'released', 'expired', 'refused')", name="held_state"),
    )
    op.create_index("held_line", "held", ["dataset_id", "seq"], postgresql_where=sa.text("state <> 'refused'"))
    op.create_index("held_due", "held", ["seq"], postgresql_where=sa.text("state in ('released', 'expired')"))
    op.create_index("held_deadline", "held", ["deadline"], postgresql_where=sa.text("state = 'waiting'"))
    op.create_index(
        "held_missing",
        "held",
        ["missing"],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        postgresql_where=sa.text("state = 'waiting'"),
    )
