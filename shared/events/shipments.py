"""Events about shipments and parcels, in the form of ICAT+."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from shared.events.items import MOST_ITEMS, Item, Line, Text, ThingId, tree_faults
from shared.events.sections import Moment, Name, Section


class Address(Section):
    """A person's address, as ICAT+ has it."""

    id: Line | None = None
    name: Name
    surname: Line | None = None
    company_name: Line | None = None
    address: Text | None = None
    city: Line | None = None
    region: Line | None = None
    postal_code: Line | None = None
    country: Line | None = None
    email: Line | None = None
    phone_number: Line | None = None
    default_courier_account: Line | None = None
    default_courier_company: Line | None = None


class Consignment(Section):
    """The data by which a parcel can be tracked."""

    id: Line | None = None
    tracking_number: Line | None = None
    forwarder: Line | None = None


class ReturnParcel(Section):
    """The data that are needed to send a parcel back."""

    id: Line | None = None
    return_type: Name
    forwarder_name: Line | None = None
    forwarder_account: Line | None = None
    planned_pickup_date: Line | None = None


class Shipment(Section):
    """Parcels that travel together."""

    id: ThingId | None = Field(
        default=None, description="without it, the id is derived from the investigation and the name"
    )
    name: Name
    default_shipping_address: Address | None = None
    default_return_address: Address | None = None


class Parcel(Section):
    """A box that travels, with everything in it."""

    id: ThingId | None = Field(default=None, description="without it, the id is derived from the shipment and the name")
    shipment_id: ThingId | None = None
    name: Name
    type: Line | None = None
    description: Text | None = None
    comments: Text | None = None
    storage_conditions: Text | None = None
    contains_dangerous_goods: bool | None = None
    is_reimbursed: bool | None = None
    reimbursed_customs_value: FiniteFloat | None = None
    return_instructions: Text | None = None
    return_parcel_information: ReturnParcel | None = None
    shipping_address: Address | None = None
    return_address: Address | None = None
    shipping_tracking_information: Consignment | None = None
    return_tracking_information: Consignment | None = None
    content: list[Item] | None = Field(default=None, max_length=MOST_ITEMS, description="absent: unchanged")


class ParcelStatus(Section):
    """The status of a parcel on its way, and what was learned with it."""

    status: Name
    location: Line | None = None
    contains_dangerous_goods: bool | None = None
    shipping_tracking_information: Consignment | None = None
    return_tracking_information: Consignment | None = None


class SampleSheet(Section):
    """A sample sheet of the user office, to which samples may belong."""

    id: int = Field(ge=0, lt=2**53, description="`sample_id` of items refers to it")
    acronym: Name


class ShippingEvent(Section):
    """The common fields of all events: investigation, author and time."""

    investigation_id: Name = Field(
        description="the user office's id; `urn:uuid:` and beamcat's own for one that the user office did not announce"
    )
    proposal: Name
    beamline: Name
    at: Moment
    said_by: Name | None = Field(default=None, description="the name of the grant, if it came over HTTP")


class ShipmentDeclared(ShippingEvent):
    """A shipment was declared."""

    happening: Literal["shipment_declared"] = "shipment_declared"
    shipment: Shipment


class ParcelDeclared(ShippingEvent):
    """A parcel was declared. If it has `content`, everything else that was in it is removed."""

    happening: Literal["parcel_declared"] = "parcel_declared"
    parcel: Parcel
    status: Name | None = None

    @model_validator(mode="after")
    def _is_lawful(self) -> Self:
        _refuse_unlawful(self.parcel.content or (), top=True)
        return self


class ItemDeclared(ShippingEvent):
    """An item in a parcel was declared. `content` works as for a parcel."""

    happening: Literal["item_declared"] = "item_declared"
    parcel_id: ThingId
    parent_id: ThingId | None = Field(
        default=None, description="the item in which it is; absent: it is in the parcel itself"
    )
    item: Item

    @model_validator(mode="after")
    def _is_lawful(self) -> Self:
        _refuse_unlawful([self.item], top=self.parent_id is None)
        return self


class StatusReported(ShippingEvent):
    """The status of a parcel was reported: for example seen, approved or sent."""

    happening: Literal["status_reported"] = "status_reported"
    parcel_id: ThingId
    status: ParcelStatus


class SheetDeclared(ShippingEvent):
    """A sample sheet was declared."""

    happening: Literal["sheet_declared"] = "sheet_declared"
    sheet: SampleSheet


class Withdrawn(ShippingEvent):
    """A shipment, parcel or item was withdrawn, with everything in it."""

    happening: Literal["withdrawn"] = "withdrawn"
    subject: Literal["shipment", "parcel", "item"]
    id: ThingId


Shipping = ShipmentDeclared | ParcelDeclared | ItemDeclared | StatusReported | SheetDeclared | Withdrawn


class ShipmentChanged(Section):
    """Something that travels to a beamline was declared, changed, reported on its way or withdrawn."""

    shipping: Annotated[Shipping, Field(discriminator="happening")]


def _refuse_unlawful(items: Sequence[Item], *, top: bool) -> None:
    if faults := tree_faults(items, top=top):
        raise ValueError("; ".join(f"{field}: {message}" for field, message in faults[:10]))
