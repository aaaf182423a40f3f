"""The lock between writes and a swap: no write ends up partly in one read model and partly in the next."""


def share_lock(schema: str) -> str:
    """The first statement of every write to a schema. A swap holds the lock exclusively."""
    return f"select pg_advisory_xact_lock_shared(hashtext('{lock_name(schema)}'))"  # a name of ours


def lock_name(schema: str) -> str:
    """The name of a schema's lock. The next read model can be written while the live one is locked."""
    return f"beamcat {schema}"
