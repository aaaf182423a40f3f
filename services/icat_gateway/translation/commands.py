"""The frames in JSON: change a parameter, files were archived or restored, files were added."""

from collections.abc import Iterator
from hashlib import sha256
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError

from services.icat_gateway.translation.datasets import dataset_key
from services.icat_gateway.translation.frames import Sending
from shared.events.codes import Code, Poison
from shared.events.identity import split_paths
from shared.events.record import Message
from shared.events.report import Report
from shared.events.sections import Name, Path, Producer
from shared.events.topics import REPORTS, SUBMITTED

MOST_PATHS = 1_000
"""The most paths of one update. Each becomes a separate event."""
DatasetNumber = Annotated[int, Field(ge=0, lt=2**63)]

B = TypeVar("B", bound="CommandBody")


class CommandBody(BaseModel):
    """A JSON body. Fields that a later version of ICAT's client may add are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def _as_paths(said: object) -> object:
    """The paths of an update: a list, or a text in which commas separate them, as the client's signature has it.

    A client that treats its input as a list sends the letters of the text one by one; they are joined again.
    """
    if isinstance(said, list) and len(said) > 1 and all(isinstance(one, str) and len(one) == 1 for one in said):
        said = "".join(said)
    return split_paths(said) or [said] if isinstance(said, str) else said


class MetadataUpdate(CommandBody):
    """Queue `icatUpdateDatasetMetadata`."""

    proposal: Name
    beamline: Name
    paths: Annotated[list[Path], BeforeValidator(_as_paths)] = Field(alias="datasetPaths", min_length=1)
    name: Name = Field(alias="metadataName")
    value: JsonValue = Field(alias="metadataValue")


class ArchiveStatus(CommandBody):
    """Queue `icatArchiveRestoreStatus`."""

    number: DatasetNumber = Field(alias="datasetId")
    type: Literal["archiving", "restoration"]
    level: Literal["info", "warning", "error"]
    message: str | None = None


class AddedFiles(CommandBody):
    """Queue `icatDataFiles`."""

    number: DatasetNumber = Field(alias="datasetId")


def updates(sending: Sending) -> Iterator[Message]:
    """One update per path, each with its own receipt. Only the address of the client is known: it sends no name.

    Raises:
        Poison: the body cannot be read.
    """
    update = _read(MetadataUpdate, sending)
    if len(update.paths) > MOST_PATHS:
        words = f"the update names {len(update.paths)} datasets, the limit is {MOST_PATHS}; send it in several frames"
        raise Poison(Code.TOO_LARGE, words)
    canonical = sha256(update.model_dump_json().encode()).hexdigest()
    producer = Producer(software=sending.frame.queue, machine=sending.frame.peer)
    for path in dict.fromkeys(update.paths):
        submission = {
            "name": path.rstrip("/").rpartition("/")[2] or path,
            "path": path,
            "proposal": update.proposal,
            "beamline": update.beamline,
            "parameters": {update.name: update.value},
            "mode": "update",
            "producer": producer,
        }
        key = str(dataset_key(path, sending))
        yield sending.message(SUBMITTED, key, sending.command_id(canonical, path), {"submission": submission})


def archive_status(sending: Sending) -> Message:
    """The archive's report on a dataset's files.

    Raises:
        Poison: the body cannot be read.
    """
    status = _read(ArchiveStatus, sending)
    report = Report(
        dataset_number=status.number,
        about=status.type,
        level=status.level,
        message=status.message,
        at=sending.now,
        producer=Producer(machine=sending.frame.peer),
    )
    return _reported(report, status, sending)


def added_files(sending: Sending) -> Message:
    """The report that files were added to a dataset's folder.

    Raises:
        Poison: the body cannot be read.
    """
    added = _read(AddedFiles, sending)
    report = Report(
        dataset_number=added.number,
        about="files_added",
        at=sending.now,
        producer=Producer(machine=sending.frame.peer),
    )
    return _reported(report, added, sending)


def _reported(report: Report, body: CommandBody, sending: Sending) -> Message:
    event_id = sending.command_id(body.model_dump_json())
    return sending.message(REPORTS, str(report.dataset_number), event_id, {"report": report})


def _read(model: type[B], sending: Sending) -> B:
    try:
        return model.model_validate_json(sending.frame.body)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
    if faults[0]["type"] == "json_invalid":
        words = faults[0]["msg"].removeprefix("Invalid JSON: ")
        raise Poison(Code.NOT_JSON, f"the body is not JSON: {words}")
    told = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'the body'}: {each['msg']}" for each in faults[:10])
    raise Poison(Code.FRAME_INVALID, told)
