"""The proposal as the user office writes it, and the times to which an investigation was rescheduled.

Rows are found by the key of their proposal, so those that an older version wrote with separators need no change.
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from shared.events.identity import PROPOSAL_SEPARATORS

revision = "linker_0006"
down_revision = "linker_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "investigation", sa.Column("proposal_name", sa.Text(), comment="how the user office writes the proposal")
    )
    for name, comment in (("actual_starts", "to when it was rescheduled, the last time last"), ("actual_ends", None)):
        times: sa.Column[list[datetime]] = sa.Column(
            name,
            sa.ARRAY(sa.DateTime(timezone=True)),
            nullable=False,
            server_default=sa.text("'{}'"),
            comment=comment,
        )
        op.add_column("investigation", times)
    key = sa.text(f"translate(proposal, '{PROPOSAL_SEPARATORS}', '')")
    op.create_index("investigation_by_key", "investigation", [key, "beamline"])
    op.drop_index("investigation_by_home", "investigation")
