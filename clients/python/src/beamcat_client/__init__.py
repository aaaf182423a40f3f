"""Hands datasets to beamcat: durable on disk before the call returns, delivered exactly once in effect."""

from beamcat_client.answers import Receipt, Refused, Status, Verdict
from beamcat_client.asynchronous import AsyncClient
from beamcat_client.client import Client
from beamcat_client.errors import (
    BeamcatError,
    NotAuthorised,
    NotFound,
    SpoolUnusable,
    StillWaiting,
    SubmissionRefused,
    Unavailable,
)
from beamcat_client.sender import Attempt, Sender
from beamcat_client.spool import Spool

__all__ = [
    "AsyncClient",
    "Attempt",
    "BeamcatError",
    "Client",
    "NotAuthorised",
    "NotFound",
    "Receipt",
    "Refused",
    "Sender",
    "Spool",
    "SpoolUnusable",
    "Status",
    "StillWaiting",
    "SubmissionRefused",
    "Unavailable",
    "Verdict",
]
