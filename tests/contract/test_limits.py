"""One number at every door, and room for it all the way."""

import re
from pathlib import Path
from pkgutil import resolve_name

import pytest
import yaml

from deploy.embedded.kafka import MAX_MESSAGE_BYTES
from services.gateway.request_body import MOST_ENTRIES
from services.icat_gateway.stomp.bounds import Limits
from shared.events.topics import (
    COMMITTED,
    LINKED,
    MOST_EVENT_BYTES,
    MOST_FRAME_BYTES,
    MOST_INPUTS,
    MOST_SUBMISSION_BYTES,
    REJECTED,
    SUBMITTED,
    TOPICS,
    TRACKED,
    VALIDATED,
)
from shared.kafka.publisher import MAX_REQUEST_BYTES
from tests.contract.test_deploy_compose import TEXT

REALISTIC_BYTES = 110
"""Of an input's path."""


def test_a_merge_of_as_many_inputs_as_there_may_be_fits_with_room_to_spare() -> None:
    assert MOST_ENTRIES["input"] == MOST_INPUTS
    assert 3 * MOST_INPUTS * REALISTIC_BYTES < MOST_SUBMISSION_BYTES


def test_every_door_takes_the_same_submission() -> None:
    assert SUBMITTED.max_bytes == MOST_SUBMISSION_BYTES
    assert Limits().body_bytes == MOST_FRAME_BYTES == 2 * MOST_SUBMISSION_BYTES


def test_each_stage_has_room_to_say_again_what_was_submitted() -> None:
    assert {topic.max_bytes for topic in (VALIDATED, LINKED, TRACKED, COMMITTED)} == {MOST_EVENT_BYTES}
    assert REJECTED.max_bytes > MOST_EVENT_BYTES * 4 / 3


def test_kafka_takes_the_largest_event_of_every_topic() -> None:
    largest = max(int(topic.config()["max.message.bytes"]) for topic in TOPICS)
    assert largest <= MAX_REQUEST_BYTES <= MAX_MESSAGE_BYTES
    assert yaml.safe_load(TEXT)["services"]["kafka"]["environment"]["KAFKA_MESSAGE_MAX_BYTES"] == MAX_MESSAGE_BYTES


PAGES = Path(__file__).parents[2] / "docs"
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (PAGES / "operating.md").read_text(encoding="utf-8").partition("## Every limit")[2].splitlines()
    if line.startswith("| ") and "`" in line
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_limit_that_is_documented_is_there(row: list[str]) -> None:
    _limit, default, name, beyond, metric = row
    assert default
    assert beyond
    name = name.strip("`")
    if name.startswith("BEAMCAT_"):
        assert f"`{name}`" in (PAGES / "settings.md").read_text(encoding="utf-8")
    else:
        module, _, constant = name.rpartition(".")
        assert resolve_name(name) if hasattr(resolve_name(module), constant) else constant in _fields(module)
    assert metric == "none" or f"`{metric.strip('`')}`" in (PAGES / "metrics.md").read_text(encoding="utf-8")


def _fields(name: str) -> set[str]:
    """Of a dataclass, also those whose default is made for each."""
    return set(getattr(resolve_name(name), "__dataclass_fields__", ()))


def test_every_setting_that_bounds_is_among_the_limits() -> None:
    bounding = re.compile(r"BEAMCAT_\w*(?:BYTES_PER|CONNECTIONS_PER|QUESTIONS|AWAITED|HTTP_REQUESTS)\w*")
    named = set(bounding.findall((PAGES / "settings.md").read_text(encoding="utf-8")))
    assert named <= {row[2].strip("`") for row in ROWS}
