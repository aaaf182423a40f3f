"""What a replay is answered by: the findings of a refusal, and which rejections of a dataset are of the past."""

import sqlalchemy as sa
from alembic import op

revision = "linker_0011"
down_revision = "linker_0008"


def upgrade() -> None:
    op.add_column("held", sa.Column("findings", sa.Text(), comment="likewise, as JSON"))
    op.add_column("dataset", sa.Column("rejected_ms", sa.BigInteger(), comment="when that was submitted"))
    op.add_column(
        "dataset",
        sa.Column("readmitted_ms", sa.BigInteger(), comment="when that was submitted which went on after a rejection"),
    )
