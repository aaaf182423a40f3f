"""Numbers of investigations, and the investigation of each dataset, so that it can move to another one."""

from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "linker_0003"
down_revision = "linker_0002"
branch_labels = None
depends_on = None

FIRST_OWN_NUMBER = 10**12

NUMBER_BY_THE_USER_OFFICE = """
update investigation set number = facility_id::bigint where facility_id ~ '^(0|[1-9][0-9]{0,11})$'
"""

OPEN_FOR_STRAYS = """
insert into investigation (investigation_id, facility_id, proposal, beamline, start, placeholder)
select placeholder_id, min(said ->> 'investigation_id'), min(said ->> 'proposal'), min(said ->> 'beamline'),
    min(start), true
from (select *, convert_from(facts, 'UTF8')::jsonb as said from dataset where placeholder_id is not null) as stray
group by placeholder_id
on conflict do nothing
"""

PLACE_STRAYS = """
update dataset
set investigation_id = placeholder_id, named = convert_from(facts, 'UTF8')::jsonb ->> 'investigation_id'
where placeholder_id is not null
"""


def upgrade() -> None:
    _number_investigations()
    op.add_column(
        "dataset",
        sa.Column(
            "investigation_id", sa.UUID(), comment="the one it lies in; empty of what was committed before it was kept"
        ),
    )
    op.add_column("dataset", sa.Column("named", sa.Text(), comment="the investigation that its producer asked for"))
    _comment("placeholder_id", sa.UUID(), "the same while that is a placeholder, until a real one draws it home")
    _comment(
        "facts", sa.LargeBinary(), "DatasetFacts as JSON, without files: what its move to another investigation says"
    )
    op.execute(OPEN_FOR_STRAYS)
    op.execute(PLACE_STRAYS)
    op.execute(NUMBER_BY_THE_USER_OFFICE)
    op.create_index(
        "dataset_resident",
        "dataset",
        ["investigation_id"],
        postgresql_where=sa.text("investigation_id is not null and named is null"),
    )


def _number_investigations() -> None:
    numbers = sa.Sequence("investigation_number", start=FIRST_OWN_NUMBER)
    op.execute(sa.schema.CreateSequence(numbers))
    op.alter_column(
        "investigation",
        "facility_id",
        existing_type=sa.Text(),
        nullable=True,
        comment="the user office's id; empty of what beamcat opened",
    )
    op.add_column(
        "investigation",
        sa.Column(
            "number",
            sa.BigInteger(),
            nullable=False,
            unique=True,
            server_default=numbers.next_value(),
            comment="by which ICAT clients know it: the user office's id where that is a number, else given here",
        ),
    )
    op.add_column(
        "investigation",
        sa.Column(
            "placeholder",
            sa.Boolean(),
            nullable=False,
            server_default=sa.text("false"),
            comment="opened for a dataset or by a beamline, or named by a dataset: the user office announced nothing",
        ),
    )
    op.drop_table_comment("investigation")


def _comment(column: str, kind: sa.UUID[UUID] | sa.LargeBinary, words: str) -> None:
    op.alter_column("dataset", column, existing_type=kind, existing_nullable=True, comment=words)
