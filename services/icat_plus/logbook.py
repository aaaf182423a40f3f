"""Entries of the electronic logbook: from a request's body to an entry, and from an entry to ICAT+'s `Event`. Pure.

Text is stored as it is given, including HTML. A program that displays it must treat it as untrusted.
"""

import base64
import binascii
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field
from pydantic_core import to_json

from shared.events.identity import Identities
from shared.events.logbook import LogbookEntry, LogbookText
from shared.events.sections import Producer
from shared.foundation.problem import Problem
from shared.foundation.times import in_zone, within_years

MOST_ENTRY_BYTES = 11 * 1024 * 1024
"""The most bytes of a body: a file of 8 MiB in Base64, and the other fields. The topic accepts 16 MiB."""
MOST_TEXT_CHARACTERS = 1_000_000
DATA_URL = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(;[\w=.+-]+)*;base64,", re.ASCII)
BYTES = "application/octet-stream"


class Tag(BaseModel):
    """A tag, as ICAT+ writes it."""

    name: str = Field(min_length=1, max_length=255)


class EntryText(BaseModel):
    """The text of an entry in one format."""

    format: Literal["plainText", "html"] = "plainText"
    text: str = Field(default="", max_length=MOST_TEXT_CHARACTERS)


class Written(BaseModel):
    """The body of a notification: those fields of ICAT+'s `Event` that are kept."""

    type: Literal["annotation", "notification", "broadcast", "attachment"] = "notification"
    category: Annotated[
        Literal["debug", "info", "error", "commandline", "comment", "file"] | None,
        BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value),
    ] = None
    dataset_name: str | None = Field(default=None, alias="datasetName", min_length=1, max_length=255)
    tag: list[Tag] = Field(default=[], max_length=100)
    content: list[EntryText] = Field(default=[], max_length=10)
    software: str | None = Field(default=None, max_length=255)
    machine: str | None = Field(default=None, max_length=255)
    source: str | None = Field(default=None, max_length=255)
    creation_date: Annotated[AwareDatetime | datetime, AfterValidator(within_years)] | None = Field(
        default=None, alias="creationDate"
    )


class Pictured(Written):
    """The body of an image: a data URL."""

    data_url: str = Field(alias="base64")


@dataclass(frozen=True)
class Place:
    """The place of an entry. An entry without a place is a broadcast."""

    proposal: str | None = None
    beamline: str | None = None
    investigation: int | None = None


def entry_of(written: Written, place: Place, identities: Identities, now: datetime, zone: tzinfo) -> LogbookEntry:
    """The entry. The same body for the same place is the same entry, so that a client may repeat a request.

    A body without a time of writing is a new entry each time.
    """
    created = written.creation_date or now
    created = in_zone(created, zone)
    file = _file_of(written, created) if isinstance(written, Pictured) else {}
    # without a source, an entry has the same id as before sources were kept
    body = written.model_dump(mode="json", exclude=None if written.source else {"source"})
    identity = to_json([place.proposal, place.beamline, place.investigation, created, body])
    return LogbookEntry(
        entry_id=uuid5(identities.namespace, f"logbook:{identity.decode()}"),
        type="attachment" if file else written.type,
        category="file" if file else written.category,
        proposal=place.proposal,
        beamline=place.beamline,
        investigation_number=place.investigation,
        dataset_name=written.dataset_name,
        tags=list(dict.fromkeys(tag.name for tag in written.tag)),
        content=[LogbookText(format=text.format, text=text.text) for text in written.content],
        producer=Producer(software=written.software, machine=written.machine),
        source=written.source,
        created_at=created,
        received_at=now,
        **file,
    )


def _file_of(pictured: Pictured, created: datetime) -> dict[str, str]:
    prefix = DATA_URL.match(pictured.data_url)
    if prefix is None:
        raise Problem(422, "base64: this is not a data URL: write it as data:image/png;base64,…")
    encoded = pictured.data_url[prefix.end() :]
    try:
        base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise Problem(422, f"base64: {error}") from None
    kind = prefix["type"] or BYTES
    name = f"{created:%Y%m%dT%H%M%S}{mimetypes.guess_extension(kind) or '.bin'}"
    return {"file_name": name, "file_type": kind, "file_base64": encoded}


def written_answer(entry: LogbookEntry, zone: tzinfo) -> dict[str, Any]:
    """ICAT+'s `Event` of an entry that was just written."""
    file = entry.file_base64
    row = entry.model_dump() | {
        "software": entry.producer.software,
        "machine": entry.producer.machine,
        "file_bytes": None if file is None else len(file) * 3 // 4 - file[-2:].count("="),
    }
    return entry_answer(row, zone)


def entry_answer(row: Mapping[str, Any], zone: tzinfo) -> dict[str, Any]:
    """ICAT+'s `Event`. It needs a category, and `comment` is the most general one."""
    entry_id: UUID = row["entry_id"]
    answer = {
        "_id": entry_id.hex,
        "investigationId": row["investigation_number"],
        "investigationName": row["proposal"],
        "instrumentName": row["beamline"],
        "datasetName": row["dataset_name"],
        "type": row["type"],
        "category": row["category"] or "comment",
        "tag": [{"name": name} for name in row["tags"]],
        "content": row["content"],
        "software": row["software"],
        "machine": row["machine"],
        "source": row["source"],
        "creationDate": row["created_at"].astimezone(zone).isoformat(timespec="milliseconds"),
        "file": [],
    }
    if row["file_name"] is not None:
        answer |= {
            "file": [entry_id.hex],
            "filename": row["file_name"],
            "contentType": row["file_type"],
            "fileSize": row["file_bytes"],
        }
    return answer
