"""Waiting submissions, listed with the oldest first, and searched by their facts and by their missing inputs.

The time of existing ones is read from the stored answer. The other columns are filled when their events are read
again, or by `beamcat rebuild search`. Recent activity is kept for those who watch it, from this
version on.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "search_0015"
down_revision = "search_0014"

WAITS = "since is not null"


def upgrade() -> None:
    for column in (
        sa.Column(
            "since",
            sa.DateTime(timezone=True),
            comment="when it began to wait for its inputs; absent unless it waits",
        ),
        sa.Column("beamline", sa.Text(), comment="likewise, as the next ones"),
        sa.Column("proposal", sa.Text()),
        sa.Column("kind", sa.Text()),
        sa.Column("waits_for", ARRAY(sa.Uuid()), comment="the datasets that `answer` names, in the same order"),
    ):
        op.add_column("receipt", column)
    op.execute(
        "update receipt set since = (answer::json ->> 'since')::timestamptz"
        """ where rank = 1 and answer like '{"state":"pending"%'"""
    )
    op.create_index("receipt_by_waiting", "receipt", ["since"], postgresql_where=sa.text(WAITS))
    op.create_index(
        "receipt_by_awaited", "receipt", ["waits_for"], postgresql_using="gin", postgresql_where=sa.text(WAITS)
    )
    op.create_table(
        "activity",
        sa.Column("activity_id", sa.Uuid(), primary_key=True, comment="follows from what happened"),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("record_offset", sa.BigInteger(), nullable=False),
        sa.Column(
            "timestamp_ms",
            sa.BigInteger(),
            nullable=False,
            comment="of the record; of several tellings the first stands",
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("dataset_id", sa.Uuid()),
        sa.Column("path", sa.Text()),
        sa.Column("name", sa.Text()),
        sa.Column("kind", sa.Text()),
        sa.Column("beamline", sa.Text()),
        sa.Column("proposal", sa.Text()),
        sa.Column("code", sa.Text()),
        sa.Column("message", sa.Text()),
        sa.Column("revision", sa.Integer()),
        sa.Column("receipt_id", sa.Text()),
        sa.Column("rejection_id", sa.Uuid()),
        comment="what happened lately, for those who watch",
    )
    op.create_index("activity_by_place", "activity", ["topic", "partition", "record_offset"])
