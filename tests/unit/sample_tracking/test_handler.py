from collections.abc import Sequence

import pytest

from services.sample_tracking.handler import remember, track
from services.sample_tracking.samples import TrackingAnswer, TrackingState, TrackingView
from shared.events.dataset import Tracking
from shared.events.record import Record
from shared.events.sample import Container, SampleMoved, SampleRef
from shared.events.topics import LINKED, SAMPLES
from shared.events.wire import Received, read
from tests.builders.sample_tracking import IDENTITIES, NOW, dataset_id, linked, moved, sample_id

A, B, DARK = "/data/a", "/data/b", "/data/dark"
PUCK, PARCEL = "65f0c0ffee65f0c0ffee65f0", "65f0beef0065f0beef0065f0"


def decide(record: Record, known: TrackingState) -> Tracking:
    [outcome] = track(IDENTITIES, [read(record, LINKED, TrackingView)], known, NOW)
    return Tracking.model_validate(outcome.sections["tracking"])


def sampled(name: str | None, session: str = "S1", proposal: str = "mx1111") -> TrackingAnswer:
    if name is None:
        return TrackingAnswer(None, None)
    return TrackingAnswer(SampleRef(sample_id=sample_id(name, session, proposal), name=name), proposal)


def test_a_dataset_names_its_own_sample_whatever_its_inputs_have() -> None:
    known = TrackingState(datasets={dataset_id(A): sampled("other")})
    tracking = decide(linked("/data/x", sample="own", inputs=[A]), known)
    assert tracking.sample == SampleRef(sample_id=sample_id("own"), name="own", inherited=False)
    assert tracking.findings == []


@pytest.mark.parametrize(
    "inputs",
    [
        {A: sampled("one")},
        {A: sampled("one"), B: sampled("one")},
        {A: sampled("one"), DARK: sampled(None)},
        {A: sampled("one"), B: sampled("one", "S2")},
    ],
    ids=["one input", "all the same", "a dark image says nothing", "one crystal in two sessions"],
)
def test_inputs_that_agree_pass_their_sample_on(inputs: dict[str, TrackingAnswer]) -> None:
    known = TrackingState(datasets={dataset_id(path): answer for path, answer in inputs.items()})
    tracking = decide(linked("/data/x", inputs=list(inputs)), known)
    assert tracking.sample == SampleRef(sample_id=sample_id("one"), name="one", inherited=True)
    assert tracking.findings == []


@pytest.mark.parametrize(
    ("inputs", "code", "words"),
    [
        ({A: sampled("one"), B: sampled("two")}, "sample_ambiguous", "one of mx1111, two of mx1111"),
        ({A: sampled("one"), B: sampled("one", "S9", "mx2")}, "sample_ambiguous", "one of mx1111, one of mx2"),
        ({A: sampled(None)}, "sample_unknown", "no input has one"),
        ({A: sampled("one"), B: None}, "sample_unknown", "the sample of the input /data/b is unknown"),
        ({}, "sample_unknown", "no sample was named; give sample, or"),
    ],
    ids=["two samples", "two proposals", "no sample", "an input never seen", "no inputs"],
)
def test_no_sample_is_guessed(inputs: dict[str, TrackingAnswer | None], code: str, words: str) -> None:
    known = TrackingState(datasets={dataset_id(path): answer for path, answer in inputs.items() if answer})
    tracking = decide(linked("/data/x", inputs=list(inputs)), known)
    assert tracking.sample is None
    [finding] = tracking.findings
    assert (finding.code, finding.severity, finding.parameter) == (code, "warning", "Sample_name")
    assert words in finding.sentence


def test_a_long_list_of_samples_is_cut() -> None:
    inputs = [f"/data/{n}" for n in range(9)]
    known = TrackingState(datasets={dataset_id(path): sampled(path) for path in inputs})
    [finding] = decide(linked("/data/x", inputs=inputs), known).findings
    assert "/data/4 of mx1111, …)" in finding.message
    assert "/data/5" not in finding.message


