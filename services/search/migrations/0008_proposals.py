"""A proposal has one spelling, in which it is compared, and one in which the user office writes it.

Also the times to which investigations were rescheduled. `beamcat rebuild search` learns all of these of what is
noted already; without it they are learned as investigations are told of again.
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
