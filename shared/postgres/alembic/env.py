"""Alembic's entry: runs the migrations of one schema on the connection that `shared.postgres.migrations` hands over."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"], target_metadata=context.config.attributes.get("metadata")
)
with context.begin_transaction():
    context.run_migrations()
