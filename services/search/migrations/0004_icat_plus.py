"""Investigations, samples, the logbook and sessions, for ICAT's clients.

Existing datasets are listed by their investigation after `beamcat rebuild search`.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "search_0004"
down_revision = "search_0003"

TIME = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.add_column("dataset", sa.Column("investigation_id", sa.Uuid(), comment="absent likewise"))
    op.create_index("dataset_by_investigation", "dataset", ["investigation_id", "started", "dataset_id"])
    op.create_table(
        "investigation",
        sa.Column("investigation_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), comment="by which ICAT clients know it; without one they do not see it"),
        sa.Column("facility_id", sa.Text()),
        sa.Column("proposal", sa.Text(), nullable=False),
        sa.Column("beamline", sa.Text(), nullable=False),
        sa.Column("started", TIME),
        sa.Column("ended", TIME),
        sa.Column("title", sa.Text()),
        sa.Column("placeholder", sa.Boolean(), nullable=False),
        sa.Column("registered", sa.Boolean(), nullable=False, comment="the linker said so, not a dataset"),
        sa.Column("word", sa.BigInteger(), nullable=False, comment="orders what was said"),
        sa.PrimaryKeyConstraint("investigation_id"),
    )
    op.create_index("investigation_by_number", "investigation", ["number"])
    op.create_index("investigation_by_proposal", "investigation", [sa.literal_column("lower(proposal)")])
    op.create_table(
        "sample",
        sa.Column("sample_number", sa.BigInteger(), nullable=False, comment="follows from the id"),
        sa.Column("sample_id", sa.Uuid(), nullable=False),
        sa.Column("investigation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("container", postgresql.JSONB()),
        sa.Column("sample_changer_position", sa.Text()),
        sa.Column("word", sa.BigInteger(), nullable=False, comment="orders what was said"),
        sa.PrimaryKeyConstraint("sample_number"),
    )
    op.create_index("sample_by_investigation", "sample", ["investigation_id"])
    _create_logbook()
    op.create_table(
        "session",
        sa.Column("session_sha256", sa.Text(), nullable=False),
        sa.Column("token_sha256", sa.Text(), nullable=False, comment="the grant that opened it"),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("session_sha256"),
        comment="told on no topic: a rebuild takes it along",
    )


def _create_logbook() -> None:
    op.create_table(
        "logbook_entry",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("category", sa.Text()),
        sa.Column("proposal", sa.Text()),
        sa.Column("beamline", sa.Text()),
        sa.Column("investigation_number", sa.BigInteger()),
        sa.Column("dataset_name", sa.Text()),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("file_name", sa.Text()),
        sa.Column("file_type", sa.Text()),
        sa.Column("file", sa.LargeBinary()),
        sa.Column("software", sa.Text()),
        sa.Column("machine", sa.Text()),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("received_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("entry_id"),
    )
    op.create_index("logbook_entry_by_investigation", "logbook_entry", ["investigation_number", "created_at"])
    for name in ("proposal", "beamline"):
        op.create_index(
            f"logbook_entry_by_{name}", "logbook_entry", [sa.literal_column(f"lower({name})"), "created_at"]
        )
    op.execute("alter table logbook_entry alter column file set storage external")
