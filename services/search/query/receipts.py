"""The choice between several submissions under one receipt id. Pure."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, NamedTuple

from shared.postgres.statement import Row


class Choice(NamedTuple):
    """The submission that is answered, and the others under its receipt id in the order of their arrival."""

    answered: Row
    others: Sequence[Row]


def choose(rows: Iterable[Row], source: str | None = None, caller: str | None = None) -> Choice | None:
    """The submission of `source`, or else of the caller, or else the one that arrived first.

    If this source submitted one dataset several times, it is the last of them. Kafka's clock decides when a submission
    arrived, not the producer's.
    """
    found = submissions(rows)
    if source is not None and any(row["source"] for row in found):
        found = [row for row in found if row["source"] == source]
    if not found:
        return None
    own = source or caller
    first = next((row for row in found if row["source"] == own), found[0])
    answered = [row for row in found if _subject(row) == _subject(first)][-1]
    return Choice(answered, [row for row in found if row is not answered])


def newest_first(rows: Iterable[Row]) -> list[Row]:
    """Each submission once, newest first by its own time."""
    beginning = datetime.min.replace(tzinfo=UTC)
    known = sorted(submissions(rows), key=itemgetter("receipt_id"))
    return sorted(known, key=lambda row: row["submitted_at"] or beginning, reverse=True)


def submissions(rows: Iterable[Row]) -> list[Row]:
    """Each submission once, in the order of arrival.

    Some rows may come from a version that wrote neither source nor content. Such a row belongs to the submission with
    the same receipt and dataset if there is exactly one; otherwise it counts as a submission of its own.
    """
    known = list(rows)
    for is_vague in (_lacks_content, _lacks_source):
        known = _together(known, is_vague)
    return sorted(known, key=itemgetter("heard_at", "source", "content"))


def _together(rows: Sequence[Row], is_vague: Callable[[Row], bool]) -> list[Row]:
    exact = [row for row in rows if not is_vague(row)]
    alone = []
    for row in filter(is_vague, rows):
        meant = [place for place, other in enumerate(exact) if _may_be(row, other)]
        if len(meant) == 1:
            exact[meant[0]] = _merged(exact[meant[0]], row)
        else:
            alone.append(row)
    return exact + alone


def _lacks_content(row: Row) -> bool:
    return bool(row["source"]) and not row["content"]


def _lacks_source(row: Row) -> bool:
    return not row["source"]


def _may_be(vague: Row, row: Row) -> bool:
    same = (vague["receipt_id"], vague["dataset_id"]) == (row["receipt_id"], row["dataset_id"])
    return same and vague["source"] in ("", row["source"])


def _merged(row: Row, vague: Row) -> Row:
    """Both rows merged as by `Receipt.merged`, with the identity of the exact one."""
    last = max(row, vague, key=itemgetter("rank", "word"))
    times = [each["submitted_at"] for each in (row, vague) if each["submitted_at"] is not None]
    return last | {
        "source": row["source"],
        "content": row["content"],
        "submitted_at": min(times, default=None),
        "heard_at": min(row["heard_at"], vague["heard_at"]),
    }


def _subject(row: Row) -> tuple[Any, ...]:
    return row["source"], row["dataset_id"]
