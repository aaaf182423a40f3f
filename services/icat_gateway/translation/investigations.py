"""Frames with the root `investigation`: a session has started (`icatIngest`), or it takes place at another time."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from datetime import datetime

from services.icat_gateway.translation.frames import Sending
from services.icat_gateway.translation.trees import texts_of
from shared.events.codes import Code, Poison
from shared.events.identity import proposal_key
from shared.events.investigation import RescheduledInvestigation, StartedInvestigation
from shared.events.record import Message
from shared.events.sections import Producer
from shared.events.topics import INVESTIGATIONS
from shared.foundation.times import in_zone, recorded_time

NAME_CHARACTERS_AT_MOST = 255


def investigation_started(root: ET.Element, sending: Sending) -> Message:
    """The event that a beamline has begun to measure for a proposal.

    Raises:
        Poison: proposal, beamline or start is missing or unreadable.
    """
    said = texts_of(root)
    proposal, beamline, start = (_name(said, each) for each in ("experiment", "instrument", "startDate"))
    end = said.get("endDate")
    started = StartedInvestigation(
        happening="started",
        proposal=proposal,
        beamline=beamline,
        start=_time("startDate", start, sending),
        end=_time("endDate", end, sending) if end is not None else None,
        producer=Producer(machine=sending.frame.peer),
    )
    key = proposal_key(proposal)
    event_id = sending.statement_id(f"{key}\n{beamline}\n{start}\n{end}")
    return sending.message(INVESTIGATIONS, key, event_id, {"investigation": started})


def investigation_rescheduled(root: ET.Element, sending: Sending) -> Message:
    """The event that an investigation is measured now, not as planned. The client leaves proposal and beamline empty.

    The client sends the time as the start. An older client sends none; then the time of the frame counts.

    Raises:
        Poison: the investigation is not named, or the time cannot be read.
    """
    said = texts_of(root)
    facility_id = _name(said, "investigationId")
    start = said.get("startDate")
    rescheduled = RescheduledInvestigation(
        happening="rescheduled",
        facility_id=facility_id,
        at=_time("startDate", start, sending) if start else sending.now,
        producer=Producer(machine=sending.frame.peer),
    )
    key = proposal_key(_name(said, "experiment") if "experiment" in said else facility_id)
    event_id = sending.command_id(facility_id)
    return sending.message(INVESTIGATIONS, key, event_id, {"investigation": rescheduled})


def _name(said: Mapping[str, str], element: str) -> str:
    name = said.get(element)
    if name is None:
        raise Poison(Code.FRAME_INVALID, f"the investigation has no {element}; send it")
    if len(name) > NAME_CHARACTERS_AT_MOST:
        words = f"the {element} has {len(name)} characters, the limit is {NAME_CHARACTERS_AT_MOST}"
        raise Poison(Code.FRAME_INVALID, words)
    return name


def _time(element: str, said: str, sending: Sending) -> datetime:
    """The time, in the facility's zone if it has none."""
    time = recorded_time(said)
    if time is None:
        expected = "a time like 2024-11-30T09:00:00+01:00"
        raise Poison(Code.FRAME_INVALID, f"{element} = {said[:60]!r} is not a time; write {expected}")
    return in_zone(time, sending.zone)
