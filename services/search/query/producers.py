"""The answer on how the submissions of each producer fare, from rows. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from shared.events.states import COUNTED_STATES

LONGEST = timedelta(days=31)
"""How far back is counted."""

NEWEST = ("rejection_id", "rejected_at", "code", "message")


def producer_answer(row: Mapping[str, Any]) -> dict[str, Any]:
    """One producer: what became of what it sent, when it was last heard of, and its newest rejection."""
    newest = {name: row[name] for name in NEWEST} if row["rejected"] else None
    told = {name: row[name] for name in ("producer", *COUNTED_STATES, "last_heard")}
    return told | {"newest_rejection": newest}
