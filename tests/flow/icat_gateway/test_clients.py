"""What ICAT's client says, from its own encoder through every service to the catalogue."""

from typing import Any

import pytest

from shared.events.topics import COMMITTED, PENDING, REJECTED
from tests.builders.icat_messages import RAW, a_dataset, an_update, taken, translated
from tests.builders.pipeline import World

pytestmark = pytest.mark.flow

RESULT = RAW.replace("RAW_DATA", "PROCESSED_DATA") + "/autoPROC"
UPDATES = "icatUpdateDatasetMetadata"
COLLECTION = a_dataset(scanType="datacollection", MX_numberOfImages=900, MX_resolution=1.5)
PROCESSING = a_dataset(RESULT, scanType="integration", Process_program="autoPROC", input_datasets=[RAW])


def documents(world: World) -> list[dict[str, Any]]:
    """Every revision in the order of its commit."""
    return [event["document"] for event in world.said(COMMITTED.name) if event["document"]]


def reasons(world: World) -> list[str]:
    return [event["rejection"]["code"] for event in world.said(REJECTED.name)]


async def test_processing_that_arrives_before_its_collection_is_linked_when_that_is_registered() -> None:
    world = World()
    await world.send(*translated(PROCESSING))
    assert [event["pending"]["waits_for"] for event in world.said(PENDING.name)] == [[RAW]]
    await world.send(*translated(COLLECTION))
    assert world.committed() == [(RAW, 1), (RESULT, 1)]
    assert [each["path"] for each in documents(world)[1]["inputs"]] == [RAW]


async def test_a_message_that_is_sent_again_changes_nothing() -> None:
    world = World()
    for number in range(3):
        await world.send(*translated(COLLECTION, at=taken(number)))
    assert (world.committed(), reasons(world)) == ([(RAW, 1)], [])


async def test_a_correction_takes_the_place_of_what_was_wrong() -> None:
    world = World()
    wrong: dict[str, Any] = {
        "startDate": "2024-11-29T09:00:00+01:00",
        "MX_wavelength": 0.9,
        "scanType": "datacollection",
    }
    await world.send(*translated(a_dataset(MX_numberOfImages=900, **wrong)), *translated(COLLECTION))
    assert world.committed() == [(RAW, 1), (RAW, 2)]
    assert documents(world)[1]["start"] == "2024-11-30T09:00:00+01:00"
    assert "MX_wavelength" not in documents(world)[1]["parameters"]


async def test_the_wedges_of_a_characterisation_become_one_dataset_that_the_last_one_completes() -> None:
    world = World()
    wedge: dict[str, Any] = {"scanType": "characterisation", "MX_numberOfImages": 1, "complete": False}
    at_0 = a_dataset(**wedge, startDate="2024-11-30T09:00:10+01:00", MX_kappa=1.0)
    at_90 = a_dataset(**wedge, startDate="2024-11-30T09:00:20+01:00", MX_phi=1.0)
    last = a_dataset(**wedge | {"complete": True}, startDate="2024-11-30T09:00:30+01:00", MX_omega=2.0)
    await world.send(*translated(at_0), *translated(at_90), *translated(last))
    assert world.committed() == [(RAW, 1), (RAW, 2), (RAW, 3)]
    assert [each["complete"] for each in documents(world)] == [False, False, True]
    whole = documents(world)[-1]
    assert whole["parameters"].keys() >= {"MX_kappa", "MX_phi", "MX_omega"}
    assert whole["start"] == "2024-11-30T09:00:10+01:00"


async def test_an_update_of_the_sample_moves_the_dataset_and_back_again() -> None:
    world = World()
    await world.send(*translated(COLLECTION))
    for number, name in enumerate(("Rac1", "Fus_RAC1b", "Rac1")):
        await world.send(*translated(an_update(value=name), UPDATES, at=taken(number)))
    assert [each["sample"]["name"] for each in documents(world)] == ["Fus_RAC1b", "Rac1", "Fus_RAC1b", "Rac1"]
    first, last = documents(world)[0], documents(world)[-1]
    changed = {name for name in first if first[name] != last[name]}
    assert changed == {"parameters", "sample", "producer"}
    assert last["producer"] == {"software": UPDATES, "version": None, "machine": "192.0.2.7"}


async def test_an_update_of_a_dataset_that_waits_for_its_inputs_applies_when_they_came() -> None:
    world = World()
    await world.send(*translated(PROCESSING))
    update = an_update(RESULT, name="Process_note", value="a fine one")
    await world.send(*translated(update, UPDATES))
    assert world.committed() == []
    await world.send(*translated(COLLECTION))
    assert world.committed() == [(RAW, 1), (RESULT, 1), (RESULT, 2)]
    assert documents(world)[-1]["parameters"]["Process_note"]["value"] == "a fine one"


async def test_an_update_where_nothing_is_catalogued_is_rejected() -> None:
    world = World()
    await world.send(*translated(an_update(), UPDATES), *translated(COLLECTION))
    assert (reasons(world), world.committed()) == (["nothing_to_update"], [(RAW, 1)])


async def test_an_update_of_what_decides_the_kind_is_rejected() -> None:
    world = World()
    await world.send(*translated(COLLECTION), *translated(an_update(name="scanType", value="mesh"), UPDATES))
    assert (reasons(world), world.committed()) == (["dataset_invalid"], [(RAW, 1)])


async def test_a_proposal_is_one_proposal_in_every_message() -> None:
    world = World()
    said: dict[str, Any] = {"scanType": "datacollection", "MX_numberOfImages": 900, "MX_resolution": 1.5}
    for number, proposal in enumerate(("mx1111", "MX-1111", "mx 1111", "Mx_1111")):
        await world.send(*translated(a_dataset(proposal=proposal, **said), at=taken(number)))
    assert [each["proposal"] for each in documents(world)] == ["mx1111"]
    await world.send(*translated(an_update(proposal="MX-1111"), UPDATES))
    assert (len(documents(world)), reasons(world)) == (2, [])
    investigations = {each["investigation"]["investigation_id"] for each in documents(world)}
    assert len(investigations) == 1


async def test_an_update_takes_its_paths_as_one_text() -> None:
    world = World()
    other = RAW + "_2"
    await world.send(*translated(COLLECTION), *translated(a_dataset(other, scanType="datacollection")))
    await world.send(*translated(an_update(datasetPaths=f"{RAW},{other}"), UPDATES))
    assert (world.committed()[2:], reasons(world)) == ([(RAW, 2), (other, 2)], [])
