"""Checks of names, places and times. Each returns the canonical form, or None after noting the error."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, tzinfo

from services.validator.notes import Notes
from services.validator.said import CanonicalSubmission
from shared.events.dataset import DeclaredFile, InputRef
from shared.events.identity import Identities, PathInvalid, proposal_key, sample_key, sample_name
from shared.events.topics import MOST_INPUTS
from shared.foundation.times import in_zone, recorded_time

BEAMLINE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
MOST_PROPOSAL_CHARACTERS = 100
SAMPLE_CHARACTERS_AT_MOST = 255
TIME_EXPECTED = "a time like 2024-11-30T09:00:00+01:00"
DATE_CHARACTERS = 10
"""The length of a date. A date alone does not tell the time at which a dataset ended."""
FUTURE = timedelta(days=1)
"""The tolerance for a beamline's clock that is ahead or has a wrong time zone."""


class Folders:
    """The folders of one facility, in which datasets may lie, and the ids that follow from them."""

    def __init__(self, roots: Iterable[str], identities: Identities) -> None:
        self._roots = tuple(root.rstrip("/") + "/" for root in roots)
        self._identities = identities

    def path(self, said: str, notes: Notes, what: str = "path") -> str | None:
        """The normal form of a path under the facility's roots."""
        which = "" if what == "path" else "among its inputs, "
        try:
            normalised = self._identities.path(said)
        except PathInvalid as error:
            expected = "an absolute path without '..'"
            notes.error(f"{what}_invalid", f"{which}{error.problem}", error.cure, said, expected)
            return None
        if not normalised.startswith(self._roots):
            roots = " or ".join(root.rstrip("/") or "/" for root in self._roots)
            message = f"{which}{normalised} is not under {roots}, where this facility keeps its datasets"
            near = (root + normalised[len(root) :] for root in self._roots if _begins(normalised, root))
            cure = next((f"give {path} if that was meant" for path in near), "correct the path")
            notes.error(f"{what}_outside_roots", message, cure, said, f"a folder under {roots}")
            return None
        return normalised

    def inputs(self, said: Sequence[str], notes: Notes) -> list[InputRef]:
        """Each input once, in the given order."""
        inputs: dict[str, InputRef] = {}
        if len(said) > MOST_INPUTS:
            message = f"it names {len(said)} inputs, the limit is {MOST_INPUTS}"
            cure = "merge in two steps, or name the merges from which it was made"
            notes.error("inputs_too_many", message, cure, str(len(said)), f"at most {MOST_INPUTS}")
        for declared in said[:MOST_INPUTS]:
            path = self.path(declared, notes, "input_path")
            if path in inputs:
                notes.warn("input_repeated", f"the input {path} is named more than once", "name it once", declared)
            elif path is not None:
                inputs[path] = InputRef(path=path, dataset_id=self._identities.dataset(path))
        return list(inputs.values())

    def files(self, said: Sequence[DeclaredFile]) -> list[DeclaredFile]:
        """The files, with absolute paths in their catalogued form."""
        return [
            file if (path := self._identities.file(file.path)) == file.path else file.model_copy(update={"path": path})
            for file in said
        ]


def _begins(path: str, root: str) -> bool:
    """Whether the path is under the root except for letter case."""
    return path[: len(root)].lower() == root.lower()


def name_of(said: CanonicalSubmission) -> str | None:
    """The dataset's name."""
    name = said.submission.name.strip()
    if name and name.isprintable() and "/" not in name:
        return name
    message = f"the name {name!r} is empty, or has '/' or a character that cannot be printed"
    said.notes.error("name_invalid", message, "give one like run_01", name)
    return None


def proposal_of(said: CanonicalSubmission) -> str | None:
    """The proposal in its normal form."""
    proposal = proposal_key(said.submission.proposal)
    if proposal.isalnum() and len(proposal) <= MOST_PROPOSAL_CHARACTERS:
        return proposal
    written = said.submission.proposal
    message = f"proposal = {written[:100]!r} is not made of letters, digits, blanks, '-', '_', '.' and '/'"
    said.notes.error("proposal_invalid", message, "give one like MX-1111", written, "a name like MX-1111")
    return None


