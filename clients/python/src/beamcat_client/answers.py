"""What the client answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

FINAL_STATES = frozenset({"committed", "unchanged", "rejected", "refused"})


@dataclass(frozen=True)
class Receipt:
    """Proof that a dataset is safe: in the spool on this machine, or confirmed by the gateway (`delivered`)."""

    receipt_id: str
    path: str
    delivered: bool
    dataset_id: str | None = None
    trouble: str | None = None
    """Why it is not delivered yet, in words."""
    status_url: str | None = None
    """Where the catalogue answers for exactly this submission, if the gateway has said so."""


@dataclass(frozen=True)
class Refused:
    """A submission that the gateway will never take as it is. It stays in the spool until it is forgotten."""

    receipt_id: str
    path: str
    status: int
    message: str
    errors: list[dict[str, str]]
    """One `field` and `message` a fault."""
    submission: dict[str, Any]
    """What was said, to be corrected and stored again."""


@dataclass(frozen=True)
class Status:
    """How far a submission has come.

    `state` is `spooled` (on this machine), `in_flight`, `pending` (waits for its inputs), `unknown` (an id that neither
    this machine nor the catalogue has heard of), or final: `committed`, `unchanged` (the same content was there
    already), `rejected` by a check, `refused` by the gateway.
    """

    receipt_id: str
    state: str
    details: dict[str, Any] = field(default_factory=dict)
    """Everything that was answered: the revision, the inputs waited for, why it was rejected."""

    @property
    def final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in FINAL_STATES

    @property
    def catalogued(self) -> bool:
        """Whether the catalogue holds it."""
        return self.state in ("committed", "unchanged")


@dataclass(frozen=True)
class Verdict:
    """What would become of a submission."""

    accepted: bool
    findings: list[dict[str, Any]]
    """One `code`, `severity`, `message` and `cure` each; `parameter`, `value` and `expected` where there are such."""
    details: dict[str, Any]
    """Everything that was answered: also the dataset's canonical facts and its links."""
