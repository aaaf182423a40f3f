"""Matches of conditions on parameters are counted without reading datasets.

Ordinals that later revisions have replaced are in their own table, and the key of datasets has what facets count.
"""

import sqlalchemy as sa
from alembic import op

revision = "search_0005"
down_revision = "search_0004"


def upgrade() -> None:
    op.create_table(
        "void",
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("ordinal"),
        comment="of revisions that were replaced: no dataset has these any more, but blocks of parameters may",
    )
    op.drop_constraint("dataset_pkey", "dataset")  # locks the table: an ordinal that is being written is not void
    op.execute("alter table dataset add primary key (ordinal) include (context, finding_set)")
    op.execute(
        "insert into void select generate_series(1, (select max(ordinal) from dataset))"
        " except select ordinal from dataset"
    )
