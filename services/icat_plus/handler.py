"""The events for what ICAT+'s clients write: logbook entries, reports on files, declarations of shipments. Pure."""

from datetime import datetime, timedelta

from pydantic_core import to_json

from shared.events.declarations import Stamp
from shared.events.headers import headers_of
from shared.events.logbook import LogbookEntry, LogbookWritten
from shared.events.record import Message
from shared.events.report import DatasetReported, Report
from shared.events.shipments import ShipmentChanged, Shipping
from shared.events.topics import LOGBOOK, REPORTS, SHIPMENTS

SOURCE = "/beamcat/icat_plus"
"""The source of these events."""


def logbook_event(entry: LogbookEntry) -> Message:
    """The event of an entry. All entries of a proposal are in one partition."""
    time = entry.received_at.isoformat()
    headers = headers_of(LOGBOOK, receipt_id=str(entry.entry_id), source=SOURCE, time=time)
    key = entry.proposal or entry.beamline or "broadcast"
    return Message(LOGBOOK.name, key.encode(), to_json(LogbookWritten(entry=entry)), headers)


def report_event(report: Report, event_id: str) -> Message:
    """The event of a report on a dataset's files."""
    headers = headers_of(REPORTS, receipt_id=event_id, source=SOURCE, time=report.at.isoformat())
    return Message(REPORTS.name, str(report.dataset_number).encode(), to_json(DatasetReported(report=report)), headers)


def shipment_event(shipping: Shipping, event_id: str, now: datetime) -> Message:
    """The event of a declaration. All declarations of an investigation are in one partition."""
    headers = headers_of(SHIPMENTS, receipt_id=event_id, source=SOURCE, time=now.isoformat())
    value = to_json(ShipmentChanged(shipping=shipping), exclude_none=True)
    return Message(SHIPMENTS.name, shipping.investigation_id.encode(), value, headers)


def declaration_time(latest: Stamp | None, now: datetime) -> datetime:
    """The time of a declaration, later than every other, so that it counts even if the clock is wrong."""
    return max(now, latest.at + timedelta(microseconds=1)) if latest else now
