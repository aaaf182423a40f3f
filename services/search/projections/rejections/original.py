"""The subject of a rejection: dataset, beamline and proposal, read from the original where the event lacks them. Pure.

The original is read leniently, because a rejected record is often broken.
"""

import re
from collections.abc import Mapping
from html import unescape
from typing import NamedTuple
from uuid import UUID

from pydantic_core import from_json

from shared.events.identity import Identities, PathInvalid, proposal_key
from shared.events.rejection import Rejection
from shared.events.topics import QUEUE
from shared.foundation.storable import storable

LONGEST_WORD = 255
"""The most characters of a name, a kind, a beamline or a proposal."""
SECTIONS = ("dataset", "submission", "investigation", "sample", "shipping")
"""The sections of an event that may name a beamline, the most reliable first."""
ELEMENT = r"<(?:[\w.-]+:)?{0}\s*>([^<]*)"
"""An element, however it ends: its end may be what is broken."""
INSTRUMENT, INVESTIGATION, LOCATION = (
    re.compile(ELEMENT.format(name)) for name in ("instrument", "investigation", "location")
)
FILES = re.compile(r"<(?:[\w.-]+:)?datafile\b")
"""The place where a frame begins to list files, which have locations of their own."""


class RejectedSubject(NamedTuple):
    """The dataset that a rejected record is about, with its path as catalogued or as given."""

    dataset_id: UUID | None
    path: str | None
    beamline: str | None
    proposal: str | None = None
    name: str | None = None
    kind: str | None = None


def subject_of_rejected(rejection: Rejection, original: bytes | None, identities: Identities) -> RejectedSubject:
    """The subject of a rejected record, from the event or else from the original bytes."""
    if not rejection.origin.topic.startswith(QUEUE):
        members = _members(original)
        named = (_plain(members.get(field)) for field in ("name", "kind"))
        return RejectedSubject(rejection.dataset_id, rejection.path, *_place(members), *named)
    frame = (original or b"").decode(errors="replace")
    before_files = FILES.split(frame, maxsplit=1)[0]
    place = _place({"beamline": _only(INSTRUMENT, before_files), "proposal": _only(INVESTIGATION, before_files)})
    path = _only(LOCATION, before_files)
    if rejection.dataset_id or path is None:
        return RejectedSubject(rejection.dataset_id, rejection.path, *place)
    try:
        catalogued = identities.path(path)
    except PathInvalid:
        return RejectedSubject(None, path, *place)
    return RejectedSubject(identities.dataset(catalogued), catalogued, *place)


def _members(original: bytes | None) -> dict[str, object]:
    """The members of an event, each from the first section that has it. A parameter may name the beamline."""
    try:
        event = from_json(original or b"")
    except ValueError:
        return {}
    sections = [event.get(name) for name in SECTIONS] if isinstance(event, dict) else []
    known = [section for section in sections if isinstance(section, Mapping)]
    members: dict[str, object] = {}
    for section in known:
        members |= {field: value for field, value in section.items() if value and field not in members}
    parameters = [found for section in known if isinstance(found := section.get("parameters"), Mapping)]
    members.setdefault("beamline", next((each["beamlineID"] for each in parameters if each.get("beamlineID")), None))
    return members


def _place(members: Mapping[str, object]) -> tuple[str | None, str | None]:
    """The beamline and the proposal as filters compare them."""
    beamline, proposal = _plain(members.get("beamline")), _plain(members.get("proposal"))
    return beamline and beamline.lower(), proposal and proposal_key(proposal)


def _only(element: re.Pattern[str], frame: str) -> str | None:
    """The text of an element, if the frame has exactly one."""
    members = {storable(unescape(text)).strip() for text in element.findall(frame)} - {""}
    return members.pop() if len(members) == 1 else None


def _plain(word: object) -> str | None:
    """A word that filters can compare; nothing if the value cannot be one."""
    if not isinstance(word, str):
        return None
    text = storable(word).strip()
    return text if 0 < len(text) <= LONGEST_WORD else None
