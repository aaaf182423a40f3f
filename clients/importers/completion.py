"""Completion of a submission from the file's folder and date, if neither file nor user says more."""

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from clients.importers.assembly import FileNotUnderstood, Imported
from clients.importers.dates import DateUnclear, iso_times
from shared.events.sections import Finding
from shared.runtime.facility import FacilitySettings
from shared.runtime.settings import read
from shared.vocabulary.absence import says_no_number

TIMES = ("start", "end")
CURE = "give --start and --end"
FIRST_PLAUSIBLE_YEAR = 1990
"""Files from archives without dates are of 1970 or 1980."""


def completed(imported: Imported, file: Path) -> Imported:
    """The submission with a path, a name and times, and a finding for each decision about times.

    Raises:
        FileNotUnderstood: it has no proposal, or a time that cannot be read with certainty.
    """
    submission = {name: value for name, value in imported.submission.items() if name not in TIMES}
    path = str(submission.get("path") or file.resolve().parent)
    submission |= {"path": path, "name": submission.get("name") or path.rstrip("/").rpartition("/")[2]}
    if not submission.get("proposal"):
        raise FileNotUnderstood("the file does not say whose proposal it is; give it with --proposal")
    if files := submission.get("files"):
        submission["files"] = [{"path": str(one).removeprefix(f"{path}/")} for one in files]
    times, findings = _times(imported.submission, imported.places, file)
    return replace(imported, submission=submission | times, findings=[*imported.findings, *findings])


def _times(
    submission: Mapping[str, Any], places: Mapping[str, str], file: Path
) -> tuple[dict[str, str], list[Finding]]:
    """Start and end as given. Without a start, the end, or else the date of the file, counts as both."""
    try:
        start, end = iso_times(_text(submission.get("start")), _text(submission.get("end")), _zone())
    except DateUnclear as error:
        raise FileNotUnderstood(
            f"the time {error}; say it with --start and --end, as 2024-11-30T09:00:00+01:00"
        ) from None
    if start is not None:
        return {"start": start} | ({} if end is None else {"end": end}), []
    source = places.get("end", "--end")  # what stands in no place of the file was given
    if end is None:
        date = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        if date.year < FIRST_PLAUSIBLE_YEAR:
            return {}, []
        source, end = f"the date of {file.name}", date.isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"start": end, "end": end}, [start_assumed(source, end)]


def _zone() -> ZoneInfo:
    return ZoneInfo(read(FacilitySettings, os.environ).time_zone)


def _text(value: object) -> str | None:
    return None if value is None or says_no_number(str(value)) else str(value)


def start_assumed(source: str, end: str) -> Finding:
    """The finding that the end is also used as the start, and where the end comes from."""
    message = f"no start is said; {source} ({end}) was taken as the end, and as the start too"
    return Finding.warning("start_assumed", message, CURE, value=end)