def test_a_dataset_of_one_batch_inherits_from_another_of_the_same_batch() -> None:
    events = [read(record, LINKED, TrackingView) for record in (linked(A, sample="one"), linked("/x", inputs=[A]))]
    samples = [tracking.sample for tracking in _sections(events)]
    assert samples[0] is not None
    assert samples[1] == samples[0].model_copy(update={"inherited": True})


def _sections(events: Sequence[Received[TrackingView]]) -> list[Tracking]:
    outcomes = track(IDENTITIES, events, TrackingState(), NOW)
    return [Tracking.model_validate(outcome.sections["tracking"]) for outcome in outcomes]


@pytest.mark.parametrize(
    ("said", "container"),
    [
        ({}, None),
        ({"container_id": "C7", "container_name": "puck 7"}, Container(id="C7", name="puck 7")),
        ({"container_id": "puck 7", "container_name": PUCK}, Container(id=PUCK, name="puck 7")),
        ({"container_id": PUCK, "container_name": "puck 7"}, Container(id=PUCK, name="puck 7")),
        ({"container_name": PUCK}, Container(id=PUCK)),
        (
            {"container_id": "puck 7", "container_name": PARCEL, "parcel_id": PARCEL},
            Container(name="puck 7", parcel_id=PARCEL),
        ),
        ({"container_position": "08"}, Container(position="08")),
        ({"container_capacity": "16", "container_type": " UNIPUCK "}, Container(capacity=16, type="UNIPUCK")),
        ({"container_capacity": "sixteen"}, None),
        ({"parcel_name": "dewar"}, Container(parcel_name="dewar")),
        ({"container_id": "puck 7", "container_name": "x" * 5000}, Container(id="puck 7", name="x" * 5000)),
    ],
    ids=[
        "nothing",
        "as they should be",
        "swapped by MXCuBE",
        "corrected MXCuBE",
        "only an id, as a name",
        "a parcel's id as a name",
        "a position is text",
        "blanks",
        "no number",
        "a parcel alone",
        "too long to be remembered",
    ],
)
def test_the_container_is_read_from_the_parameters(said: dict[str, str], container: Container | None) -> None:
    names = {key: "SampleTracking" + key.replace("container", "Container").replace("parcel", "Parcel") for key in said}
    parameters = {names[key]: text for key, text in said.items()}
    record = linked("/data/x", sample="s", parameters=parameters)
    for _ in range(2):  # the second time from memory
        assert decide(record, TrackingState()).container == container


@pytest.mark.parametrize(
    ("position", "location"),
    [
        ("14", 11),
        ("4", 1),
        ("27", 24),
        (" 6 ", 3),
        ("3", None),
        ("0", None),
        ("-1", None),
        ("A2", None),
        ("None", None),
    ],
)
def test_mxcubes_place_in_the_sample_changer_is_where_the_container_is(position: str, location: int | None) -> None:
    """It sends 3 · cell + puck: cell 4, puck 2 is 14, and the eleventh place of the changer."""
    said = {"SampleChanger_position": position, "SampleTrackingContainer_id": "C7"}
    container = decide(linked("/data/x", sample="s", parameters=said), TrackingState()).container
    assert container == Container(id="C7", changer_location=location)


@pytest.mark.parametrize("word", ["None", "null", "-", "?", ""])
def test_a_word_for_nothing_names_no_container(word: str) -> None:
    said = {"SampleTrackingContainer_id": word, "SampleTrackingParcel_name": word, "SampleChanger_position": word}
    tracking = decide(linked("/data/x", sample="s", parameters=said), TrackingState())
    assert (tracking.container, tracking.sample_changer_position) == (None, None)


def test_a_sample_changer_position_is_text() -> None:
    tracking = decide(linked("/data/x", sample="s", parameters={"SampleChanger_position": "07"}), TrackingState())
    assert tracking.sample_changer_position == "07"
    assert tracking.container is None


def test_proposal_and_beamline_of_a_happening_are_spelt_as_those_of_datasets() -> None:
    event = read(moved("mounted", "s", proposal="MX1111"), SAMPLES, SampleMoved)
    [happened] = remember(IDENTITIES, [event], None, NOW)
    assert (happened.happening.proposal, happened.sample) == ("mx1111", None)
