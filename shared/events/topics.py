"""Every topic: its events, and how long they are kept. `beamcat topics apply` configures Kafka accordingly.

All dataset topics are keyed by dataset id and have the same partition count, so the events of one dataset keep their
order the whole way. The size limits grow along the way because each stage adds a section. A rejection contains a whole
event in base64, or hash, beginning and end of a larger one (`rejection_message.py`), so it always fits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any, Literal

from shared.events.dataset import DatasetCommitted, DatasetLinked, DatasetSubmitted, DatasetTracked, DatasetValidated
from shared.events.investigation import InvestigationAnnounced, InvestigationRegistered
from shared.events.logbook import LogbookWritten
from shared.events.pending import DatasetPending
from shared.events.rejection import DatasetRejected
from shared.events.report import DatasetReported
from shared.events.sample import SampleMoved
from shared.events.sections import Section
from shared.events.shipments import ShipmentChanged

MEBIBYTE = 1024 * 1024

MOST_INPUTS = 10_000
"""The most inputs of one dataset, at every edge."""
MOST_SUBMISSION_BYTES = 4 * MEBIBYTE
"""The largest submission, at every edge: as many inputs as permitted, of 110 characters each, are 1.1 MB."""
MOST_FRAME_BYTES = 2 * MOST_SUBMISSION_BYTES
"""The largest body of an ICAT client's frame: its tags are as large as their content."""
MOST_EVENT_BYTES = 16 * MEBIBYTE
"""The largest event of a dataset: each stage adds a section, which repeats parts of the submission."""
HEADROOM_BYTES = 64 * 1024
"""The room that Kafka's limit leaves for key, headers and framing."""

DAY_MS = 24 * 60 * 60 * 1000
FOR_EVER = -1
QUEUE = "stomp:"
"""The prefix of a position's topic if it was read from a queue of ICAT and not from Kafka."""


@dataclass(frozen=True)
class Topic:
    """One Kafka topic and the one event class that flows in it. `max_bytes` is the largest event.

    `version` is the major version. A consumer refuses any other one, and ignores new fields of a newer minor one.
    """

    name: str
    event: type[Section]
    retention_ms: int
    max_bytes: int
    key: str = "dataset id"
    version: int = 1
    keyed_by: Callable[[Any], object] | None = None
    """What the key must be, read from the event. None on topics of producers, whose keys prove nothing."""
    timestamps: Literal["CreateTime", "LogAppendTime"] = "CreateTime"
    """Whose clock stamps a record: the sender's, or Kafka's own, which no sender can forge."""

    @cached_property
    def type(self) -> str:
        """The CloudEvents type, such as `beamcat.dataset.linked.v1`."""
        return f"beamcat.{self.name}.v{self.version}"

    @property
    def schema_file(self) -> str:
        """The generated JSON Schema under `schemas/events/`."""
        return f"{self.name}.v{self.version}.json"

    def config(self) -> dict[str, str]:
        """The topic's Kafka configuration. Nothing is compacted: each revision is a fact."""
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_bytes + HEADROOM_BYTES),
            "message.timestamp.type": self.timestamps,
        }


SUBMITTED = Topic("dataset.submitted", DatasetSubmitted, 30 * DAY_MS, MOST_SUBMISSION_BYTES, timestamps="LogAppendTime")
BY_DATASET = attrgetter("dataset.dataset_id")
VALIDATED = Topic("dataset.validated", DatasetValidated, 7 * DAY_MS, MOST_EVENT_BYTES, keyed_by=BY_DATASET)
LINKED = Topic("dataset.linked", DatasetLinked, 7 * DAY_MS, MOST_EVENT_BYTES, keyed_by=BY_DATASET)
TRACKED = Topic("dataset.tracked", DatasetTracked, 7 * DAY_MS, MOST_EVENT_BYTES, keyed_by=BY_DATASET)
COMMITTED = Topic(
    "dataset.committed",
    DatasetCommitted,
    FOR_EVER,
    MOST_EVENT_BYTES,
    keyed_by=attrgetter("commit.dataset_id"),
)
REJECTED = Topic("dataset.rejected", DatasetRejected, FOR_EVER, 24 * MEBIBYTE)
PENDING = Topic("dataset.pending", DatasetPending, 30 * DAY_MS, 4 * MEBIBYTE, keyed_by=attrgetter("pending.dataset_id"))
INVESTIGATIONS = Topic("investigation.events", InvestigationAnnounced, FOR_EVER, MEBIBYTE, key="proposal")
REGISTERED = Topic(
    "investigation.registered",
    InvestigationRegistered,
    FOR_EVER,
    2 * MEBIBYTE,
    key="investigation id",
    keyed_by=attrgetter("investigation.investigation_id"),
)
SAMPLES = Topic("sample.events", SampleMoved, FOR_EVER, MEBIBYTE, key="proposal and sample name")
SHIPMENTS = Topic("shipment.events", ShipmentChanged, FOR_EVER, 2 * MEBIBYTE, key="investigation id")
REPORTS = Topic("dataset.reports", DatasetReported, FOR_EVER, MEBIBYTE, key="dataset number")
LOGBOOK = Topic("logbook.events", LogbookWritten, FOR_EVER, 16 * MEBIBYTE, key="proposal or beamline")

BETWEEN_STAGES = (VALIDATED, LINKED, TRACKED)
"""The topics that exactly one stage writes and one reads. In one process, they are handed over in memory."""
TOPICS = (
    SUBMITTED,
    VALIDATED,
    LINKED,
    TRACKED,
    COMMITTED,
    REJECTED,
    PENDING,
    INVESTIGATIONS,
    REGISTERED,
    SAMPLES,
    SHIPMENTS,
    REPORTS,
    LOGBOOK,
)

DEFAULT_PARTITIONS = 12
