"""Decides which sample a dataset is of, where that sample was, and what an event says about a sample. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from uuid import UUID

from services.sample_tracking.samples import (
    Happened,
    Sample,
    SampleParameters,
    SamplePlace,
    Tracked,
    TrackingAnswer,
    TrackingState,
    TrackingView,
    Visited,
    meant,
    text_of,
)
from shared.events.dataset import LinkedInput
from shared.events.headers import content_of
from shared.events.identity import Identities, proposal_key, sample_key, sample_name
from shared.events.investigation import InvestigationRegistered
from shared.events.sample import Container, SampleHappening, SampleMoved, SampleRef
from shared.events.sections import Finding
from shared.events.wire import Received
from shared.foundation.memo import MOST_CHARACTERS

OBJECT_ID = re.compile("[0-9a-f]{24}")
"""The form of an id of ICAT+'s tracking database. No person would choose it as a name."""

OWN_NUMBER = re.compile("[1-9][0-9]{12,15}")
"""The number of an investigation that beamcat opened, which has no id from the user office."""

WHOLE_NUMBER = re.compile("[0-9]{1,9}")
PUCKS_OF_A_CELL = 3
PLACE_OF = attrgetter(
    "container_id",
    "container_name",
    "container_type",
    "container_capacity",
    "container_position",
    "parcel_id",
    "parcel_name",
    "changer_position",
)
"""The parameters that say where a sample was."""

Words = tuple[str | None, ...]
MOST_CONTAINERS = 10_000
"""How many containers are remembered, each by the words that describe it."""
MOST_NAMES = 5


def track(
    identities: Identities, events: Sequence[Received[TrackingView]], known: TrackingState, _now: datetime
) -> Sequence[Tracked]:
    """Find each dataset's sample. A submission that was answered before gets the same answer."""
    answers = dict(known.answers)
    newest = dict(known.datasets)
    outcomes = []
    for received in events:
        dataset_id = received.event.dataset.dataset_id
        submission = received.submission(dataset_id)
        answer = answers.get(submission)
        if answer is None:
            answer = _answer(identities, received.event, newest)
            answers[submission] = newest[dataset_id] = answer
        outcomes.append(_tracked(received.event, answer))
    return outcomes


def _answer(identities: Identities, event: TrackingView, newest: Mapping[UUID, TrackingAnswer]) -> TrackingAnswer:
    """The dataset's own sample, else (for a merge) its present one, else the one on which its inputs agree.

    A dataset that beamcat itself sends again keeps its sample, inherited or not. A dataset that was made from earlier
    data of its inputs keeps the sample of that data.
    """
    dataset, investigation = event.dataset, event.links.investigation
    before = newest.get(dataset.dataset_id) if event.keeps_sample else None
    name = dataset.sample_name
    if name is None and before and before.sample and not before.sample.inherited:
        name = before.sample.name
    if name is not None:
        sample_id = identities.sample(investigation.investigation_id, name)
        inherited = bool(dataset.revision and before and before.sample and before.sample.inherited)
        sample = SampleRef(sample_id=sample_id, name=sample_name(name), inherited=inherited)
        return TrackingAnswer(sample, investigation.proposal)
    if before and (not event.links.inputs or event.has_outdated_inputs):
        return before
    return _inherited([entry for entry in event.links.inputs if not entry.replaced], newest)


def _inherited(inputs: Sequence[LinkedInput], newest: Mapping[UUID, TrackingAnswer]) -> TrackingAnswer:
    """The sample on which the inputs agree: that of the first input that has one.

    Inputs agree if their samples have the same name in the same proposal, as one crystal may be measured in several
    sessions. An input without a sample, such as a dark image, does not count.
    """
    if not inputs:
        return _no_sample("sample_unknown", "no sample was named")
    untracked = [entry.path for entry in inputs if entry.dataset_id not in newest]
    if untracked:
        return _no_sample(
            "sample_unknown", f"no sample was named, and the sample of the input {untracked[0]} is unknown"
        )
    samples = {
        (answer.proposal, sample_key(answer.sample.name)): SampleRef(
            sample_id=answer.sample.sample_id, name=answer.sample.name, inherited=True
        )
        for answer in (newest[entry.dataset_id] for entry in reversed(inputs))
        if answer.sample
    }
    match list(samples.items()):
        case []:
            return _no_sample("sample_unknown", "no sample was named, and no input has one")
        case [((proposal, _), sample)]:
            return TrackingAnswer(sample, proposal)
        case several:
            names = sorted(f"{sample.name} of {proposal}" for (proposal, _), sample in several)
            more = ", …" if len(names) > MOST_NAMES else ""
            return _no_sample(
                "sample_ambiguous",
                f"no sample was named, and the inputs have different ones ({', '.join(names[:MOST_NAMES])}{more})",
            )