def beamline_of(said: CanonicalSubmission) -> str | None:
    """The beamline in lower case. `id30a3`, as in paths, and `id30a-3` stay different names."""
    beamline = said.agreed_text(said.submission.beamline, "beamlineID")
    if beamline is None:
        cure = "give beamline, or the parameter beamlineID"
        expected = "the beamline's name, such as id30a-3"
        said.notes.error("beamline_missing", "the dataset names no beamline", cure, expected=expected)
        return None
    lowered = beamline.strip().lower()
    if BEAMLINE.fullmatch(lowered):
        return lowered
    message = f"beamline = {beamline[:100]!r} is not made of letters, digits, '-', '_' and '.'"
    said.notes.error("beamline_invalid", message, "give one like id30a-3", beamline, "a name like id30a-3")
    return None


def sample_of(said: CanonicalSubmission) -> str | None:
    """The sample's name in its normal form. A dataset may have none, and an invalid one does not refuse it."""
    text = said.agreed_text(said.submission.sample, "Sample_name", key=sample_key)
    name = sample_name(text or "")
    if len(name) <= SAMPLE_CHARACTERS_AT_MOST:
        return name or None
    message = f"the sample {name[:60]!r}… has {len(name)} characters, so the dataset is taken without a sample"
    cure = f"give a name of at most {SAMPLE_CHARACTERS_AT_MOST} characters"
    said.notes.warn("sample_invalid", message, cure, text)
    return None


def start_of(said: CanonicalSubmission, submitted_at: datetime, zone: tzinfo) -> datetime | None:
    """The start of the dataset."""
    text = said.time(said.submission.start, "startDate")
    if text is None:
        cure = "give start, or the parameter startDate"
        said.notes.error("start_missing", "the dataset names no start", cure, expected=TIME_EXPECTED)
        return None
    start = _time(text, "start", zone, said.notes)
    if start is None:
        message = f"start = {text[:100]!r} is not a date and time in ISO 8601"
        said.notes.error("start_invalid", message, f"write {TIME_EXPECTED}", text, TIME_EXPECTED)
    elif start > submitted_at + FUTURE:
        message = f"it starts at {start.isoformat()}, after it was submitted"
        said.notes.warn("start_in_future", message, "check the clock that said so", start.isoformat())
    return start


def end_of(said: CanonicalSubmission, start: datetime | None, zone: tzinfo) -> datetime | None:
    """The end of the dataset, if it is known. A dataset without an end is still useful.

    An end before the start refuses it: one of them is wrong, and a wrong start could assign it to a visit of others.
    """
    text = said.time(said.submission.end, "endDate")
    if text is None:
        return None
    original = said.text(said.submission.end, "endDate") or text
    end = _time(text, "end", zone, said.notes) if len(original) > DATE_CHARACTERS else None
    if end is None:
        message = f"end = {original[:100]!r} is not a date and time in ISO 8601; the dataset has no end"
        said.notes.warn("end_invalid", message, f"write {TIME_EXPECTED}", original, TIME_EXPECTED)
    elif start is not None and end < start:
        message = f"it ends at {end.isoformat()}, before it starts at {start.isoformat()}"
        expected = f"not before {start.isoformat()}"
        said.notes.error("end_before_start", message, "correct one of them", end.isoformat(), expected)
    return end


def _time(text: str, name: str, zone: tzinfo, notes: Notes) -> datetime | None:
    """A valid time, in the facility's zone if it has none."""
    time = recorded_time(text)
    if time is None or ":" not in text:
        return None
    if time.tzinfo is not None:
        return time
    message = f"{name} = {text!r} has no time zone; the facility's ({zone}) was assumed"
    expected = "a time with its zone, as +01:00"
    notes.warn("time_zone_assumed", message, "send the zone with the time", text, expected)
    return in_zone(time, zone)
