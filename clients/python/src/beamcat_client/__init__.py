"""The Python client of beamcat. A stored dataset is on disk before the call returns, and takes effect exactly once."""

from beamcat_client.answers import Receipt, Refused, Status, Verdict
from beamcat_client.asynchronous import AsyncClient
from beamcat_client.client import Client
from beamcat_client.errors import (
    AddressUnknown,
    BeamcatError,
    InvalidRequest,
    NotAuthorised,
    NotFound,
    NotRunning,
    ProfileUnknown,
    SettingUnreadable,
    SpoolUnusable,
    StillWaiting,
    SubmissionRefused,
    Unavailable,
)
from beamcat_client.sender import Attempt, Sender
from beamcat_client.spool import Spool

__version__ = "0.2.0"

__all__ = [
    "AddressUnknown",
    "AsyncClient",
    "Attempt",
    "BeamcatError",
    "Client",
    "InvalidRequest",
    "NotAuthorised",
    "NotFound",
    "NotRunning",
    "ProfileUnknown",
    "Receipt",
    "Refused",
    "Sender",
    "SettingUnreadable",
    "Spool",
    "SpoolUnusable",
    "Status",
    "StillWaiting",
    "SubmissionRefused",
    "Unavailable",
    "Verdict",
    "__version__",
]
