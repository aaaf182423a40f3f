"""Messages of ICAT's client, made by its own encoder, and their translation by beamcat."""

import json
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from services.icat_gateway.translation import Frame, Translator
from shared.events.dataset import DatasetSubmitted, Submission
from shared.events.identity import Identities
from shared.events.record import Message, Record
from shared.events.rejection import DatasetRejected, Origin, Rejection
from shared.events.topics import REJECTED, SUBMITTED
from shared.events.wire import Received, read

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
IDENTITIES = Identities("facility.example")
RAW = "/data/visitor/mx1111/id30a3/20241130/RAW_DATA/Fus_RAC1b/run_01_datacollection"
PEER = "192.0.2.7"


@cache
def the_translator() -> Translator:
    return Translator(IDENTITIES, ZoneInfo("Europe/Paris"))


def taken(number: int = 1) -> Origin:
    return Origin(topic="stomp", partition=-1, offset=number, timestamp_ms=1_764_000_000_000 + number)


def a_dataset(path: str = RAW, beamline: str = "ID30A-3", proposal: str = "MX1111", **metadata: Any) -> bytes:
    """The body of the client's `store_dataset`. The client warns about unknown fields, but sends them."""
    said = {
        "Sample_name": "Fus_RAC1b",
        "startDate": "2024-11-30T09:00:00+01:00",
        "endDate": "2024-11-30T09:01:00+01:00",
        "definition": "MX",
        "software": "MXCuBE",
        "machine": "mxcube-host",
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyicat_plus._icat_messaging.serializers.dataset import serialize_dataset_message

        body: bytes = serialize_dataset_message(beamline, proposal, path.rpartition("/")[2], path, said | metadata)
    return body


def an_investigation(**said: Any) -> bytes:
    """The body of the client's `start_investigation` and `reschedule_investigation`."""
    from pyicat_plus._icat_messaging.serializers.investigation import serialize_investigation_message

    body: bytes = serialize_investigation_message(**said)
    return body


def an_update(*paths: str, name: str = "Sample_name", value: str = "Rac1", **changes: Any) -> bytes:
    """The body of the client's `update_metadata`, which is this dictionary as JSON."""
    said = {
        "proposal": "mx1111",
        "beamline": "id30a-3",
        "datasetPaths": list(paths or (RAW,)),
        "metadataName": name,
        "metadataValue": value,
    }
    return json.dumps(said | changes).encode()


def translated(
    body: bytes, queue: str = "icatIngest", at: Origin | None = None, headers: Mapping[str, str] | None = None
) -> list[Message]:
    return the_translator().translate(Frame(queue, body, PEER, headers or {}), at or taken(), NOW)


def received(message: Message) -> Received[DatasetSubmitted]:
    """The message as the validator reads it."""
    record = Record(message.topic, 0, 0, 0, message.key, message.value, message.headers)
    return read(record, SUBMITTED, DatasetSubmitted)


def submitted(body: bytes, queue: str = "icatIngest") -> Submission:
    """The one submission that a body becomes."""
    (message,) = translated(body, queue)
    return received(message).event.submission


def rejected(body: bytes, queue: str = "icatIngest", headers: Mapping[str, str] | None = None) -> Rejection:
    """The one rejection that a body becomes."""
    (message,) = translated(body, queue, headers=headers)
    assert message.topic == REJECTED.name, message
    return DatasetRejected.model_validate_json(message.value).rejection


def receipt_of(message: Message) -> str:
    return dict(message.headers)["ce_id"].decode()