def _no_sample(code: str, reason: str) -> TrackingAnswer:
    cure = "give sample, or the parameter Sample_name, if it has one"
    return TrackingAnswer(None, None, (Finding.warning(code, reason, cure, parameter="Sample_name"),))


def _tracked(event: TrackingView, answer: TrackingAnswer) -> Tracked:
    sample, container = answer.sample, _container(event.parameters)
    position = text_of(event.parameters.changer_position)
    section = {
        "sample": sample and vars(sample),
        "container": container and vars(container),
        "sample_changer_position": position,
        "findings": list(map(vars, answer.findings)),
    }
    place = SamplePlace(event.dataset.start, container, position) if container else None
    return Tracked({"tracking": section}, answer=answer, place=place)


def _container(parameters: SampleParameters) -> Container | None:
    """The container. All datasets of one container have the same words, so what they mean is remembered."""
    words = tuple(said and said.original for said in PLACE_OF(parameters))
    is_short = sum(map(len, filter(None, words))) <= MOST_CHARACTERS
    return (_remembered_container if is_short else _read_container)(words)


def _read_container(words: Words) -> Container | None:
    """The container that these words describe. MXCuBE swaps its id and name, or sent the parcel's id as the name.

    The values decide which is which, not the producer's version, so that a corrected producer is also read correctly.
    """
    container_id, name, kind, capacity, position, parcel_id, parcel_name, changer_position = map(meant, words)
    if name and OBJECT_ID.fullmatch(name) and not OBJECT_ID.fullmatch(container_id or ""):
        container_id, name = (None if name == parcel_id else name), container_id
    container = Container(
        id=container_id,
        name=name,
        type=kind,
        capacity=_whole_number(capacity),
        position=position,
        parcel_id=parcel_id,
        parcel_name=parcel_name,
    )
    if container == Container():
        return None
    return container.model_copy(update={"changer_location": _changer_location(changer_position)})


_remembered_container = lru_cache(maxsize=MOST_CONTAINERS)(_read_container)


def _changer_location(position: str | None) -> int | None:
    """The location of the container, from MXCuBE's 3 · cell + puck. Both are counted from 1, so it begins at 4.

    For MXCuBE, a changer without cells has one cell: there the location is also the number of the puck.
    """
    number = _whole_number(position)
    return number - PUCKS_OF_A_CELL if number is not None and number > PUCKS_OF_A_CELL else None


def _whole_number(text: str | None) -> int | None:
    """The text as a whole number, or None. Other text stays a parameter, which was checked there."""
    return int(text) if text and WHOLE_NUMBER.fullmatch(text) else None


def remember(
    identities: Identities, events: Sequence[Received[SampleMoved]], _known: None, _now: datetime
) -> Sequence[Happened]:
    """Keep every event under its proposal and sample name. If it names an investigation, it registers the sample."""
    return [_happened(identities, received) for received in events]


def visit(events: Sequence[Received[InvestigationRegistered]], _known: None, _now: datetime) -> Sequence[Visited]:
    """Keep every investigation as the linker registered it last."""
    return [Visited(received.event.investigation, received.record.offset) for received in events]


def _happened(identities: Identities, received: Received[SampleMoved]) -> Happened:
    happening = _canonical(received.event.sample)
    sample = None
    if happening.investigation_id and not OWN_NUMBER.fullmatch(happening.investigation_id):
        investigation_id = identities.investigation(happening.investigation_id)
        sample = Sample(
            sample_id=identities.sample(investigation_id, happening.sample),
            investigation_id=investigation_id,
            facility_id=happening.investigation_id,
            proposal=happening.proposal,
            beamline=happening.beamline,
            name=happening.sample,
            acronym=happening.acronym,
        )
    return Happened(received.source, received.receipt_id, content_of(received.record), happening, sample)


def _canonical(said: SampleHappening) -> SampleHappening:
    """The event in the spelling that datasets use."""
    return said.model_copy(
        update={
            "proposal": proposal_key(said.proposal),
            "beamline": said.beamline.lower(),
            "sample": sample_name(said.sample),
            "acronym": sample_name(said.acronym) or None if said.acronym else None,
            "investigation_id": said.investigation_id or None,
        }
    )
