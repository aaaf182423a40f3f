"""What the original of a rejection tells, where the event itself does not: dataset, beamline, proposal. Pure.

It is read leniently, because what was refused is often broken. What cannot be read is not known.
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
"""Characters of a name, a kind, a beamline or a proposal."""
SECTIONS = ("dataset", "submission", "investigation", "sample", "shipping")
"""Of an event, those that name a beamline; a stage knows better than the producer."""
ELEMENT = r"<(?:[\w.-]+:)?{0}\s*>([^<]*)"
"""However it ends: that may be what is broken."""
INSTRUMENT, INVESTIGATION, LOCATION = (
    re.compile(ELEMENT.format(name)) for name in ("instrument", "investigation", "location")
)
FILES = re.compile(r"<(?:[\w.-]+:)?datafile\b")
"""From here on a frame tells of files, which have locations of their own."""


class RejectedSubject(NamedTuple):
    """The dataset that a refused record speaks of, with its path as it is catalogued or as it was said."""

    dataset_id: UUID | None
    path: str | None
    beamline: str | None
    proposal: str | None = None
    name: str | None = None
    kind: str | None = None


def subject_of_rejected(rejection: Rejection, original: bytes | None, identities: Identities) -> RejectedSubject:
    """What is known of the refused record: from the event, else from the original bytes."""
    if not rejection.origin.topic.startswith(QUEUE):
        said = _said(original)
        named = (_plain(said.get(field)) for field in ("name", "kind"))
        return RejectedSubject(rejection.dataset_id, rejection.path, *_place(said), *named)
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


def _said(original: bytes | None) -> dict[str, object]:
    """The members of an event, each of the first section that has it; a parameter may name the beamline."""
    try:
        event = from_json(original or b"")
    except ValueError:
        return {}
    sections = [event.get(name) for name in SECTIONS] if isinstance(event, dict) else []
    known = [section for section in sections if isinstance(section, Mapping)]
    said: dict[str, object] = {}
    for section in known:
        said |= {field: value for field, value in section.items() if value and field not in said}
    parameters = [found for section in known if isinstance(found := section.get("parameters"), Mapping)]
    said.setdefault("beamline", next((each["beamlineID"] for each in parameters if each.get("beamlineID")), None))
    return said


def _place(said: Mapping[str, object]) -> tuple[str | None, str | None]:
    """Beamline and proposal as filters compare them."""
    beamline, proposal = _plain(said.get("beamline")), _plain(said.get("proposal"))
    return beamline and beamline.lower(), proposal and proposal_key(proposal)


def _only(element: re.Pattern[str], frame: str) -> str | None:
    """The text of an element, if a frame says one alone."""
    said = {storable(unescape(text)).strip() for text in element.findall(frame)} - {""}
    return said.pop() if len(said) == 1 else None


def _plain(word: object) -> str | None:
    """A word that can be filtered by; what can be none is not known."""
    if not isinstance(word, str):
        return None
    text = storable(word).strip()
    return text if 0 < len(text) <= LONGEST_WORD else None
