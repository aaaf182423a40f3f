"""The exceptions of this package. Each message says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    """The catalogue has nothing with that id or path."""


class InvalidRequest(BeamcatError):
    """A service refuses a request. `problem` is its answer, with a field and a message for each fault."""

    def __init__(self, message: str, problem: dict[str, Any]) -> None:
        super().__init__(message)
        self.problem = problem


class SubmissionRefused(BeamcatError):
    """The gateway will never accept this submission unchanged. The message names each field and the cure."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(f"{refused.path}: {refused.message}")
        self.refused = refused


class SpoolUnusable(BeamcatError):
    """The spool's folder or file cannot be written, so nothing was accepted: free space, or give another folder."""


class StillWaiting(BeamcatError, TimeoutError):
    """The timeout is over, and the dataset has no final state yet. It is not lost."""


class AddressUnknown(BeamcatError):
    """No place names the beamcat or its service. The message says how to name one."""


class ProfileUnknown(BeamcatError):
    """There is no profile of that name."""


class SettingUnreadable(BeamcatError):
    """A file that names a beamcat is broken, or cannot be read or written."""


class NotRunning(Unavailable):
    """The beamcat that the folder names was killed. No other one is used instead."""
