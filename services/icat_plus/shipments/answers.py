"""Parcels, shipments and sample sheets as ICAT+ has them. Pure.

MXCuBE takes the length of every `content`, so each is a list; and what is not known is left out.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any
from uuid import UUID

from pydantic.alias_generators import to_camel

from services.icat_plus.answers import Answer, Row, investigation_answer, time_text
from services.icat_plus.shipments.measured import measured_parcels
from services.icat_plus.shipments.tree import PlacedItem, ShipmentTree
from shared.events.declarations import DeclarationRow, ParcelStatusRow
from shared.events.identity import Identities, sample_number

FIRST_STATUS = "CREATED"
"""Of a parcel on which nobody has reported."""
TELLING = ("contains_dangerous_goods", "shipping_tracking_information", "return_tracking_information")
"""What becomes known with a report as well as with a declaration."""


@dataclass(frozen=True)
class ShipmentAnswers:
    """The things of one investigation as ICAT+ has them."""

    tree: ShipmentTree
    investigation: Row
    zone: tzinfo

    def parcels(self, samples: Iterable[Row] = ()) -> list[Answer]:
        """All parcels: those that were declared, and those that only datasets of these samples describe."""
        declared = [self.parcel(row) for row in self.tree.parcels.values()]
        measured = measured_parcels(self.tree, samples)
        return [*declared, *(parcel | self._investigation | {"statuses": []} for parcel in measured)]

    def parcel(self, row: DeclarationRow) -> Answer:
        """ICAT+'s `Parcel`, with `id` and `_id`: its model has both, and clients read either."""
        reports = self.tree.reports(row)
        body = dict(json.loads(row.body))
        for report in reports:
            if report.at > row.last.at:
                body |= {name: value for name, value in json.loads(report.body).items() if name in TELLING}
        status = reports[-1].status if reports else FIRST_STATUS
        return {
            "_id": row.id,
            "id": row.id,
            "shipmentId": row.parent,
            **self._investigation,
            **_camel(body),
            "status": status,
            "currentStatus": status,
            "statuses": [self._status(report) for report in reports],
            "content": [self._item(item, depth=1) for item in self.tree.content(row)],
            "createdAt": time_text(row.first.at, self.zone),
            "updatedAt": time_text(max((row.last.at, *(report.at for report in reports))), self.zone),
        }

    def shipment(self, row: DeclarationRow) -> Answer:
        """ICAT+'s `Shipment`."""
        return {
            "_id": row.id,
            "id": row.id,
            **self._investigation,
            **_camel(json.loads(row.body)),
            "parcels": [parcel.id for parcel in self.tree.parcels.values() if parcel.parent == row.id],
        }

    def sheets(self) -> dict[int, str]:
        """The acronyms of sample sheets by their numbers, and the names of samples that are of none."""
        own = {}
        for parcel in self.tree.parcels.values():
            for item, depth in self._within(parcel, 1):
                if "sample_id" not in item.body and _is_sample(item, depth):
                    own[self._own_sheet(item)] = item.body["name"]
        declared = {int(row.id): json.loads(row.body)["acronym"] for row in self.tree.of_kind("sheet")}
        return own | declared

    @property
    def _investigation(self) -> Answer:
        answer = investigation_answer(self.investigation, self.zone)
        return {"investigationId": answer["id"], "investigationName": answer["name"]}

    def _within(self, holder: DeclarationRow, depth: int) -> Iterable[tuple[PlacedItem, int]]:
        for item in self.tree.content(holder):
            yield item, depth
            yield from self._within(item.row, depth + 1)

    def _item(self, item: PlacedItem, depth: int) -> Answer:
        """ICAT+'s `Item`."""
        body = {"experiment_plan": [], "processing_plan": []} | dict(item.body)
        if "sample_id" not in body and _is_sample(item, depth):
            body["sample_id"] = self._own_sheet(item)
        content = [self._item(inner, depth + 1) for inner in self.tree.content(item.row)]
        return {"id": self.tree.ids[item.row.id], **_camel(body), "content": content}

    def _own_sheet(self, item: PlacedItem) -> int:
        """The sample's own number, which its datasets have as well."""
        investigation_id: UUID = self.investigation["investigation_id"]
        return sample_number(Identities.sample(investigation_id, item.body["name"]))

    def _status(self, report: ParcelStatusRow) -> Answer:
        """ICAT+'s `Status`."""
        at = time_text(report.at, self.zone)
        return {
            "_id": report.said.hex[:24],
            "status": report.status,
            "location": report.location,
            "createdBy": report.said_by,
            "createdAt": at,
            "updatedAt": at,
        }


def _is_sample(item: PlacedItem, depth: int) -> bool:
    """Whether MXCuBE takes it for a sample: it lies in a container, or says so."""
    return depth > 1 or "SAMPLE" in str(item.body["type"]).upper()


def _camel(said: Mapping[str, Any]) -> Answer:
    """In ICAT+'s letter case; an id within is written `_id` there."""
    return {to_camel(name): _camelled(value) for name, value in said.items()}


def _camelled(value: object) -> object:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_camelled(element) for element in value]
    if not isinstance(value, Mapping):
        return value
    return {"_id" if name == "id" else to_camel(name): _camelled(inner) for name, inner in value.items()}
