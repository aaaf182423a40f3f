"""What a frame becomes is not much larger than the frame, however it says things many times over."""

import json
import random

import pytest

from services.icat_gateway.translation.commands import MOST_PATHS
from services.icat_gateway.translation.translator import MESSAGE_BYTES, MOST_GROWTH
from shared.events.topics import HEADROOM_BYTES, REJECTED, TOPICS
from tests.builders.icat_messages import RAW, an_update, rejected, translated

MOST_BYTES = {topic.name: topic.max_bytes + HEADROOM_BYTES // 2 for topic in TOPICS}
UPDATES, RESCHEDULE = "icatUpdateDatasetMetadata", "rescheduleInvestigation"


def files_with_parameters(location: int, parameters: int) -> bytes:
    said = "".join(f"<parameter><name>p{n}</name><value>{n}</value></parameter>" for n in range(parameters))
    return (
        "<dataset><investigation>mx1</investigation><name>a</name><location>/data/a</location>"
        f"<datafile><location>/data/{'f' * location}</location>{said}</datafile></dataset>"
    ).encode()


FRAMES = {
    "many paths, a long value": (UPDATES, an_update(*(f"{RAW}/{n}" for n in range(900)), value="v" * 100_000)),
    "many paths, a long name": (UPDATES, an_update(*(f"{RAW}/{n}" for n in range(900)), name="v" * 200)),
    "many paths, a deep value": (UPDATES, an_update(*(f"/d/{n}" for n in range(900)), metadataValue=["v"] * 9_000)),
    "many paths, long ones": (UPDATES, an_update(*(f"{RAW}/{n:04000}" for n in range(900)))),
    "a text of paths": (UPDATES, an_update(datasetPaths=",".join(f"/d/{n}" for n in range(MOST_PATHS)))),
    "a location before each parameter": ("icatIngest", files_with_parameters(1_000, 3_000)),
    "a long location before each parameter": ("icatIngest", files_with_parameters(1_000_000, 50_000)),
    "a long proposal": (
        RESCHEDULE,
        f"<investigation><investigationId>1</investigationId><experiment>{'x' * 2_000_000}</experiment>"
        "</investigation>".encode(),
    ),
    "nothing but a queue": ("x" * 5_000, b"y"),
}


@pytest.mark.parametrize("name", FRAMES)
def test_what_a_frame_becomes_is_bounded_by_what_it_is(name: str) -> None:
    queue, body = FRAMES[name]
    messages = translated(body, queue, headers={"a" * 1_000: "b" * 8_000})
    size = len(queue) + len(body) + 9_000
    assert sum(message.size for message in messages) < MOST_GROWTH * size + len(messages) * 2 * MESSAGE_BYTES
    for message in messages:
        assert message.size <= MOST_BYTES[message.topic]
    assert len(messages) == 1 or REJECTED.name not in {message.topic for message in messages}


def test_a_frame_that_would_become_much_larger_is_refused_whole_and_told_what_to_do() -> None:
    rejection = rejected(FRAMES["many paths, a long value"][1], UPDATES)
    assert rejection.code == "too_large"
    assert "would be more than 4 times as large" in rejection.message
    assert "bytes; send it in several frames" in rejection.message
    rejection = rejected(an_update(*(f"{RAW}/{n}" for n in range(MOST_PATHS + 1))), UPDATES)
    assert (rejection.code, rejection.message) == (
        "too_large",
        f"the update names {MOST_PATHS + 1} datasets, the limit is {MOST_PATHS}; send it in several frames",
    )


def test_an_update_of_as_many_datasets_as_may_be_is_taken() -> None:
    """A comment of some length for each of them."""
    body = an_update(*(f"{RAW}_{n}" for n in range(MOST_PATHS)), name="Sample_description", value="c" * 400)
    assert len(translated(body, UPDATES)) == MOST_PATHS


def test_random_updates_are_bounded_too() -> None:
    for seed in range(200):
        chance = random.Random(seed)
        paths = [f"/data/{'p' * chance.choice((1, 50, 3000))}{n}" for n in range(chance.choice((1, 10, 400)))]
        body = an_update(*paths, name="n" * chance.choice((1, 100)), value="v" * chance.choice((0, 800, 20_000)))
        messages = translated(body, UPDATES)
        size = sum(message.size for message in messages)
        assert size < MOST_GROWTH * len(body) + (1 + len(messages)) * 2 * MESSAGE_BYTES, f"seed {seed}"
        assert len(messages) in (1, len(paths)), f"seed {seed}: {json.loads(body).keys()}"
