"""The lock between writes and a swap: no write ends up partly in one read model and partly in the next."""

SHARE_LOCK = "select pg_advisory_xact_lock_shared(hashtext($1))"
"""The first statement of every write. A swap holds the lock exclusively."""


def lock_name(schema: str) -> str:
    """The name of a schema's lock. The next read model can be written while the live one is locked."""
    return f"beamcat {schema}"
