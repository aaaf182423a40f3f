"""The service icat_plus keeps sessions; the table of search stays until a later version."""

from alembic import op

revision = "search_0017"
down_revision = "search_0016"


def upgrade() -> None:
    op.execute(
        "comment on table session is 'not in use: the service icat_plus keeps sessions; a later version drops it'"
    )
