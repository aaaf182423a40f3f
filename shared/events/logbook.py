"""Events about the electronic logbook."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.events.sections import Base64, Moment, Name, Producer, ProposalKey, Section


class LogbookText(Section):
    """One rendering of a logbook entry's text."""

    format: Literal["plainText", "html"]
    text: str


class LogbookEntry(Section):
    """One entry of the electronic logbook, as ICAT+ keeps it."""

    entry_id: UUID
    type: Literal["annotation", "notification", "broadcast", "attachment"]
    category: Literal["debug", "info", "error", "commandline", "comment", "file"] | None = None
    proposal: ProposalKey | None = None
    beamline: Name | None = None
    investigation_number: int | None = Field(default=None, ge=0, lt=2**63)
    dataset_name: str | None = None
    tags: list[str] = Field(default=[])
    content: list[LogbookText] = Field(default=[])
    file_name: str | None = None
    file_type: str | None = Field(default=None, description="media type of `file_base64`")
    file_base64: Base64 | None = None
    producer: Producer = Producer()
    source: str | None = Field(default=None, description="the program in which it was written")
    created_at: Moment
    received_at: Moment


class LogbookWritten(Section):
    """A person or a program wrote into the electronic logbook."""

    entry: LogbookEntry
