"""The rejection codes: every reason for which an event is rejected, with its cause and its cure.

The codes are part of the contract: they are metric labels and search facets, and scripts branch on them.
`docs/rejections.md` is generated from this table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from shared.events.rejection import Origin
from shared.events.sections import Finding
from shared.foundation.errors import BeamcatError

REJECTING_STAGES = (
    "icat_gateway",
    "validator",
    "linker",
    "linker-commits",
    "linker-investigations",
    "sample_tracking",
    "sample-events",
    "sample-visits",
    "catalog_writer",
    "archive",
    "logbook",
    "search",
    "search-pending",
    "search-investigations",
    "search-shipments",
)
"""Every value of `stage` in a rejection, in the order in which a dataset meets the services."""


class Code(StrEnum):
    """A machine-readable rejection code, with one sentence for its cause and one for its cure."""

    cause: str
    cure: str

    def __new__(cls, value: str, cause: str, cure: str) -> Self:
        """A member that equals its code as text."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.cause = cause
        member.cure = cure
        return member

    # Poison: the record cannot be read as an event. Any stage may find it.
    NULL_VALUE = "null_value", "The record has no value.", "Send the event as the record's value."
    TOO_LARGE = (
        "too_large",
        "The event is larger than its topic allows.",
        "Move bulk data into files, and keep parameters short.",
    )
    NOT_UTF8 = "not_utf8", "The value is not UTF-8.", "Encode the JSON text as UTF-8."
    NOT_JSON = "not_json", "The value is not JSON, or is nested too deeply.", "Send one JSON object."
    NUL_CHARACTER = (
        "nul_character",
        "A text contains the character NUL, which PostgreSQL cannot store.",
        "Remove it in the program that wrote it.",
    )
    NOT_FINITE = (
        "not_finite",
        "A number is NaN or infinite, which JSON does not permit.",
        "Leave out a parameter that has no value.",
    )
    SHAPE_INVALID = (
        "shape_invalid",
        "A field is missing or of the wrong type.",
        "Correct the named field; schemas/events describes every field.",
    )
    HEADER_INVALID = (
        "header_invalid",
        "A CloudEvents header is missing, or the name or the value of a header is not UTF-8.",
        "Send ce_id, ce_type and ce_source, and every header as UTF-8 text.",
    )
    KEY_WRONG = (
        "key_wrong",
        "The record's key is not the id of its subject, so its order among the records of that subject is lost.",
        "Send the key that the message names, or no key.",
    )
    UNKNOWN_VERSION = (
        "unknown_version",
        "The event's type or major version is unknown.",
        "Send an event of the type that belongs to the topic.",
    )
    # Validator
    DATASET_INVALID = (
        "dataset_invalid",
        "The dataset failed checks against vocabulary and technique; there is a finding for each.",
        "Correct every finding and resubmit.",
    )
    # The edge for ICAT clients: the message cannot become an event.
    NOT_XML = (
        "not_xml",
        "A message of an ICAT client is not well-formed XML.",
        "Correct the XML at the line and column that the message names.",
    )
    XML_UNSAFE = (
        "xml_unsafe",
        "A message of an ICAT client declares a document type, or has too many levels or repetitions.",
        "Send plain elements, as ICAT's client does.",
    )
    FRAME_INVALID = (
        "frame_invalid",
        "A message of an ICAT client lacks something that its queue requires, or contains it twice.",
        "Send what the message names; docs/services/icat_gateway.md describes the queues.",
    )
    QUEUE_UNKNOWN = (
        "queue_unknown",
        "A message of an ICAT client was sent to a queue that does not exist.",
        "Correct the queue's name.",
    )
    # Linker
    INPUT_SELF = "input_self", "The dataset names itself as an input.", "Remove its own path from the inputs."
    INPUT_CYCLE = (
        "input_cycle",
        "The inputs form a cycle.",
        "Break the cycle: a dataset cannot be made from its own result.",
    )
    INPUT_NOT_PERMITTED = (
        "input_not_permitted",
        "The technique does not permit inputs of this kind or number.",
        "Name the inputs that the message asks for.",
    )
    INPUT_MISSING = (
        "input_missing",
        "Inputs were not catalogued within the time that the technique allows.",
        "Submit the missing datasets, then resubmit this one.",
    )
    INPUT_REJECTED = (
        "input_rejected",
        "An input was itself rejected, and datasets of this kind do not wait for its correction.",
        "Correct and resubmit the input, then resubmit this one.",
    )
    TOO_MUCH_WAITS = (
        "too_much_waits",
        "The dataset would have to wait, but its source already has as much waiting as one source may have.",
        "Submit the awaited inputs, which releases what waits; then resubmit this one.",
    )
    # Catalogue
    SEQUENCE_NOT_HIGHER = (
        "sequence_not_higher",
        "A submission with the same or a higher sequence_index is already catalogued.",
        "If the catalogued one is right, do nothing; otherwise raise the index.",
    )
    NOTHING_TO_UPDATE = (
        "nothing_to_update",
        "An update names a path at which no dataset is catalogued.",
        "Correct the path, or submit the dataset; then send the update again.",
    )
    UPDATE_ELSEWHERE = (
        "update_elsewhere",
        "An update names another proposal or beamline than those of the dataset.",
        "Name those of the dataset, or correct the path.",
    )
    # Search
    DATASET_NUMBER_UNKNOWN = (
        "dataset_number_unknown",
        "A report on files names a number that no catalogued dataset has.",
        "Correct the number; search shows the number of each dataset.",
    )
    # Any stage
    CANNOT_STORE = (
        "cannot_store",
        "The database refused this event permanently.",
        "Report it with the receipt; the message contains the error of the database.",
    )
    INTERNAL_ERROR = (
        "internal_error",
        "A defect of beamcat stopped this event.",
        "Report it with the receipt; it can be resubmitted after the fix.",
    )


@dataclass(frozen=True)
class Refusal:
    """The reason for which one event is rejected."""

    code: Code
    message: str
    findings: Sequence[Finding] = ()
    submitted: Origin | None = None
    """The record of the submission that was refused first, if it is not the refused record itself."""

    @classmethod
    def of(cls, code: Code, findings: Sequence[Finding]) -> Self:
        """A refusal with all findings."""
        return cls(code, "; ".join(finding.sentence for finding in findings), findings)

    @classmethod
    def because(cls, code: Code, message: str, cure: str) -> Self:
        """A refusal with a single finding of the same code."""
        return cls.of(code, [Finding.error(code, message, cure)])


class Poison(BeamcatError):
    """A record that cannot be read as an event of its topic."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.refusal = Refusal(code, message)
