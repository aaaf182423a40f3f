"""The answers of the client."""

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
    """The address for the status of exactly this submission, if the gateway gave one."""


@dataclass(frozen=True)
class Refused:
    """A submission that the gateway will never accept unchanged. It stays in the spool until it is forgotten."""

    receipt_id: str
    path: str
    status: int
    message: str
    errors: list[dict[str, str]]
    """One `field` and `message` for each fault."""
    submission: dict[str, Any]
    """The submission, to be corrected and stored again."""


@dataclass(frozen=True)
class Status:
    """The progress of a submission.

    `state` is `spooled` (on this machine), `in_flight`, `pending` (waits for its inputs), `unknown` (neither this
    machine nor the catalogue knows the id), or final: `committed`, `unchanged` (the same content was already there),
    `rejected` by a check, `refused` by the gateway.
    """

    receipt_id: str
    state: str
    details: dict[str, Any] = field(default_factory=dict)
    """The whole answer, such as the revision, the missing inputs, or the reason of a rejection."""

    @property
    def final(self) -> bool:
        """Whether the state is final."""
        return self.state in FINAL_STATES

    @property
    def catalogued(self) -> bool:
        """Whether it is in the catalogue."""
        return self.state in ("committed", "unchanged")


@dataclass(frozen=True)
class Verdict:
    """The outcome that a submission would have."""

    accepted: bool
    findings: list[dict[str, Any]]
    """Each has `code`, `severity`, `message` and `cure`, and `parameter`, `value` and `expected` if they apply."""
    details: dict[str, Any]
    """The whole answer, including the dataset's canonical facts and its links."""
