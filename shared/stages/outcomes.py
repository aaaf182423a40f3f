"""The outcomes that handlers return, one for each event. Pure: the runner carries them out."""

from dataclasses import dataclass
from typing import Any

from shared.events.codes import Refusal
from shared.events.pending import Pending
from shared.events.sections import Section


@dataclass(frozen=True, slots=True)
class Passed:
    """The event is published with added sections. The key stays the record's unless one is given."""

    sections: dict[str, Section | dict[str, Any]]
    key: bytes | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The store holds the event until something happens. An event is published that says what it waits for."""

    pending: Pending


@dataclass(frozen=True)
class Learned:
    """The outcome is only saved, and nothing is published now. Services subclass it to carry the data to save."""


@dataclass(frozen=True)
class Published(Learned):
    """The outcome is saved, and also published as an event of its own kind."""

    event: Section
    key: bytes


Outcome = Passed | Waiting | Learned | Refusal
