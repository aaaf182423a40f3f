"""Answers about producers: what became of the submissions of each one. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from shared.events.states import COUNTED_STATES

LONGEST = timedelta(days=31)
"""The longest time for which submissions are counted."""

NEWEST = ("rejection_id", "rejected_at", "code", "message")


def producer_answer(row: Mapping[str, Any]) -> dict[str, Any]:
    """One producer: the number of its submissions in each state, when it was last active, and its newest rejection."""
    newest = {name: row[name] for name in NEWEST} if row["rejected"] else None
    answer = {name: row[name] for name in ("producer", *COUNTED_STATES, "last_heard")}
    return answer | {"newest_rejection": newest}
