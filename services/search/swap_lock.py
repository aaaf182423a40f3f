"""The lock of a read model: writes share it, and the swap of a rebuilt one holds it alone."""

SHARE_LOCK = "select pg_advisory_xact_lock_shared(hashtext($1))"
"""Taken first by every write; a swap holds it exclusively: no write is half in one read model, half in the next."""


def lock_name(schema: str) -> str:
    """Each schema has a lock of its own, so that the next read model can be written while the live one must wait."""
    return f"beamcat {schema}"
