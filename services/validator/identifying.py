"""Who, where and when: each check returns the canonical form, or None after noting the error."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, tzinfo

from services.validator.notes import Notes
from services.validator.said import Said
from shared.events import FIRST_YEAR, LAST_YEAR, InputRef
from shared.identity import Identities, PathInvalid, normalise_path, sample_key, sample_name

IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
SAMPLE_CHARACTERS_AT_MOST = 255
TIME_EXPECTED = "a time like 2024-11-30T09:00:00+01:00"
FUTURE = timedelta(days=1)
"""A beamline's clock may be a little ahead, and its zone may be wrong."""


class Folders:
    """The folders of one facility: where datasets may lie, and the id that follows from each."""

    def __init__(self, roots: Iterable[str], identities: Identities) -> None:
        self._roots = tuple(root.rstrip("/") + "/" for root in roots)
        self._identities = identities

    def path(self, said: str, notes: Notes, what: str = "path") -> str | None:
        """The one spelling of a path under the facility's roots."""
        which = "" if what == "path" else "among its inputs, "
        try:
            normalised = normalise_path(said)
        except PathInvalid as error:
            expected = "an absolute path without '..'"
            notes.error(f"{what}_invalid", f"{which}{error.problem}", error.cure, said, expected)
            return None
        if not normalised.startswith(self._roots):
            roots = " or ".join(root.rstrip("/") or "/" for root in self._roots)
            message = f"{which}{normalised} is not under {roots}, where this facility keeps its datasets"
            notes.error(f"{what}_outside_roots", message, "correct the path", said, f"a folder under {roots}")
            return None
        return normalised

    def inputs(self, said: Sequence[str], notes: Notes) -> list[InputRef]:
        """Each input once, in the order in which they were named."""
        inputs: dict[str, InputRef] = {}
        for declared in said:
            path = self.path(declared, notes, "input_path")
            if path in inputs:
                notes.warn("input_repeated", f"the input {path} is named more than once", "name it once", declared)
            elif path is not None:
                inputs[path] = InputRef(path=path, dataset_id=self._identities.dataset(path))
        return list(inputs.values())


def name_of(said: Said) -> str | None:
    """The dataset's name."""
    name = said.submission.name.strip()
    if name and name.isprintable() and "/" not in name:
        return name
    message = f"the name {name!r} is empty, or has '/' or a character that cannot be printed"
    said.notes.error("name_invalid", message, "give one like run_01", name)
    return None


def proposal_of(said: Said) -> str | None:
    """The proposal, in lower case."""
    return _identifier(said.submission.proposal, "proposal", "mx1111", said.notes)


def beamline_of(said: Said) -> str | None:
    """The beamline, in lower case. Paths drop the dash: `id30a3` and `id30a-3` are two names here, and stay two."""
    beamline = said.agreed_text(said.submission.beamline, "beamlineID")
    if beamline is not None:
        return _identifier(beamline, "beamline", "id30a-3", said.notes)
    cure = "give beamline, or the parameter beamlineID"
    expected = "the beamline's name, such as id30a-3"
    said.notes.error("beamline_missing", "the dataset names no beamline", cure, expected=expected)
    return None


def _identifier(said: str, field: str, example: str, notes: Notes) -> str | None:
    lowered = said.strip().lower()
    if IDENTIFIER.fullmatch(lowered):
        return lowered
    message = f"{field} = {said[:100]!r} is no name of letters, digits, '-', '_' and '.'"
    notes.error(f"{field}_invalid", message, f"give one like {example}", said, f"a name like {example}")
    return None


def sample_of(said: Said) -> str | None:
    """The sample's name in its one spelling; a dataset may have none, and is not lost over one that cannot be."""
    text = said.agreed_text(said.submission.sample, "Sample_name", key=sample_key)
    name = sample_name(text or "")
    if len(name) <= SAMPLE_CHARACTERS_AT_MOST:
        return name or None
    message = f"the sample {name[:60]!r}… has {len(name)} characters, so the dataset is taken without a sample"
    cure = f"give a name of at most {SAMPLE_CHARACTERS_AT_MOST} characters"
    said.notes.warn("sample_invalid", message, cure, text)
    return None


def start_of(said: Said, submitted_at: datetime, zone: tzinfo) -> datetime | None:
    """When it began."""
    start = _time(said, said.submission.start, "start", "startDate", zone)
    if start is None and said.submission.start is None and "startDate" not in said.submission.parameters:
        cure = "give start, or the parameter startDate"
        said.notes.error("start_missing", "the dataset names no start", cure, expected=TIME_EXPECTED)
    if start is not None and start > submitted_at + FUTURE:
        message = f"it starts at {start.isoformat()}, after it was submitted"
        said.notes.warn("start_in_future", message, "check the clock that said so", start.isoformat())
    return start


def end_of(said: Said, start: datetime | None, zone: tzinfo) -> datetime | None:
    """When it ended, if that is known."""
    end = _time(said, said.submission.end, "end", "endDate", zone)
    if end is not None and start is not None and end < start:
        message = f"it ends at {end.isoformat()}, before it starts at {start.isoformat()}"
        expected = f"not before {start.isoformat()}"
        said.notes.error("end_before_start", message, "correct one of them", end.isoformat(), expected)
    return end


def _time(said: Said, field: str | None, name: str, parameter: str, zone: tzinfo) -> datetime | None:
    """The field, or else the parameter, which has its zone and was judged with the others."""
    text = said.value(parameter) if field is None else field.strip()
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = datetime.min  # noqa: DTZ901 (it is refused by its year)
    if not FIRST_YEAR <= time.year <= LAST_YEAR or ":" not in text:
        message = f"{name} = {text[:100]!r} is not a date and time in ISO 8601"
        said.notes.error(f"{name}_invalid", message, f"write {TIME_EXPECTED}", text, TIME_EXPECTED)
        return None
    if time.tzinfo is not None:
        return time
    message = f"{name} = {text!r} names no time zone; the facility's ({zone}) was taken"
    expected = "a time with its zone, as +01:00"
    said.notes.warn("time_zone_assumed", message, "say the zone with the time", text, expected)
    return time.replace(tzinfo=zone)
