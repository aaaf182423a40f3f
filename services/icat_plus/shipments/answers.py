"""Parcels, shipments and sample sheets in ICAT+'s form. Pure.

Every `content` is a list, because MXCuBE takes its length. Unknown values are left out.
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
"""The status of a parcel without reports."""
REPORTABLE = ("contains_dangerous_goods", "shipping_tracking_information", "return_tracking_information")
"""The fields that a report or a declaration may give."""


@dataclass(frozen=True)
class ShipmentAnswers:
    """The shipments of one investigation in ICAT+'s form."""

    tree: ShipmentTree
    investigation: Row
    zone: tzinfo

    def parcels(self, samples: Iterable[Row] = ()) -> list[Answer]:
        """All parcels: the declared ones, and those that only datasets of these samples describe."""
        declared = [self.parcel(row) for row in self.tree.parcels.values()]
        measured = measured_parcels(self.tree, samples)
        return [*declared, *(parcel | self._investigation | {"statuses": []} for parcel in measured)]

    def parcel(self, row: DeclarationRow) -> Answer:
        """ICAT+'s `Parcel`. It has `id` and `_id`, because the model has both and clients read either."""
        reports = self.tree.reports(row)
        body = dict(json.loads(row.body))
        for report in reports:
            if report.at > row.last.at:
                body |= {name: value for name, value in json.loads(report.body).items() if name in REPORTABLE}
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
        """The acronyms of sample sheets by number, and the names of samples without a sheet."""
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
        """The sample's own number, which its datasets have, too."""
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
    """Whether an item is a sample for MXCuBE: it is in a container, or has the type of a sample."""
    return depth > 1 or "SAMPLE" in str(item.body["type"]).upper()


def _camel(fields: Mapping[str, Any]) -> Answer:
    """The fields in ICAT+'s letter case. An inner id is written `_id`."""
    return {to_camel(name): _camelled(value) for name, value in fields.items()}


def _camelled(value: object) -> object:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_camelled(element) for element in value]
    if not isinstance(value, Mapping):
        return value
    return {"_id" if name == "id" else to_camel(name): _camelled(inner) for name, inner in value.items()}
