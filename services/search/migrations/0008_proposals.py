"""Two spellings of a proposal: one to compare it, and that of the user office.

Also the times to which investigations were rescheduled. `beamcat rebuild search` adds all of these to existing
rows. Without it, they are added when investigations are published again.
"""

import sqlalchemy as sa
from alembic import op

from shared.events.identity import PROPOSAL_SEPARATORS

revision = "search_0008"
down_revision = "search_0006"


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.add_column(
        "investigation", sa.Column("proposal_name", sa.Text(), comment="how the user office writes the proposal")
    )
    op.add_column("investigation", sa.Column("actual_started", time, comment="to when it was rescheduled"))
    op.add_column("investigation", sa.Column("actual_ended", time))
    key = f"translate(lower(proposal), '{PROPOSAL_SEPARATORS}', '')"
    for table in ("investigation", "logbook_entry", "context", "dataset"):
        op.execute(f"update {table} set proposal = {key} where proposal <> {key}")  # noqa: S608  # of constants
