"""The lock between writes and a swap: no write is half in one read model and half in the next."""

SHARE_LOCK = "select pg_advisory_xact_lock_shared(hashtext($1))"
"""Taken first by every write. A swap holds the lock exclusively."""


def lock_name(schema: str) -> str:
    """Each schema has a lock of its own, so that the next read model can be written while the live one must wait."""
    return f"beamcat {schema}"
