"""The values of ordered runs are kept once more, by ordinal: in segments of 128 ordinals. Runs of texts are folded.

The new tier 4 has the runs whose values are in segments. Sealing merges what is in tier 3 once more, and questions
read it as blocks until then. So this works too while an old service still writes runs of tier 3.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "search_0020"
down_revision = "search_0018"

ENTRIES = {"number": sa.Double(), "text": sa.Text(collation="C")}


def upgrade() -> None:
    op.add_column(
        "text_block",
        sa.Column(
            "folded",
            sa.Text(collation="C"),
            comment="the entries in lower case, joined, by which a substring is found; in runs only",
        ),
    )
    for kind, entry in ENTRIES.items():
        segment, block = f"{kind}_segment", f"{kind}_block"
        op.create_table(
            segment,
            sa.Column("parameter_id", sa.Integer(), nullable=False),
            sa.Column("segment", sa.Integer(), nullable=False),
            sa.Column("entries", postgresql.ARRAY(entry), nullable=False),
            sa.Column("ordinals", postgresql.ARRAY(sa.Integer()), nullable=False),
            comment="the values of ordered runs once more, by ordinal; a segment may have several rows"
            if kind == "number"
            else "likewise",
        )
        for column in ("entries", "ordinals"):
            op.execute(f"alter table {segment} alter column {column} set storage external")
        op.create_index(f"{segment}_by_ordinal", segment, ["parameter_id", "segment"])
        op.drop_index(f"{block}_to_merge", block)
        op.create_index(f"{block}_to_merge", block, ["parameter_id", "tier"], postgresql_where=sa.text("tier < 4"))
