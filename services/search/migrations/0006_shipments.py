"""The declared shipments to beamlines, and the dataset that named the container of each sample.

Existing samples keep their container until a dataset names another one, or until `beamcat rebuild search`.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "search_0006"
down_revision = "search_0005"

TIME = postgresql.TIMESTAMP(timezone=True)
C_TEXT = sa.Text(collation="C")


def upgrade() -> None:
    op.add_column(
        "sample",
        sa.Column(
            "contained",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="the word names a container",
        ),
    )
    op.add_column(
        "sample",
        sa.Column("dataset_id", sa.Uuid(), comment="which said so; absent if noted by a version that knew none"),
    )
    op.add_column("sample", sa.Column("revision", sa.Integer(), comment="likewise"))
    _create_declaration()
    op.create_table(
        "place",
        sa.Column("beamline", C_TEXT, nullable=False),
        sa.Column("location", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("investigation_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("said_at", TIME, nullable=False),
        sa.Column("said", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("beamline", "location"),
        comment="what was loaded last into each place of the sample changers",
    )
    op.create_table(
        "parcel_status",
        sa.Column("said", sa.Uuid(), nullable=False),
        sa.Column("investigation_id", sa.Uuid(), nullable=False),
        sa.Column("parcel", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("location", sa.Text()),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("said_by", sa.Text()),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("said"),
    )
    op.create_index("parcel_status_by_parcel", "parcel_status", ["investigation_id", "parcel", "at"])


def _create_declaration() -> None:
    op.create_table(
        "declaration",
        sa.Column("investigation_id", sa.Uuid(), nullable=False),
        sa.Column("kind", C_TEXT, nullable=False, comment="shipment, parcel, item or sheet"),
        sa.Column("id", C_TEXT, nullable=False),
        sa.Column("parent", sa.Text(), comment="a parcel's shipment; the parcel or item in which an item lies"),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("said_at", TIME, nullable=False, comment="with `said`: what was said last stands"),
        sa.Column("said", sa.Uuid(), nullable=False),
        sa.Column("content_at", TIME, comment="with `content_said`: what it holds was last said in full"),
        sa.Column("content_said", sa.Uuid()),
        sa.Column("first_at", TIME, nullable=False, comment="with `first_said`: when it was first heard of"),
        sa.Column("first_said", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("investigation_id", "kind", "id"),
        comment="what travels to a beamline, as it was declared",
    )
    op.create_index("declaration_by_id", "declaration", ["kind", "id"])
