"""What was declared adds up to the same in any order, and items have ids that MXCuBE can tell apart."""

import json
import re
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.icat_plus.shipments.answers import ShipmentAnswers
from services.icat_plus.shipments.tree import DIGITS, ShipmentTree, shown_ids
from services.search.projections.facts import EventFacts
from services.search.projections.shipments.note import note_shipped
from shared.events.declarations import (
    Declared,
    declared_of,
    investigation_of,
    named,
    together,
)
from shared.events.headers import headers_of
from shared.events.identity import Identities
from shared.events.items import SAMPLE_NAME, shown_name
from shared.events.order import said_of
from shared.events.record import Message
from shared.events.shipments import ShipmentChanged, Shipping
from shared.events.topics import SHIPMENTS
from shared.events.wire import read
from tests.builders.search.records import IDENTITIES, NOON, Topics, investigation

INVESTIGATION = IDENTITIES.investigation("42")
SLOT = {**investigation(42).model_dump(), "name": "MX-1111", "started": NOON, "ended": None, "actual_started": None}


def shipping(happening: str, minute: int, **said: Any) -> Shipping:
    """Something that was said a while after noon."""
    about = {"investigation_id": "42", "proposal": "mx1111", "beamline": "ID30A-3"}
    at = (NOON + timedelta(minutes=minute)).isoformat()
    return ShipmentChanged.model_validate({"shipping": about | {"happening": happening, "at": at} | said}).shipping


def parcel(minute: int, content: list[Any] | None = None, **fields: Any) -> Shipping:
    said = {"name": "Dewar1"} | fields | ({} if content is None else {"content": content})
    return shipping("parcel_declared", minute, parcel=said)


def puck(name: str = "P1", place: int | None = None, samples: list[str] | None = None, **fields: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"name": name, "type": "CONTAINER_UNIPUCK"} | fields
    if place is not None:
        said["sample_changer_location"] = place
    if samples is not None:
        said["content"] = [
            {"name": one, "type": "SAMPLESHEET", "sample_container_position": str(at)}
            for at, one in enumerate(samples, 1)
        ]
    return said


def said(*words: Shipping) -> Declared:
    """All of it, in this order."""
    known = Declared()
    for word in words:
        value = word.model_dump_json().encode()
        known = together(known, declared_of(IDENTITIES, word, said_of("/test", "event", value)))
    return known


def shown(declared: Declared) -> list[dict[str, Any]]:
    """The parcels as they are answered."""
    return ShipmentAnswers(ShipmentTree(INVESTIGATION, declared), SLOT, ZoneInfo("Europe/Paris")).parcels()


def outline(content: list[dict[str, Any]]) -> list[Any]:
    """Names and places."""
    return [(one["name"], one.get("sampleChangerLocation"), *outline(one["content"])) for one in content]


PARCEL = IDENTITIES.thing(INVESTIGATION, "parcel", "", "Dewar1")
P1 = IDENTITIES.thing(INVESTIGATION, "item", PARCEL, "P1", 1)
P2 = IDENTITIES.thing(INVESTIGATION, "item", PARCEL, "P2", 1)


def item(minute: int, said: dict[str, Any], **where: Any) -> Shipping:
    return shipping("item_declared", minute, parcel_id=PARCEL, item=said, **where)


