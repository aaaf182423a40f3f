"""What somebody who watches is told of one event: a commit, a rejection, or that something began to wait. Pure."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import from_json

from services.search.index_entry import DocumentView
from services.search.model import ActivityRow, RejectionRow
from services.search.order import microsecond, said_of
from shared.events import Commit, Pending, Rejection
from shared.identity import proposal_key
from shared.subject import SECTIONS
from shared.topics import MOST_SUBMISSION_BYTES
from shared.wire import Record, SubmissionId, storable

KEPT = timedelta(days=7)
"""How long what happened can be watched; what is older is told by lists alone."""
LONGEST_MESSAGE = 1000
LONGEST_WORD = 255

FRAME_WORDS = {
    "beamline": re.compile(rb"<(?:\w{1,20}:)?instrument>([^<]{1,255})<"),
    "proposal": re.compile(rb"<(?:\w{1,20}:)?investigation>([^<]{1,255})<"),
}
"""Where a frame of an ICAT client says whose it is."""
FRAME_BYTES = 64 * 1024
"""Of a frame that is searched for that: it stands at the beginning."""


def committed(commit: Commit, document: DocumentView, record: Record, now: datetime) -> ActivityRow | None:
    """A revision was committed. Of an old one nobody is told."""
    if commit.committed_at < now - KEPT:
        return None
    number = f"{commit.dataset_id} {commit.revision} {microsecond(commit.committed_at)}"
    return ActivityRow(
        said_of("committed", number, b""),
        record.topic,
        record.partition,
        record.offset,
        record.timestamp_ms,
        commit.committed_at,
        "committed",
        commit.dataset_id,
        commit.path,
        document.name,
        document.kind,
        document.beamline,
        document.proposal,
        None,
        None,
        commit.revision,
        commit.receipt_id,
        None,
    )


def pending(pending: Pending, submission: SubmissionId, record: Record, now: datetime) -> ActivityRow | None:
    """A submission began to wait; that is told once, however often what it waits for is told."""
    if pending.since < now - KEPT:
        return None
    first, more = "".join(pending.waits_for[:1]), (pending.waits_for_count or len(pending.waits_for)) - 1
    return ActivityRow(
        said_of("pending", submission.key, b""),
        record.topic,
        record.partition,
        record.offset,
        record.timestamp_ms,
        pending.since,
        "pending",
        pending.dataset_id,
        pending.path,
        pending.name,
        pending.kind,
        pending.beamline,
        pending.proposal,
        None,
        f"waits for {first}{f' and {more} more' if more > 0 else ''}"[:LONGEST_MESSAGE],
        None,
        pending.receipt_id,
        None,
    )


def rejected(rejection: Rejection, row: RejectionRow, record: Record, now: datetime) -> ActivityRow | None:
    """Something was rejected; whose it is follows from the original, as far as that can be read."""
    if rejection.rejected_at < now - KEPT:
        return None
    said = _original(rejection.origin.topic, row.value)
    return ActivityRow(
        row.rejection_id,
        record.topic,
        record.partition,
        record.offset,
        record.timestamp_ms,
        rejection.rejected_at,
        "rejected",
        rejection.dataset_id,
        rejection.path,
        said.get("name"),
        said.get("kind"),
        said.get("beamline"),
        said.get("proposal"),
        rejection.code,
        rejection.message[:LONGEST_MESSAGE],
        None,
        rejection.receipt_id,
        row.rejection_id,
    )


def _original(topic: str, value: bytes | None) -> dict[str, str]:
    """Name, kind, beamline and proposal of what was rejected, where they can be read. It never fails."""
    if value is None or len(value) > MOST_SUBMISSION_BYTES:
        return {}
    said = _members(value, SECTIONS[topic]) if topic in SECTIONS else _frame(value)
    texts = {name: storable(text)[:LONGEST_WORD] for name, text in said.items() if isinstance(text, str)}
    if "beamline" in texts:
        texts["beamline"] = texts["beamline"].lower()
    if "proposal" in texts:
        texts["proposal"] = proposal_key(texts["proposal"])
    return texts


def _members(value: bytes, section: str) -> Mapping[str, Any]:
    try:
        said = from_json(value)[section]
        parameters = said.get("parameters")
        named = parameters.get("beamlineID") if isinstance(parameters, dict) else None
        return {name: said.get(name) for name in ("name", "kind", "proposal")} | {
            "beamline": said.get("beamline") or named
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _frame(value: bytes) -> Mapping[str, str]:
    found = {name: pattern.search(value[:FRAME_BYTES]) for name, pattern in FRAME_WORDS.items()}
    return {name: match[1].decode(errors="replace").strip() for name, match in found.items() if match}
