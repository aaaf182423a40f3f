"""The services logbook and archive keep entries and reports; what search kept of them stays until a later version."""

from alembic import op

revision = "search_0016"
down_revision = "search_0015"


def upgrade() -> None:
    for table, service in (("logbook_entry", "logbook"), ("report", "archive")):
        kept = "entries" if service == "logbook" else "reports"
        op.execute(
            f"comment on table {table} is 'not in use: the service {service} keeps {kept}; a later version drops it'"
        )
