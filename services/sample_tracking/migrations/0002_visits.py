"""The visits that happenings belong to, and names that are compared without letter case."""

import sqlalchemy as sa
from alembic import op

revision = "sample_tracking_0002"
down_revision = "sample_tracking_0001"

KEYS = (
    ("sample_by_key", "sample", "name"),
    ("happening_by_key", "happening", "sample_name"),
    ("happening_by_prefixed_key", "happening", "prefixed_name"),
)
REPLACED = {"happening_by_name": "sample_name", "happening_by_prefixed_name": "prefixed_name"}

VISITS_OF_SAMPLES = """
insert into visit (investigation_id, facility_id, proposal, beamline, placeholder, word)
select distinct on (investigation_id) investigation_id, facility_id, proposal, beamline, true, -1
from sample order by investigation_id, sample_id
"""
"""Their dates are learned from `investigation.registered`, which is read from its start, and from the next dataset."""


def upgrade() -> None:
    op.create_table(
        "visit",
        sa.Column("investigation_id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.BigInteger),
        sa.Column("facility_id", sa.Text),
        sa.Column("proposal", sa.Text, nullable=False),
        sa.Column("beamline", sa.Text, nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), comment="empty while only a sample's event has named it"),
        sa.Column("end", sa.DateTime(timezone=True)),
        sa.Column("placeholder", sa.Boolean, nullable=False),
        sa.Column(
            "word", sa.BigInteger, nullable=False, comment="offset in investigation.registered; -1: from datasets"
        ),
    )
    op.create_index("visit_by_proposal", "visit", ["proposal"])
    op.create_index("visit_by_facility_id", "visit", ["facility_id"])
    op.execute(VISITS_OF_SAMPLES)
    for index, table, column in KEYS:
        op.create_index(index, table, ["proposal", sa.literal_column(f"lower({column})")])
    for index in REPLACED:
        op.drop_index(index)


def downgrade() -> None:
    for index, column in REPLACED.items():
        op.create_index(index, "happening", ["proposal", column])
    for index, table, _ in KEYS:
        op.drop_index(index, table)
    op.drop_table("visit")