STORIES = {
    "what is in a parcel is said anew": (
        [parcel(1, [puck(samples=["a", "b"])]), parcel(2, [puck("P2", samples=["c"])])],
        [("P2", None, ("c", None))],
    ),
    "a parcel says nothing of what is in it": (
        [parcel(1, [puck(samples=["a"])]), parcel(2, comments="fragile")],
        [("P1", None, ("a", None))],
    ),
    "a puck is added and then loaded": (
        [parcel(1, []), item(2, puck(samples=["a"])), item(3, puck(place=4))],
        [("P1", 4, ("a", None))],
    ),
    "a puck takes another's place": (
        [parcel(1, [puck(place=4), puck("P2")]), item(2, puck("P2", place=4))],
        [("P2", 4), ("P1", None)],
    ),
    "a puck that was unloaded does not come back when its place is free again": (
        [parcel(1, [puck(place=4)]), item(2, puck("P2", place=4)), item(3, puck("P2"))],
        [("P1", None), ("P2", None)],
    ),
    "a puck is withdrawn with what is in it and declared again empty": (
        [parcel(1, [puck(samples=["a"])]), shipping("withdrawn", 2, subject="item", id=P1), item(3, puck())],
        [("P1", None)],
    ),
    "a sample is added to a puck": (
        [parcel(1, [puck(samples=["a"])]), item(2, {"name": "z", "type": "SAMPLESHEET"}, parent_id=P1)],
        [("P1", None, ("a", None), ("z", None))],
    ),
    "a parcel is withdrawn": (
        [parcel(1, [puck()]), shipping("withdrawn", 2, subject="parcel", id=PARCEL)],
        None,
    ),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_what_was_said_last_stands_in_whatever_order_it_arrives(story: tuple[list[Shipping], Any]) -> None:
    words, expected = story
    for order in permutations(words):
        parcels = shown(said(*order, *order[:1]))
        assert [outline(one["content"]) for one in parcels] == ([] if expected is None else [expected])
        assert parcels == shown(said(*words))


NAMES = st.sampled_from(["P1", "P2", "x1", "x2"])
PUCKS = st.lists(
    st.builds(puck, NAMES, st.none() | st.integers(1, 3), st.none() | st.lists(NAMES, max_size=3, unique=True)),
    max_size=3,
    unique_by=lambda one: one.get("sample_changer_location") or one["name"],
)
WORDS = st.lists(
    st.integers(0, 3).flatmap(
        lambda minute: st.one_of(
            st.builds(lambda content: parcel(minute, content), st.none() | PUCKS),
            st.builds(lambda one: item(minute, one), st.builds(puck, NAMES, st.none() | st.integers(1, 3))),
            st.builds(lambda id_: shipping("withdrawn", minute, subject="item", id=id_), st.sampled_from([P1, P2])),
            st.builds(
                lambda status: shipping("status_reported", minute, parcel_id=PARCEL, status={"status": status}),
                st.sampled_from(["SENT", "STORES"]),
            ),
        )
    ),
    max_size=8,
)


@given(WORDS, st.data())
def test_any_order_and_any_repetition_is_the_same_to_the_byte(words: list[Shipping], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(words)) + data.draw(
        st.lists(st.sampled_from(words), max_size=3) if words else st.just([])
    )
    assert said(*shuffled) == said(*words)
    assert json.dumps(shown(said(*shuffled))) == json.dumps(shown(said(*words)))


@given(WORDS)
def test_every_item_has_digits_of_its_own_and_a_list_of_what_is_in_it(words: list[Shipping]) -> None:
    digits = []
    unread = [one for parcel in shown(said(*words)) for one in parcel["content"]]
    while unread:
        one = unread.pop()
        assert len(one["id"]) == 24
        digits.append(int(one["id"], 16) % DIGITS)
        unread.extend(one["content"])
    assert len({0, *digits}) == len(digits) + 1


KEYS = st.integers(0, 3).map(lambda n: n * DIGITS + 7) | st.integers(0, 2**96 - 1)


@given(st.lists(KEYS.map(lambda n: f"{n:024x}"), unique=True, max_size=50))
def test_ids_that_people_bring_are_kept_where_their_digits_are_free(keys: list[str]) -> None:
    ids = shown_ids(keys)
    digits = [int(ids[key], 16) % DIGITS for key in keys]
    assert 0 not in digits
    assert len(set(digits)) == len(keys)
    assert all(len(one) == 24 for one in ids.values())
    for at, key in enumerate(keys):
        own = int(key, 16) % DIGITS
        assert (ids[key] == key) == (own != 0 and own not in digits[:at])
        assert shown_ids(keys[: at + 1])[key] == ids[key]


def test_an_item_keeps_its_id_when_another_is_declared_whose_digits_are_the_same() -> None:
    first, second = f"{7:024x}", f"{DIGITS + 7:024x}"
    before = shown(said(parcel(1, [puck(id=second)])))
    after = shown(said(parcel(1, [puck(id=second)]), item(2, puck("P2", id=first))))
    assert after[0]["content"][0]["id"] == before[0]["content"][0]["id"] == second
    assert int(after[0]["content"][1]["id"], 16) % DIGITS != 7


def test_of_two_samples_that_were_said_to_be_at_one_position_the_one_said_last_is() -> None:
    sample = {"name": "z", "type": "SAMPLESHEET", "sample_container_position": "01"}
    (one,) = shown(said(parcel(1, [puck(samples=["a", "b"])]), item(2, sample, parent_id=P1)))
    positions = {each["name"]: each.get("sampleContainerPosition") for each in one["content"][0]["content"]}
    assert positions == {"a": None, "b": "2", "z": "01"}


def test_an_event_names_an_investigation_by_the_user_offices_id_or_by_beamcats_own() -> None:
    opened = IDENTITIES.opened("mx1111", "id30a-3", NOON)
    assert named(IDENTITIES, INVESTIGATION, "42") == "42"
    for facility_id in (None, "43", f"urn:uuid:{UUID(int=0)}"):
        assert investigation_of(IDENTITIES, named(IDENTITIES, opened, facility_id)) == opened
    assert investigation_of(IDENTITIES, "urn:uuid:no") == IDENTITIES.investigation("urn:uuid:no")


def test_a_command_and_its_event_are_the_same_word() -> None:
    word = parcel(1, [puck(samples=["a"])])
    value = ShipmentChanged(shipping=word).model_dump_json(exclude_none=True).encode()
    headers = headers_of(SHIPMENTS, receipt_id="r", source="/beamcat/search", time=NOON.isoformat())
    record = Topics().published(SHIPMENTS, Message(SHIPMENTS.name, b"42", value, headers))
    received = read(record, SHIPMENTS, ShipmentChanged)
    (noted,) = note_shipped(IDENTITIES, [received], None, NOON)
    declared = declared_of(IDENTITIES, word, said_of(received.source, received.receipt_id, value))
    assert noted == EventFacts(declared.facts)


@given(st.text(max_size=40))
def test_a_shown_name_is_one_that_mxcube_takes(name: str) -> None:
    assert SAMPLE_NAME.fullmatch(shown_name(name))
    assert not SAMPLE_NAME.fullmatch(name) or shown_name(name) == name


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([puck(samples=["lyso 1"])], "'lyso 1' cannot be the name of a sample"),
        ([puck(place=1), puck("P2", place=1)], "1 already holds P1"),
        ([puck(samples=[f"s{n}" for n in range(17)])], "'17' is not a position of a CONTAINER_UNIPUCK"),
        ([{"name": "lyso 1", "type": "SAMPLESHEET"}], "cannot be the name of a sample"),
        ([puck(id="a" * 24), puck("P2", id="a" * 24)], "occurs twice"),
    ],
)
def test_an_event_that_breaks_a_law_is_refused(content: list[Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parcel(1, content)


def test_the_examples_of_the_docs_are_events_and_declare_what_they_show() -> None:
    page = (Path(__file__).parents[3] / "docs/icat-plus.md").read_text(encoding="utf-8")
    words = [
        ShipmentChanged.model_validate_json(one).shipping for one in re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    ]
    assert [word.happening for word in words] == ["sheet_declared", "parcel_declared", "item_declared"]
    where = IDENTITIES.investigation("4711")
    slot = SLOT | {"investigation_id": where, "number": 4711}
    showing = ShipmentAnswers(ShipmentTree(where, said(*words)), slot, ZoneInfo("Europe/Paris"))
    (one,) = showing.parcels()
    assert (one["investigationId"], one["status"]) == (4711, "SENT")
    assert outline(one["content"]) == [("HA012AJ01", 2, ("xtal101", None))]
    assert showing.sheets() == {90210: "Fus"}


def test_ids_follow_from_identity_alone() -> None:
    assert Identities.thing(INVESTIGATION, "parcel", "", "Dewar1") == PARCEL
    assert Identities.thing(INVESTIGATION, "parcel", "a", "b") != Identities.thing(INVESTIGATION, "parcel", "a, b")
    assert Identities.thing(IDENTITIES.investigation("43"), "parcel", "", "Dewar1") != PARCEL
