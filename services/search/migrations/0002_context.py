"""Contexts, by which datasets are counted, and the codes of their findings.

Existing rows get their context here. Their findings can be searched after `beamcat rebuild search`.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

# ruff: noqa: S608  # only column names of this file are inserted

revision = "search_0002"
down_revision = "search_0001"

FACTS = "technique, kind, beamline, proposal, type, sample"


def upgrade() -> None:
    op.create_table(
        "context",
        sa.Column(
            "context",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="follows from the other columns",
        ),
        sa.Column("technique", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("beamline", sa.Text(), nullable=False),
        sa.Column("proposal", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("sample", sa.Text()),
        sa.PrimaryKeyConstraint("context"),
        comment="what many datasets have in common: facets count them by it, and read a number of each",
    )
    op.create_table(
        "finding_set",
        sa.Column(
            "finding_set", sa.BigInteger(), autoincrement=False, nullable=False, comment="follows from the codes"
        ),
        sa.Column("codes", postgresql.ARRAY(sa.Text()), nullable=False, comment="in order, each once"),
        sa.PrimaryKeyConstraint("finding_set"),
    )
    op.add_column(
        "dataset", sa.Column("context", sa.BigInteger(), comment="absent only if noted by a version that knew none")
    )
    op.add_column("dataset", sa.Column("finding_set", sa.BigInteger(), comment="likewise"))
    op.execute(f"update dataset set context = hashtextextended(({FACTS})::text, 0)")
    op.execute(f"insert into context (context, {FACTS}) select distinct context, {FACTS} from dataset")
    op.create_index("dataset_by_findings_and_context", "dataset", ["finding_set", "context"])
