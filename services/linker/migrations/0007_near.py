"""Near paths: an index of catalogued paths without case and blanks, and how often they were searched for."""

import sqlalchemy as sa
from alembic import op

revision = "linker_0007"
down_revision = "linker_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create index dataset_near on dataset using hash (lower(replace(path, ' ', ''))) where committed")
    op.add_column(
        "held",
        sa.Column(
            "looks",
            sa.Integer(),
            nullable=False,
            server_default=sa.text("0"),
            comment="how often something near its missing inputs was looked for while it waits",
        ),
    )
    op.create_index("held_looks", "held", ["looks", "since"], postgresql_where=sa.text("state = 'waiting'"))
