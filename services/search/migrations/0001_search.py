"""Datasets with their words and parameter blocks, revisions, links, receipts, rejections and positions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "search_0001"
down_revision = None

ALREADY_COMPRESSED_OR_HOT = (
    ("revision", "body"),
    ("rejection", "value"),
    ("number_block", "entries"),
    ("number_block", "ordinals"),
    ("text_block", "entries"),
    ("text_block", "ordinals"),
)


def upgrade() -> None:
    op.create_table(
        "dataset",
        sa.Column(
            "ordinal", sa.Integer(), sa.Identity(), nullable=False, comment="new with every revision that applies"
        ),
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("technique", sa.Text(), nullable=False),
        sa.Column("proposal", sa.Text(), nullable=False),
        sa.Column("beamline", sa.Text(), nullable=False),
        sa.Column("sample", sa.Text()),
        sa.Column("started", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended", postgresql.TIMESTAMP(timezone=True)),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("submitted_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("committed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("file_count", sa.BigInteger()),
        sa.Column("volume_bytes", sa.BigInteger()),
        sa.PrimaryKeyConstraint("ordinal"),
        sa.UniqueConstraint("dataset_id"),
    )
    op.create_index("dataset_by_commit", "dataset", ["committed_at", "dataset_id"])
    op.create_index("dataset_by_name", "dataset", ["name", "dataset_id"])
    op.create_index("dataset_by_proposal", "dataset", [sa.literal_column("lower(proposal)")])
    op.create_index("dataset_by_sample", "dataset", [sa.literal_column("lower(sample)")])
    op.create_index("dataset_by_start", "dataset", ["started", "dataset_id"])
    op.create_table(
        "dataset_words",
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("ordinal"),
    )
    op.create_index("dataset_words_by_word", "dataset_words", ["words"], postgresql_using="gin")
    op.create_table(
        "generation",
        sa.Column(
            "generation", sa.Uuid(), nullable=False, comment="another one after a swap: what is cached of it is void"
        ),
        sa.PrimaryKeyConstraint("generation"),
    )
    op.create_table(
        "link",
        sa.Column("child", sa.Uuid(), nullable=False),
        sa.Column("parent", sa.Uuid(), nullable=False),
        sa.Column("parent_path", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("child", "parent"),
    )
    op.create_index("link_by_parent", "link", ["parent"])
    op.create_table(
        "number_block",
        sa.Column("parameter_id", sa.Integer(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False, comment="how often it was merged"),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("entries", postgresql.ARRAY(sa.Double()), nullable=False),
        sa.Column("ordinals", postgresql.ARRAY(sa.Integer()), nullable=False),
    )
    op.create_index("number_block_by_value", "number_block", ["parameter_id", "low", "high"])
    op.create_index(
        "number_block_to_merge", "number_block", ["parameter_id", "tier"], postgresql_where=sa.text("tier < 3")
    )
    op.create_table(
        "parameter",
        sa.Column("parameter_id", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("many", sa.Boolean(), nullable=False, comment="the value is a list, each element an entry"),
        sa.PrimaryKeyConstraint("parameter_id"),
        sa.UniqueConstraint("name", "many", name="parameter_once"),
    )
    op.create_index("parameter_by_name", "parameter", [sa.literal_column("lower(name)")])
    op.create_table(
        "position",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False, comment="everything below is in this read model"),
        sa.PrimaryKeyConstraint("topic", "partition"),
    )
    op.create_table(
        "receipt",
        sa.Column("receipt_id", sa.Text(), nullable=False),
        sa.Column("dataset_id", sa.Uuid()),
        sa.Column("path", sa.Text()),
        sa.Column("submitted_at", postgresql.TIMESTAMP(timezone=True)),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column(
            "word", sa.BigInteger(), nullable=False, comment="offset of the report; the last word of a rank stands"
        ),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("receipt_id"),
    )
    op.create_index("receipt_by_dataset", "receipt", ["dataset_id"])
    op.create_table(
        "rejection",
        sa.Column("rejection_id", sa.Uuid(), nullable=False),
        sa.Column("receipt_id", sa.Text()),
        sa.Column("dataset_id", sa.Uuid()),
        sa.Column("path", sa.Text()),
        sa.Column("producer", sa.Text()),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("record_offset", sa.BigInteger(), nullable=False),
        sa.Column("timestamp_ms", sa.BigInteger(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary()),
        sa.Column("value", sa.LargeBinary()),
        sa.Column("rejected_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("rejection_id"),
    )
    op.create_index("rejection_by_time", "rejection", ["rejected_at", "rejection_id"])
    op.create_table(
        "revision",
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("receipt_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("submitted_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("committed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="the committed event, lz4"),
        sa.PrimaryKeyConstraint("dataset_id", "revision"),
    )
    op.create_table(
        "text_block",
        sa.Column("parameter_id", sa.Integer(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), nullable=False, comment="how often it was merged"),
        sa.Column(
            "low",
            sa.Text(collation="C"),
            nullable=False,
            comment="not above the first entry; cut, because an index key is bounded",
        ),
        sa.Column("high", sa.Text(collation="C"), nullable=False, comment="not below the last entry; cut likewise"),
        sa.Column("entries", postgresql.ARRAY(sa.Text(collation="C")), nullable=False),
        sa.Column("ordinals", postgresql.ARRAY(sa.Integer()), nullable=False),
    )
    op.create_index("text_block_by_value", "text_block", ["parameter_id", "low", "high"])
    op.create_index("text_block_to_merge", "text_block", ["parameter_id", "tier"], postgresql_where=sa.text("tier < 3"))
    for table, column in ALREADY_COMPRESSED_OR_HOT:
        op.execute(f"alter table {table} alter column {column} set storage external")
    op.execute("insert into generation values (gen_random_uuid())")
