"""Parcels that only datasets describe, by the containers of their samples. Pure."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from services.icat_plus.answers import Answer, Row
from services.icat_plus.shipments.tree import ShipmentTree, shown_ids
from shared.events.identity import Identities
from shared.events.items import SAMPLE_NAME, THING_ID, shown_name

ContainerFields = Mapping[str, Any]
NAMES = ("id", "name", "parcel_id", "parcel_name")
"""The fields with which a dataset names a container and its parcel."""


def measured_parcels(tree: ShipmentTree, samples: Iterable[Row]) -> list[Answer]:
    """The parcels of samples of which neither the parcel nor the container was ever declared.

    No container is shown in a sample changer, because nobody declared it to be loaded. A sample has a name that MXCuBE
    can show, and `description` has the original name.
    """
    known = _known(tree)
    parcels: dict[str, Answer] = {}
    for sample in samples:
        container = json.loads(sample["container"] or "{}")
        name = container.get("parcel_id") or container.get("parcel_name")
        if not name or known & {container.get(field) for field in NAMES}:
            continue
        key = _key(tree.investigation_id, container.get("parcel_id"), "parcel", name)
        parcel = parcels.setdefault(key, _parcel(key, container.get("parcel_name") or name))
        _pack(tree.investigation_id, parcel, sample, container)
    _number(tree, parcels.values())
    return [parcels[key] for key in sorted(parcels, key=lambda key: (parcels[key]["name"], key))]


def _known(tree: ShipmentTree) -> set[str]:
    """The ids and names of everything that was ever declared. Datasets may use any of them."""
    parcels, items = tree.of_kind("parcel"), tree.of_kind("item")
    ids = {row.id for row in parcels}
    boxes = [row for row in items if row.parent in ids]
    names = {json.loads(row.body).get("name") for row in (*parcels, *boxes)} - {None}
    return ids | names | {row.id for row in items} | set(tree.keys)


def _parcel(key: str, name: str) -> Answer:
    return {"_id": key, "id": key, "name": name, "content": []}


def _pack(investigation_id: UUID, parcel: Answer, sample: Row, container: ContainerFields) -> None:
    """Put a sample into its container within a parcel."""
    content: list[Answer] = parcel["content"]
    name = container.get("name") or container.get("id")
    if name is not None:
        key = _key(investigation_id, container.get("id"), "container", parcel["id"], name)
        box = next((one for one in content if one["id"] == key), None)
        if box is None:
            box = {"id": key, "name": name, "type": container.get("type") or "CONTAINER", "content": []}
            content.append(box)
        content = box["content"]
    content.append(_sample(investigation_id, parcel["id"], sample, container.get("position")))


def _sample(investigation_id: UUID, parcel: str, sample: Row, position: str | None) -> Answer:
    name = sample["name"]
    answer = {
        "id": Identities.thing(investigation_id, "told", parcel, str(sample["sample_id"])),
        "name": name if SAMPLE_NAME.fullmatch(name) else shown_name(name),
        "type": "SAMPLESHEET",
        "sampleId": sample["sample_number"],
        "experimentPlan": [],
        "processingPlan": [],
        "content": [],
    }
    if answer["name"] != name:
        answer["description"] = name
    if position is not None:
        answer["sampleContainerPosition"] = position
    return answer


def _number(tree: ShipmentTree, parcels: Iterable[Answer]) -> None:
    """Give items ids with unique last digits. Declared items choose first."""
    items = [item for parcel in parcels for box in parcel["content"] for item in (box, *box["content"])]
    shown = shown_ids([*(row.id for row in tree.of_kind("item")), *sorted(item["id"] for item in items)])
    for item in items:
        item["id"] = shown[item["id"]]


def _key(investigation_id: UUID, given: str | None, kind: str, *names: str) -> str:
    """The id from the dataset, if it has the form of ICAT+'s ids, or else one derived from the names."""
    return given if given and THING_ID.fullmatch(given) else Identities.thing(investigation_id, "told", kind, *names)
