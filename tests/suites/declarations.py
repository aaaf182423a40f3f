"""The contract of known declarations, both those that search has read and those that were published here."""

from collections.abc import Collection
from typing import Any, Protocol
from uuid import UUID

from shared.events.declarations import Declared, declared_of
from shared.events.order import said_of
from shared.events.shipments import ShipmentChanged
from tests.builders.search.records import IDENTITIES, NOON

HERE, ELSEWHERE = IDENTITIES.investigation("42"), IDENTITIES.investigation("43")


def word(happening: str, investigation: str = "42", beamline: str = "ID30A-3", **said: Any) -> Declared:
    """The declaration of one event."""
    about = {"investigation_id": investigation, "proposal": "mx1111", "beamline": beamline, "at": NOON.isoformat()}
    event = ShipmentChanged.model_validate({"shipping": about | {"happening": happening} | said})
    return declared_of(IDENTITIES, event.shipping, said_of("/test", "e", event.model_dump_json().encode()))


def parcel(investigation: str = "42", **fields: Any) -> Declared:
    puck = {"name": "P1", "type": "UNIPUCK", "sample_changer_location": 4, "content": []}
    return word("parcel_declared", investigation, parcel={"name": "Dewar1", "content": [puck]} | fields)


class Known(Protocol):
    """Declarations under test."""

    async def note(self, declared: Declared) -> None:
        """Note a declaration."""

    async def of(self, investigations: Collection[UUID], beamlines: Collection[str] = ()) -> Declared:
        """The declarations for investigations, and what was loaded last there and at beamlines."""

    async def holding(self, kind: str, id_: str | None) -> Collection[UUID]:
        """The investigations that have this thing, or anything of the kind."""


class DeclarationsSuite:
    async def test_what_is_noted_twice_is_known_once(self, declarations: Known) -> None:
        report = word("status_reported", parcel_id="0" * 24, status={"status": "SENT", "location": "stores"})
        for said in (parcel(), report, parcel(), report):
            await declarations.note(said)
        known = await declarations.of([HERE])
        assert [(row.kind, row.removed) for row in known.things] == [("item", False), ("parcel", False)]
        assert [(row.beamline, row.location) for row in known.places] == [("id30a-3", 4)]
        assert [(row.status, row.location) for row in known.statuses] == [("SENT", "stores")]

    async def test_of_a_beamline_the_places_of_all_investigations_are_known(self, declarations: Known) -> None:
        await declarations.note(parcel("43"))
        assert await declarations.of([HERE]) == Declared()
        assert [row.investigation_id for row in (await declarations.of([HERE], ["id30a-3"])).places] == [ELSEWHERE]

    async def test_things_of_one_id_in_two_investigations_are_two(self, declarations: Known) -> None:
        for investigation in ("42", "43"):
            await declarations.note(parcel(investigation, id="a" * 24, comments=investigation))
        assert set(await declarations.holding("parcel", "a" * 24)) == {HERE, ELSEWHERE}
        assert set(await declarations.holding("parcel", None)) == {HERE, ELSEWHERE}
        assert list(await declarations.holding("shipment", None)) == []
        (one,) = (row for row in (await declarations.of([ELSEWHERE])).things if row.kind == "parcel")
        assert "43" in one.body
