"""Items of parcels as portals hand them over."""

import pytest

from shared.events.items import Item


@pytest.mark.parametrize(("said", "position"), [(7, "7"), (7.0, "7"), ("07", "07"), ("A1", "A1"), (None, None)])
def test_a_position_may_be_a_number(said: object, position: str | None) -> None:
    item = Item.model_validate({"name": "x1", "type": "SAMPLESHEET", "sample_container_position": said})
    assert item.sample_container_position == position


@pytest.mark.parametrize("said", [True, 1.5, [1], ""])
def test_what_is_no_position_is_refused(said: object) -> None:
    with pytest.raises(ValueError, match="sample_container_position"):
        Item.model_validate({"name": "x1", "type": "SAMPLESHEET", "sample_container_position": said})
