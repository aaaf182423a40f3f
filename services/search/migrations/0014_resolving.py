"""The findings and the beamline of a rejection, and the submission that it refused, to search the list by.

Existing rejections get their findings here, and the time at which the refused record was written. That is
later than the original submission, so a correction may not count. `beamcat rebuild search` adds
the rest, and all that the previous version writes at the same time.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.events.record import LAST_MS

revision = "search_0014"
down_revision = "search_0012"

LEARN = f"""
update rejection set heard_at = to_timestamp(least(greatest(timestamp_ms, 0), {LAST_MS}) / 1000.0),
finding_codes = array(
  select distinct left(finding ->> 'code', 100) collate "C" as code
  from jsonb_array_elements(findings::jsonb) as finding order by code
)
"""  # noqa: S608  # a number of ours


def upgrade() -> None:
    for column in (
        sa.Column("submission", sa.Text(), comment="the key of the submission that was refused; absent if none was"),
        sa.Column(
            "heard_at",
            sa.DateTime(timezone=True),
            comment="when Kafka took what was refused; absent if noted by a version that kept none",
        ),
        sa.Column("beamline", sa.Text(), comment="in lower case, if the original tells one; absent likewise"),
        sa.Column("finding_codes", postgresql.ARRAY(sa.Text()), comment="in order, each once; absent likewise"),
    ):
        op.add_column("rejection", column)
    op.execute(LEARN)
    op.create_index("rejection_by_dataset", "rejection", ["dataset_id", "rejected_at"])
    op.create_index("rejection_by_beamline", "rejection", ["beamline", "rejected_at", "rejection_id"])
    op.create_index(
        "rejection_by_words",
        "rejection",
        [sa.text("md5(path)"), "rejected_at"],
        postgresql_where=sa.text("dataset_id is null"),
    )
    op.create_index("rejection_by_finding", "rejection", ["finding_codes"], postgresql_using="gin")
    op.drop_index("receipt_by_dataset", "receipt")
    op.create_index("receipt_by_dataset", "receipt", ["dataset_id", "rank", "heard_at"])
