"""The advisory locks of the linker. Each is held until the transaction ends."""

GRAPH_LOCK, RELAY_LOCK, ADOPTION_LOCK, OPENING_LOCK, CHILDREN_LOCK, SEARCH_LOCK = (
    (0x6C696E6B << 8) + n for n in (1, 2, 3, 4, 5, 6)
)
"""The keys of the locks.

- Graph: taken to add an edge that could close a cycle, so that the second of two transactions sees the first.
- Relay: taken to settle held submissions, so that the messages of one dataset leave in order.
- Adoption: shared by commits into a placeholder, exclusive for announcements. So a dataset in a placeholder sees its
  investigation, or the announcement sees the dataset.
- Opening: taken to open an investigation or to learn of one, after the adoption lock and before any other.
- Children: shared by commits of datasets with inputs, exclusive for a change that affects children. So a child sees the
  change of its input, or the change sees the child. Taken after the adoption lock.
- Search: taken to repeat the search for near paths, so that two replicas do not publish the same result.
"""

TRY_LOCK = "select pg_try_advisory_xact_lock($1)"


def lock(key: int) -> str:
    """The statement that takes a lock, for `LateTransaction.begin`."""
    return f"select pg_advisory_xact_lock({key})"


def shared_lock(key: int) -> str:
    """The statement that takes a lock which others may share."""
    return f"select pg_advisory_xact_lock_shared({key})"
