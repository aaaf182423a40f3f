"""How many inputs each source awaits, and the committed datasets that submissions may wait for."""

import sqlalchemy as sa
from alembic import op

revision = "linker_0010"
down_revision = "linker_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "held",
        sa.Column(
            "awaited",
            sa.Integer(),
            nullable=False,
            server_default=sa.text("0"),
            comment="how many inputs were missing on arrival",
        ),
    )
    op.execute("update held set awaited = cardinality(missing) where state = 'waiting'")
    op.create_index(
        "held_source",
        "held",
        ["source"],
        postgresql_include=["awaited"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("held_oldest", "held", ["seq"], postgresql_where=sa.text("state <> 'refused'"))
    op.create_table(
        "freed",
        sa.Column("dataset_id", sa.UUID(), primary_key=True, comment="committed, and awaited by somebody"),
    )
