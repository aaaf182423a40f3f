"""The states of a submission that answers name. Services write them, and clients read them."""

COUNTED_STATES = ("committed", "unchanged", "pending", "in_flight", "rejected")
"""The states by which the submissions of a producer are counted, in the order of a table."""
ACTIVITY_STATES = ("committed", "pending", "rejected")
"""The states that the feed of activity reports."""
