"""Times in words, as people say them."""

from datetime import UTC, datetime, timedelta

UNITS = (("day", 86_400), ("h", 3600), ("min", 60), ("s", 1))
SINGLE, PLURAL = "day", "days"


def utc_now() -> datetime:
    """The current time."""
    return datetime.now(UTC)


def in_words(span: timedelta) -> str:
    """A span in its largest unit, rounded down: `2 h`, `1 day`, `6 days`."""
    seconds = int(span.total_seconds())
    name, length = next(((name, length) for name, length in UNITS if seconds >= length), UNITS[-1])
    count = seconds // length
    return f"{count} {PLURAL if name == SINGLE and count > 1 else name}"


def seen_from(now: datetime, said: str) -> str:
    """The distance of a time from now: `in 2 h`, `5 min ago`, `now`."""
    span = datetime.fromisoformat(said) - now
    if abs(span) < timedelta(seconds=1):
        return "now"
    return f"in {in_words(span)}" if span > timedelta() else f"{in_words(-span)} ago"
