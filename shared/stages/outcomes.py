"""What handlers return: one outcome for each event. Pure; the runner carries them out."""

from dataclasses import dataclass
from typing import Any

from shared.events.codes import Refusal
from shared.events.pending import Pending
from shared.events.sections import Section


@dataclass(frozen=True, slots=True)
class Passed:
    """The event goes on, with sections added. The key stays the record's unless one is given."""

    sections: dict[str, Section | dict[str, Any]]
    key: bytes | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The store holds the event until something happens; the world is told what it waits for."""

    pending: Pending


@dataclass(frozen=True)
class Learned:
    """Nothing to publish now: what the store saves is the outcome. Services subclass it to carry what is saved."""


@dataclass(frozen=True)
class Published(Learned):
    """What the store saves is the outcome, and the world hears of it in an event of its own kind."""

    event: Section
    key: bytes


Outcome = Passed | Waiting | Learned | Refusal
