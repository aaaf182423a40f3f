"""Items of parcels as portals hand them over."""

from collections.abc import Mapping, Sequence

import pytest

from shared.events.items import MOST_DEPTH, Item, tree_faults

Plain = Mapping[str, object]


@pytest.mark.parametrize(("said", "position"), [(7, "7"), (7.0, "7"), ("07", "07"), ("A1", "A1"), (None, None)])
def test_a_position_may_be_a_number(said: object, position: str | None) -> None:
    item = Item.model_validate({"name": "x1", "type": "SAMPLESHEET", "sample_container_position": said})
    assert item.sample_container_position == position


@pytest.mark.parametrize("said", [True, 1.5, [1], ""])
def test_what_is_no_position_is_refused(said: object) -> None:
    with pytest.raises(ValueError, match="sample_container_position"):
        Item.model_validate({"name": "x1", "type": "SAMPLESHEET", "sample_container_position": said})


def puck(*samples: Plain, **said: object) -> Plain:
    return {"name": "puck", "type": "UNIPUCK", "content": list(samples), **said}


def sample(name: str = "x1", **said: object) -> Plain:
    return {"name": name, "type": "SAMPLESHEET", **said}


def nested(depth: int) -> Plain:
    return sample() if depth == 0 else {"name": f"box{depth}", "type": "BOX", "content": [nested(depth - 1)]}


@pytest.mark.parametrize(
    ("items", "where"),
    [
        ([puck(sample(sample_container_position=16))], None),
        ([puck(sample(sample_container_position=17))], "content.0.content.0.sample_container_position"),
        (
            [puck(sample(sample_container_position=7), sample("x2", sample_container_position="07"))],
            "content.0.content.1.sample_container_position",
        ),
        ([puck(sample_changer_location=3), puck(sample_changer_location=4)], None),
        ([puck(sample_changer_location=3), puck(sample_changer_location=3)], "content.1.sample_changer_location"),
        ([puck(sample(sample_changer_location=3))], "content.0.content.0.sample_changer_location"),
        ([puck(sample("no blank"))], "content.0.content.0.name"),
        ([puck(sample(id="0" * 24), sample("x2", id="0" * 24))], "content.0.content.0.id"),
        ([nested(MOST_DEPTH - 1)], None),
        ([nested(MOST_DEPTH)], "content.0" + MOST_DEPTH * ".content.0"),
    ],
)
def test_a_fault_in_a_tree_of_items_is_found_where_it_is(items: Sequence[Plain], where: str | None) -> None:
    faults = tree_faults([Item.model_validate(item) for item in items], top=True)
    assert next((fault.field for fault in faults), None) == where
