"""The version of the plan, which every change of an investigation replaces, whoever makes it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "linker_0013"
down_revision = "linker_0012"

RENEW = """
create function renew_plan_version() returns trigger language plpgsql set search_path from current as $$
begin
    insert into plan_version (only_row, version) values (true, gen_random_uuid())
    on conflict (only_row) do update set version = excluded.version;
    return null;
end
$$
"""

ON_CHANGE = """
create trigger renew_plan_version after insert or update or delete or truncate on investigation
for each statement execute function renew_plan_version()
"""


def upgrade() -> None:
    op.create_table(
        "plan_version",
        sa.Column("only_row", sa.Boolean(), primary_key=True),
        sa.Column("version", postgresql.UUID(), nullable=False, comment="random, so that it never comes back"),
        sa.CheckConstraint("only_row", name="plan_version_one_row"),
        comment="another after each change of the table investigation: what was read of it is still true without one",
    )
    op.execute(RENEW)
    op.execute(ON_CHANGE)
    op.execute("insert into plan_version (only_row, version) values (true, gen_random_uuid())")
