"""What the original of a rejection tells, where the event itself tells none of it: dataset and beamline. Pure.

It is read leniently, because what was refused is often broken. What cannot be read is not known.
"""

import re
from collections.abc import Mapping
from html import unescape
from typing import NamedTuple
from uuid import UUID

from pydantic_core import from_json

from shared.events import Rejection
from shared.identity import Identities, PathInvalid
from shared.topics import QUEUE
from shared.wire import storable

LONGEST_BEAMLINE = 100
"""Characters; no beamline's name is longer."""
SECTIONS = ("dataset", "submission", "investigation", "sample", "shipping")
"""Of an event, those that name a beamline; a stage knows better than the producer."""
ELEMENT = r"<(?:[\w.-]+:)?{0}\s*>([^<]*)"
"""However it ends: that may be what is broken."""
INSTRUMENT, LOCATION = (re.compile(ELEMENT.format(name)) for name in ("instrument", "location"))
FILES = re.compile(r"<(?:[\w.-]+:)?datafile\b")
"""From here on a frame tells of files, which have locations of their own."""


class About(NamedTuple):
    """The dataset that a refused record speaks of, its path as it is catalogued or as it was said, and the beamline."""

    dataset_id: UUID | None
    path: str | None
    beamline: str | None


def about(rejection: Rejection, original: bytes | None, identities: Identities) -> About:
    """What is known of the refused record: from the event, else from the original bytes."""
    if not rejection.origin.topic.startswith(QUEUE):
        return About(rejection.dataset_id, rejection.path, _plain(_said_beamline(original)))
    frame = (original or b"").decode(errors="replace")
    said = FILES.split(frame, maxsplit=1)[0]
    beamline, path = _plain(_only(INSTRUMENT, said)), _only(LOCATION, said)
    if rejection.dataset_id or path is None:
        return About(rejection.dataset_id, rejection.path, beamline)
    try:
        catalogued = identities.path(path)
    except PathInvalid:
        return About(None, path, beamline)
    return About(identities.dataset(catalogued), catalogued, beamline)


def _said_beamline(original: bytes | None) -> object:
    try:
        event = from_json(original or b"")
    except ValueError:
        return None
    sections = [event.get(name) for name in SECTIONS] if isinstance(event, dict) else []
    for section in sections:
        if isinstance(section, Mapping) and section.get("beamline"):
            return section["beamline"]
    for section in sections:
        parameters = section.get("parameters") if isinstance(section, Mapping) else None
        if isinstance(parameters, Mapping) and parameters.get("beamlineID"):
            return parameters["beamlineID"]
    return None


def _only(element: re.Pattern[str], frame: str) -> str | None:
    """The text of an element, if a frame says one alone."""
    said = {storable(unescape(text)).strip() for text in element.findall(frame)} - {""}
    return said.pop() if len(said) == 1 else None


def _plain(beamline: object) -> str | None:
    """A beamline as filters compare it; what can be none is not known."""
    if not isinstance(beamline, str):
        return None
    name = storable(beamline).strip().lower()
    return name if 0 < len(name) <= LONGEST_BEAMLINE else None
