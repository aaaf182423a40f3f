"""Investigations, samples, datasets with their revisions, links and files, receipts, and the outbox."""

import sqlalchemy as sa
from alembic import op

revision = "catalog_0001"
down_revision = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "investigation",
        sa.Column("investigation_id", sa.Uuid, primary_key=True),
        sa.Column("facility_id", sa.Text, comment="the user office's own id"),
        sa.Column("proposal", sa.Text, nullable=False),
        sa.Column("beamline", sa.Text, nullable=False),
        sa.Column("start", TIME),
        sa.Column("end", TIME),
        sa.Column("title", sa.Text),
        sa.Column(
            "placeholder", sa.Boolean, nullable=False, comment="stands in until the user office announces the real one"
        ),
    )
    op.create_table(
        "sample",
        sa.Column("sample_id", sa.Uuid, primary_key=True),
        sa.Column("investigation_id", sa.Uuid, sa.ForeignKey("investigation.investigation_id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
    )
    _create_datasets()
    _create_outbox()


def _create_datasets() -> None:
    op.create_table(
        "dataset",
        sa.Column("dataset_id", sa.Uuid, primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False, comment="the current one; its document has the parameters"),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("path", "name", "type", "kind", "technique", "proposal", "beamline")
        ),
        sa.Column("investigation_id", sa.Uuid, sa.ForeignKey("investigation.investigation_id"), nullable=False),
        sa.Column("sample_id", sa.Uuid, sa.ForeignKey("sample.sample_id")),
        sa.Column("start", TIME, nullable=False),
        sa.Column("end", TIME),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("sequence_index", sa.BigInteger),
        sa.Column("file_count", sa.BigInteger, comment="as declared"),
        sa.Column("volume_bytes", sa.BigInteger, comment="as declared"),
        comment="each dataset as it is now",
    )
    op.create_table(
        "revision",
        sa.Column("dataset_id", sa.Uuid, sa.ForeignKey("dataset.dataset_id"), primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("receipt_id", sa.Text, nullable=False, comment="the submission that made it"),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("submitted_at", TIME, nullable=False),
        sa.Column("committed_at", TIME, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False, comment="the committed event as an LZ4 block (rows.py)"),
        comment="every state that a dataset ever had; rows are only added",
    )
    # Payloads come compressed; the usual ones stay in the row.
    op.execute("alter table revision alter column payload set storage external")
    op.execute("alter table revision set (toast_tuple_target = 4080)")
    op.create_table(
        "link",
        sa.Column("child", sa.Uuid, sa.ForeignKey("dataset.dataset_id"), primary_key=True),
        sa.Column("parent", sa.Uuid, sa.ForeignKey("dataset.dataset_id"), primary_key=True),
        comment="which datasets each was made from, as it is now",
    )
    op.create_table(
        "file",
        sa.Column("dataset_id", sa.Uuid, sa.ForeignKey("dataset.dataset_id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("path", sa.Text, nullable=False, comment="relative to the dataset's folder unless absolute"),
        sa.Column("size_bytes", sa.BigInteger),
        comment="the files that the producer listed, as it is now",
    )


def _create_outbox() -> None:
    op.create_table(
        "receipt",
        sa.Column("dataset_id", sa.Uuid, primary_key=True),
        sa.Column("receipt_id", sa.Text, primary_key=True),
        sa.Column(
            "revision", sa.Integer, comment="the one made, or found unchanged; empty if the submission was refused"
        ),
        sa.Column("refusal_code", sa.Text),
        sa.Column("refusal_message", sa.Text),
        comment="how each submission was answered, so that the same one again gets the same answer",
    )
    op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("dataset_id", sa.Uuid, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("receipt_id", sa.Text, nullable=False),
        sa.Column("committed_at", TIME, nullable=False),
        sa.Column("traceparent", sa.LargeBinary),
        sa.Column("payload", sa.LargeBinary, comment="the event, where it is not the revision's"),
        sa.Column("payload_bytes", sa.Integer, nullable=False, comment="length of the event, unpacked"),
        comment="answers that are not in Kafka yet",
    )
