"""The outbox has one row for each batch.

An older version that still runs writes to `outbox` as before. Both tables are numbered by one sequence, so the relay
publishes their messages in one order.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "catalog_0006"
down_revision = "catalog_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table_comment(
        "outbox", "answers of an older version that are not in Kafka yet; the relay moves them to outbox_batch"
    )
    op.create_table(
        "outbox_batch",
        sa.Column("seq", sa.BigInteger, server_default=sa.text("nextval('outbox_seq_seq')"), primary_key=True),
        sa.Column("batch_id", sa.Uuid, nullable=False, comment="by which its writer keeps the messages in memory"),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.Column(name, ARRAY(kind), nullable=False, comment=comment)
            for name, kind, comment in (
                ("dataset_ids", sa.Uuid, "one element for each answer, as the next ones"),
                ("revisions", sa.Integer, None),
                ("receipt_ids", sa.Text, None),
                ("sources", sa.Text, "whose submission is answered"),
                ("contents", sa.Text, "the fingerprint of its words"),
                ("traces", sa.LargeBinary, "the W3C traceparent"),
                ("payloads", sa.LargeBinary, "the event, where it is not the revision's"),
                ("sizes", sa.Integer, "length of the event, unpacked"),
            )
        ),
        sa.Column(
            "published",
            sa.Integer,
            server_default="0",
            nullable=False,
            comment="how many are in Kafka, from the first",
        ),
        comment="answers that are not in Kafka yet, one row for each batch",
    )
