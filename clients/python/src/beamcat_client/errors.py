"""What can go wrong, each as an exception whose message says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from beamcat_client.answers import Refused


class BeamcatError(Exception):
    """Any failure of this package."""


class Unavailable(BeamcatError):
    """A service cannot be reached or is busy: the same call may succeed later."""

    def __init__(self, message: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class NotAuthorised(BeamcatError):
    """The token is unknown, has expired, or is not for this beamline."""


class NotFound(BeamcatError):
    """The catalogue holds nothing of that id or path."""


class SubmissionRefused(BeamcatError):
    """The gateway will never take this submission as it is; the message names each field and the cure."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(f"{refused.path}: {refused.message}")
        self.refused = refused


class SpoolUnusable(BeamcatError):
    """The spool's folder or file cannot be written, so nothing was accepted: free space, or give another folder."""


class StillWaiting(BeamcatError, TimeoutError):
    """The time to wait is over and the dataset has not reached its end yet; it is not lost."""
